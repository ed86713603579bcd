"""What the containers of an environment say: from where, and what is new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from appdp.engine.deploy.log_streams import stream_of
from appdp.engine.deploy.manifests import read_all, read_deployer
from appdp.engine.log_events import LogEvents
from appdp.engine.ports import Ports
from appdp.errors import NotFound
from appdp.model.environment import ServiceManifest
from appdp.model.handoff import services_path

LATE_SECONDS: Final = 30.0
"""How late a line may come in: what is older than this, below the newest line, is not looked for any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSource:
    """One container of a service, with the beginning of the names of its streams."""

    service: str
    container: str
    group: str
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line. ``task`` is the task's id; ``at`` is in seconds since the epoch."""

    at: float
    service: str
    container: str
    task: str
    message: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def log_sources(application: str, environment: str, service: str | None, ports: Ports) -> tuple[LogSource, ...]:
    """The containers that log with awslogs, of one service or of all, by the task definitions that run now.

    Raises:
        NotFound: there is no such environment or service; lists those that there are.
    """
    read_deployer(application, environment, ports)
    manifests = read_all(services_path(application, environment), ServiceManifest.from_json, ports)
    wanted = [manifest for manifest in manifests if service in (None, manifest.name)]
    if service is not None and not wanted:
        raise NotFound("service", service, tuple(manifest.name for manifest in manifests))
    live = ports.services.describe([(manifest.cluster, manifest.service) for manifest in wanted])
    return tuple(
        source
        for manifest in wanted
        if manifest.service in live
        for source in _sources(manifest.name, live[manifest.service].task_definition, ports)
    )


def _sources(service: str, task_definition: str, ports: Ports) -> Iterator[LogSource]:
    for container in ports.task_definitions.read(task_definition)["containerDefinitions"]:
        stream = stream_of(container)
        if stream is not None:
            group, prefix = stream
            name = container["name"]
            yield LogSource(service=service, container=name, group=group, prefix=f"{prefix}/{name}/")


class LogReader:
    """Reads what is new, each line once.

    Args:
        sources: where to read.
        events: CloudWatch Logs.
        since: from when on, in seconds since the epoch.
    """

    def __init__(self, sources: tuple[LogSource, ...], events: LogEvents, since: float) -> None:
        self._sources = sources
        self._events = events
        self._since = dict.fromkeys(sources, since)
        self._seen: dict[LogSource, dict[str, float]] = {source: {} for source in sources}

    def new(self) -> list[LogLine]:
        """The lines that were not read yet, oldest first."""
        lines = [line for source in self._sources for line in self._new(source)]
        return sorted(lines, key=lambda line: line.at)

    def _new(self, source: LogSource) -> Iterator[LogLine]:
        seen = self._seen[source]
        for event in self._events.since(source.group, source.prefix, self._since[source]):
            if event.id not in seen:
                seen[event.id] = event.at
                yield LogLine(
                    at=event.at,
                    service=source.service,
                    container=source.container,
                    task=event.stream.removeprefix(source.prefix),
                    message=event.message,
                )
        if seen:
            # A little of what is known is read again, because lines of several tasks come in out of order.
            self._since[source] = max(self._since[source], max(seen.values()) - LATE_SECONDS)
            self._seen[source] = {id: at for id, at in seen.items() if at >= self._since[source]}
