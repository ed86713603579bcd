"""What ECS needs of the thing that runs containers, as a Protocol.

Two implementations: :mod:`.docker_runtime` runs real containers, :mod:`.simulated_runtime` plays them in this process.
Everything is called on the event loop; an implementation that blocks goes to threads by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from appdp.local.wire import Address


class PullFailure(Exception):
    """The image could not be pulled; the text is the registry's."""


class StartFailure(Exception):
    """The container could not be created or started; the text is the container engine's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """A container health check. ``test`` is in Docker's form: ``("CMD-SHELL", "wget -q …")``. Times are in seconds."""

    test: tuple[str, ...]
    interval: float = 30
    timeout: float = 5
    retries: int = 3
    start_period: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerOrder:
    """One container to start.

    Args:
        task: id of the task, 32 hexadecimal digits.
        service: name of the service, or of the task definition's family; only for people who look at ``docker ps``.
        name: container name in the task definition.
        image: reference to start it from, already pulled.
        publish: container ports to publish on loopback; empty when it joins another container's network.
        network_of: id of the container whose network it joins; None for a network of its own.
        on_line: receives every line that it writes, in order, from any thread; None when nobody reads its log.
    """

    task: str
    service: str
    name: str
    image: str
    entry_point: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    working_directory: str | None = None
    user: str | None = None
    read_only: bool = False
    init: bool = False
    memory_mib: int | None = None
    cpu_units: int | None = None
    health_check: HealthCheck | None = None
    publish: tuple[int, ...] = ()
    network_of: str | None = None
    on_line: Callable[[str], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A container that was started. ``addresses`` maps container port → where it is published."""

    id: str
    addresses: Mapping[int, Address]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How a container ended. ``reason`` is ECS's text for it, empty when there is nothing to say."""

    code: int
    reason: str = ""


class ContainerRuntime(Protocol):
    """Runs containers."""

    async def pull(self, image: str) -> None:
        """Make ``image`` startable. Raises :class:`PullFailure`."""

    async def start(self, order: ContainerOrder) -> Started:
        """Create and start a container. Raises :class:`StartFailure`."""

    async def wait(self, container: str) -> Exit:
        """Return when the container has ended and its last line was delivered. May be called again, and by several."""

    def health(self, container: str) -> str:
        """``HEALTHY``, ``UNHEALTHY`` or ``UNKNOWN``, as of now."""

    async def stop(self, container: str, timeout_seconds: float) -> None:
        """SIGTERM, then SIGKILL after ``timeout_seconds``; returns when it has ended. Ended already is not an error."""

    async def remove(self, container: str) -> None:
        """Remove a container. Gone already is not an error."""

    async def close(self) -> None:
        """Remove every container that this runtime started, whatever its state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Simulated:
    """What an image does, and what its ``commands`` do: first word of a command → what a container with it does."""

    commands: Mapping[str, Behaviour] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs(_Simulated):
    """Simulated: starts, answers every request with 200 and runs until stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exits(_Simulated):
    """Simulated: writes ``log`` and exits with ``code`` after ``after_seconds``."""

    code: int = 1
    log: tuple[str, ...] = ()
    after_seconds: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Unhealthy(_Simulated):
    """Simulated: runs, but answers every request with ``status``, and its container health check fails."""

    status: int = 503


Behaviour = Runs | Exits | Unhealthy
