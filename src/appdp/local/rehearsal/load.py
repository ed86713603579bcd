"""The load generator, seen from the rehearsal: what it is told, how it is started, what it hands back.

The generator itself is a process of its own (:mod:`appdp.local.rehearsal.sender`), so that neither the
display nor the observers can make it late.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias

from appdp.errors import LocalError

NO_ANSWER: Final = 0
"""The status of a request that got no HTTP answer."""
TIMEOUT_SECONDS: Final = 10.0
"""How long a request may take before it counts as failed, without an answer."""

Row: TypeAlias = tuple[float, float, int, str, int]
"""One request: when it was due, seconds until its answer, index of its target, release (or ``""``), status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where requests go: a service's path on the production or the test listener."""

    service: str
    url: str
    test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to send. ``rate`` is in requests per second over all production targets together."""

    targets: tuple[Target, ...]
    rate: float
    release_pattern: str

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Order:
        """The inverse of :meth:`to_json`."""
        data: dict[str, Any] = json.loads(line)
        data["targets"] = tuple(Target(**target) for target in data["targets"])
        return cls(**data)


class LoadGenerator:
    """A running load generator. Use it as a context manager: leaving it ends the process, whatever happened.

    Args:
        order: what to send.
        environment: environment variables of the process; nothing of the user's own is needed.
        keep: takes the rows as they come, on a thread of the generator's own.
    """

    def __init__(self, order: Order, environment: Mapping[str, str], keep: Callable[[list[Row]], None]) -> None:
        self._order = order
        self._keep = keep
        self._sent: int | None = None
        self._received = 0
        self.started_at = time.time()
        self.ended_at = self.started_at
        self._process = subprocess.Popen(
            [sys.executable, "-m", "appdp.local.rehearsal.sender"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=dict(environment),
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, name="load-reader", daemon=True)

    def __enter__(self) -> LoadGenerator:
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        self._reader.start()
        self._process.stdin.write(self._order.to_json() + "\n")
        self._process.stdin.flush()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()

    def finish(self) -> int:
        """Stop sending, wait for the answers under way, and return how many requests were sent.

        Raises:
            LocalError: the generator ended early, or what it sent is not what came back.
        """
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        try:
            self._process.stdin.close()
            self._process.wait(timeout=2 * TIMEOUT_SECONDS)
        except (BrokenPipeError, subprocess.TimeoutExpired) as error:
            raise LocalError("The load generator did not end well, so its figures are worth nothing.") from error
        self._reader.join()
        if self._sent is None or self._sent != self._received:
            raise LocalError(
                f"The load generator sent {self._sent} requests and accounted for {self._received}.",
                hint="Its messages are above; start again.",
            )
        return self._sent

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        for line in self._process.stdout:
            message = json.loads(line)
            if "started" in message:
                self.started_at = message["started"]
            elif "sent" in message:
                self._sent, self.ended_at = message["sent"], message["stopped"]
            else:
                self._received += len(message["rows"])
                self._keep(message["rows"])
