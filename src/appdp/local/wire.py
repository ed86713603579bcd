"""What the parts of the embedded AWS expect of each other.

One process, one event loop: everything here that is ``async`` runs on that loop, and the state of our ECS and load
balancing is touched by nothing else. Work that blocks (Docker, AWS clients of our own endpoint) goes to threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """For whom a call is made: read from the request's signature."""

    account: str
    region: str


class ServiceError(Exception):
    """What AWS would answer: an error code, such as ``ClientException``, a message and an HTTP status."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class AwsService(Protocol):
    """An AWS service that we serve ourselves behind MiniStack's endpoint.

    ``model`` is botocore's name of the service, from which requests are parsed and answers written; ``signing_name`` is
    the name in the request's signature, by which it is routed.
    """

    model: str
    signing_name: str

    async def call(self, operation: str, params: dict[str, Any], caller: Caller) -> dict[str, Any]:
        """Answer one operation or raise :class:`ServiceError`. Keys are the API's own, times are ``datetime``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRequest:
    """One CloudFormation resource to create, update or delete. ``properties`` are resolved, in its own spelling."""

    logical_id: str
    stack: str
    properties: Mapping[str, Any]
    caller: Caller
    physical_id: str = ""
    previous: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceResult:
    """What ``Ref`` and ``Fn::GetAtt`` give. A new ``physical_id`` from an update means a replacement."""

    physical_id: str
    attributes: Mapping[str, Any]


class ResourceHandler(Protocol):
    """Provisions one CloudFormation resource type. Raising fails the resource and is the stack's reason."""

    async def create(self, request: ResourceRequest) -> ResourceResult: ...

    async def update(self, request: ResourceRequest) -> ResourceResult: ...

    async def delete(self, request: ResourceRequest) -> None: ...


class EventSink(Protocol):
    """The default event bus, as an AWS service sees it."""

    def emit(self, source: str, detail_type: str, detail: Mapping[str, Any], resources: tuple[str, ...]) -> None:
        """Put one event of an AWS service. Never raises and never waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a container's port is really reached: a port published on loopback."""

    host: str
    port: int


class AddressBook:
    """Private address and port of a task → where it is reached on this machine.

    Tasks get a private address as on Fargate; the load balancer registers that, and looks up here where to connect.
    """

    def __init__(self) -> None:
        self._published: dict[tuple[str, int], Address] = {}

    def publish(self, private_ip: str, port: int, address: Address) -> None:
        """Make ``private_ip:port`` reachable."""
        self._published[private_ip, port] = address

    def withdraw(self, private_ip: str) -> None:
        """Forget every port of a task's address."""
        self._published = {key: value for key, value in self._published.items() if key[0] != private_ip}

    def find(self, private_ip: str, port: int) -> Address | None:
        """Where to connect, or None when nothing is published there."""
        return self._published.get((private_ip, port))


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetState:
    """A target's health (``initial``, ``healthy``, ``unhealthy``, ``draining`` or ``unused``), its reason and text."""

    state: str
    reason: str
    description: str


class LoadBalancing(Protocol):
    """What the ECS controllers need of the load balancer; all by ARN, all on the event loop."""

    def exists(self, target_group: str) -> bool:
        """Whether there is such a target group."""

    def attached(self, target_group: str) -> bool:
        """Whether a listener or a rule of a load balancer names the target group, with whatever weight."""

    def register(self, target_group: str, ip: str, port: int) -> None:
        """Start to check, and then to use, a target."""

    async def deregister(self, target_group: str, ip: str, port: int) -> None:
        """Drain a target: no new requests; returns when those in flight are done or the delay is over."""

    def health(self, target_group: str, ip: str, port: int) -> TargetState:
        """A target's health."""

    def named(self, name: str, caller: Caller) -> str | None:
        """The ARN of the caller's target group of that name, if there is one."""

    def rules_of(self, listener: str) -> tuple[str, ...]:
        """ARNs of a listener's rules, the default rule last. :class:`ServiceError` when there is no such listener."""

    def rule_weights(self, rule: str) -> dict[str, int]:
        """Target group → weight in a listener rule's forward action. :class:`ServiceError` when there is none."""

    def set_rule_weights(self, rule: str, weights: Mapping[str, int]) -> None:
        """Rewrite a listener rule's forward action, at once for all new requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """How to reach the embedded AWS, and as whom."""

    url: str
    account: str
    region: str


class Clients(Protocol):
    """AWS clients that talk to our own endpoint. Blocking: call their methods in threads, never on the event loop."""

    def client(self, service: str, caller: Caller | None = None) -> Any:  # noqa: ANN401 - botocore's clients have no common type
        """A boto3 client; made once per service and caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """What every part of the embedded AWS is given."""

    endpoint: Endpoint
    clients: Clients
    events: EventSink
    addresses: AddressBook
    time_scale: float = 1.0
    """Factor on ECS's own waits that no caller sets (poll intervals, back-off)."""
    bake_scale: float = 1.0
    """Factor on bake times, which ECS takes in whole minutes: a rehearsal makes them pass faster, and says so."""
    register_cleanup: Callable[[Callable[[], None]], None] = lambda _cleanup: None
    """Have something blocking called in a thread when the embedded AWS stops, last registered first."""
    note_call: Callable[[str, str, str], None] = lambda _role, _action, _resource: None
    """Note what a part of the embedded AWS does with a role that it was given: role, action and resource, as ARNs."""
    instance: str = "test"
    """This embedded AWS's id: the value of the label ``appdp.local.instance`` on every container and network."""
