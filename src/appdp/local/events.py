"""The default event bus, as our own services see it."""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any

from appdp.local.wire import Caller

_LOG = logging.getLogger(__name__)


class QueuedEvents:
    """Hands events to ``put``, in order, on a thread of its own: emitting never waits for the rules' targets.

    Args:
        put: puts one PutEvents entry on the bus, for a caller.
        caller: the account and region of all events.
    """

    def __init__(self, put: Callable[[Caller, Mapping[str, Any]], None], caller: Caller) -> None:
        self._put = put
        self._caller = caller
        self._queue: queue.SimpleQueue[Mapping[str, Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="appdp-events", daemon=True)
        self._thread.start()

    def emit(self, source: str, detail_type: str, detail: Mapping[str, Any], resources: tuple[str, ...]) -> None:
        """Put one event of an AWS service."""
        entry = {
            "Source": source,
            "DetailType": detail_type,
            "Detail": json.dumps(detail, default=str),
            "Resources": list(resources),
        }
        self._queue.put(entry)

    def close(self) -> None:
        """Put what is queued, then end."""
        self._queue.put(None)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while (entry := self._queue.get()) is not None:
            try:
                self._put(self._caller, entry)
            except Exception:  # noqa: BLE001 - a rule's target that fails must not end the bus
                _LOG.exception("The event %s was lost", entry["DetailType"])
