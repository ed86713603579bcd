"""A wire between an engine and its ports: says who wrote what and when, and can fail, lag or cut any call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final

from appdp.engine.ports import Ports
from appdp.errors import RemoteError, Throttled
from tests.fakes.interruptions import Killed
from tests.fakes.parameters import FakeParameters


class Fault(StrEnum):
    """What may happen to one call of a step, or to a whole step."""

    NONE = "none"
    THROTTLED = "throttled"
    BROKEN = "5xx"
    TIMEOUT = "timeout after success"
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    STALE = "stale reads"
    STALE_PARAMETERS = "stale parameters"


@dataclass(frozen=True, slots=True)
class Write:
    """One write that reached AWS. ``about`` is a parameter's name, a service's ARN, a tag or an event."""

    at: float
    by: str
    call: str
    about: str
    value: Any = None
    late: bool = False
    """The one call that was on its way when its caller was frozen."""


WRITES: Final[dict[str, Callable[[tuple[Any, ...], dict[str, Any]], tuple[str, Any]]]] = {
    "services.update": lambda args, more: (args[1], more["task_definition"]),
    "services.set_desired_count": lambda args, more: (args[1], args[2]),
    "services.stop": lambda args, more: (args[0], None),
    "services.open_gate": lambda args, more: (args[0], None),
    "jobs.run": lambda args, more: (args[0]["startedBy"], None),
    "jobs.stop": lambda args, more: (args[1], None),
    "schedules.update": lambda args, more: (args[0]["Name"], None),
    "task_definitions.register": lambda args, more: (args[0]["family"], None),
    "registry.move_tag": lambda args, more: (args[2], more["digest"]),
    "parameters.create": lambda args, more: (args[0], args[1]),
    "parameters.put": lambda args, more: (args[0], args[1]),
    "parameters.delete": lambda args, more: (args[0], None),
    "events.put": lambda args, more: (args[0], None),
}
"""Calls that change something → what to note of them."""

LAGGING = frozenset(
    {
        "services.describe",
        "services.newest_deployments",
        "services.deployments",
        "services.revisions",
        "tasks.of_service",
        "targets.health",
    }
)
"""Reads that AWS answers from replicas which are a little behind.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/Welcome.html (eventual consistency)
"""

PARAMETERS = frozenset({"parameters.get", "parameters.under", "parameters.history"})
"""Reads that Parameter Store answers from copies which are a little behind; creating a parameter is not one.

See: https://github.com/aws/aws-cdk-cli/pull/830
"""

LAG_SECONDS = 2
"""Less than what a step waits before it is tried again, so that sees what it wrote before."""


class Wire:
    """Ports of one engine that share what was written and what was read with those of the others.

    Args:
        by: the engine's name in what it writes.
        written: where writes go.
        read: newest answer of every lagging read → when it was given; shared, like a replica.
    """

    def __init__(self, by: str, ports: Ports, written: list[Write], read: dict[str, tuple[float, Any]]) -> None:
        self._by = by
        self._clock = ports.clock
        self._written = written
        self._read = read
        self._calls = 0
        self._fault, self._at = Fault.NONE, 0
        self._meanwhile: Callable[[], None] | None = None
        self._in_flight = False
        assert isinstance(ports.parameters, FakeParameters)
        self._behind = ports.parameters.behind(LAG_SECONDS)
        self.on_write: Callable[[Write], None] = lambda write: None
        wrapped: dict[str, Any] = {
            field.name: ports.clock if field.name == "clock" else _Port(self, field.name, getattr(ports, field.name))
            for field in fields(ports)
        }
        self.ports = Ports(**wrapped)

    def plan(self, fault: Fault, at: int) -> None:
        """What happens at call number ``at`` (from 1) of the step that comes; the rest of the step is undisturbed."""
        self._calls, self._fault, self._at = 0, fault, at
        self._meanwhile = None

    def freeze(self, at: int, meanwhile: Callable[[], None], *, in_flight: bool) -> None:
        """The step that comes stands still at call number ``at`` while others act, then goes on.

        Args:
            at: the call, from 1.
            meanwhile: what the others do.
            in_flight: whether the call is on its way to AWS, or over.
        """
        self.plan(Fault.NONE, at)
        self._meanwhile, self._in_flight = meanwhile, in_flight

    def call(self, name: str, method: Callable[..., Any], *args: Any, **more: Any) -> Any:  # noqa: ANN401  # any port
        """One call."""
        self._calls += 1
        hit = self._calls == self._at
        late = hit and self._meanwhile is not None and self._in_flight
        if hit:
            self._before(name)
        if name in PARAMETERS and self._fault is Fault.STALE_PARAMETERS:
            method = getattr(self._behind, name.partition(".")[2])
        answer = self._lagging(name, method, args, more) if name in LAGGING else method(*args, **more)
        if name in WRITES and answer is not False:
            about, value = WRITES[name](args, more)
            write = Write(self._clock.now(), self._by, name, about, value, late)
            self._written.append(write)
            self.on_write(write)
        if hit:
            self._after(name)
        return answer

    def _lagging(
        self,
        name: str,
        method: Callable[..., Any],
        args: tuple[Any, ...],
        more: dict[str, Any],
    ) -> Any:  # noqa: ANN401  # what the port's method gives
        key, now = f"{name} {args} {more}", self._clock.now()
        at, known = self._read.get(key, (0.0, None))
        if self._fault is Fault.STALE and now - at <= LAG_SECONDS:
            return known
        answer = method(*args, **more)
        self._read[key] = now, answer
        return answer

    def _before(self, name: str) -> None:
        if self._meanwhile is not None and self._in_flight:
            self._meanwhile()
        if self._fault is Fault.KILLED_BEFORE:
            raise Killed(name)
        if self._fault is Fault.THROTTLED:
            raise Throttled(f"{name}: slow down", code="ThrottlingException")
        if self._fault is Fault.BROKEN:
            raise RemoteError(f"{name}: broken", code="InternalServerError")

    def _after(self, name: str) -> None:
        if self._meanwhile is not None and not self._in_flight:
            self._meanwhile()
        if self._fault is Fault.KILLED_AFTER:
            raise Killed(name)
        if self._fault is Fault.TIMEOUT:
            raise RemoteError(f"{name}: no answer", code="")


class _Port:
    def __init__(self, wire: Wire, name: str, port: object) -> None:
        self._wire, self._name, self._port = wire, name, port

    def __getattr__(self, method: str) -> Callable[..., Any]:
        real, wire, name = getattr(self._port, method), self._wire, f"{self._name}.{method}"

        def call(*args: Any, **more: Any) -> Any:  # noqa: ANN401  # any port
            return wire.call(name, real, *args, **more)

        setattr(self, method, call)
        return call
