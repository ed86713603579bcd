"""Amazon EventBridge's default bus."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from appdp.aws.errors import THROTTLED, translated
from appdp.errors import RemoteError, Throttled
from appdp.model.handoff import EVENT_SOURCE

if TYPE_CHECKING:
    from appdp.aws.session import Session


class EventBridgeEvents:
    """Implements :class:`appdp.engine.ports.Events`. Needs ``events:PutEvents`` on the default bus."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @translated("events")
    def put(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        """Put one event with source ``appdp``."""
        answer = self._session.events.put_events(
            Entries=[{"Source": EVENT_SOURCE, "DetailType": detail_type, "Detail": json.dumps(dict(detail))}]
        )
        # A refused entry is not an error of the call: it is told inside a successful answer.
        if answer.get("FailedEntryCount", 0):
            entry = answer["Entries"][0]
            code, said = entry.get("ErrorCode", ""), entry.get("ErrorMessage", "")
            kind = Throttled if code in THROTTLED else RemoteError
            raise kind(f"EventBridge did not take the event {detail_type!r} ({code}): {said}", code=code)
