"""Elastic Load Balancing of the embedded AWS: Application Load Balancers that carry real requests on this machine.

Every listener is an HTTP server on a loopback port; targets are IP addresses that
:class:`appdp.local.wire.AddressBook` maps to where they are really reached; health checks, weights, draining and
errors follow AWS's documentation, cited where each is done.

Not modelled, and refused with a message: Network and Gateway Load Balancers, targets other than IP addresses, protocol
versions HTTP2 and GRPC, authentication actions, regular expressions and transforms in rules. Accepted without effect:
stickiness, slow start, certificates (an HTTPS listener speaks plain HTTP on its loopback port), access logs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from appdp.local.elb.api import ElasticLoadBalancing
from appdp.local.elb.balancing import Balancing
from appdp.local.elb.clock import Clock, LoopClock
from appdp.local.elb.resources import handlers
from appdp.local.elb.running import Running
from appdp.local.elb.store import Store
from appdp.local.wire import AwsService, Kernel, LoadBalancing, ResourceHandler

__all__ = ["ElbParts", "LoopClock", "build"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ElbParts:
    """What the embedded AWS takes from here.

    Attributes:
        service: answers the API.
        load_balancing: what the ECS controllers use.
        handlers: CloudFormation type → handler.
        start: call on the event loop before anything else.
        stop: close every listener and connection and end every health check.
        listeners: ``<load balancer name>:<listener port>`` → URL on loopback, of the listeners that there are.
    """

    service: AwsService
    load_balancing: LoadBalancing
    handlers: Mapping[str, ResourceHandler]
    start: Callable[[], Awaitable[None]]
    stop: Callable[[], Awaitable[None]]
    listeners: Callable[[], dict[str, str]]


def build(kernel: Kernel, *, clock: Clock | None = None) -> ElbParts:
    """Put the load balancers of one embedded AWS together.

    Args:
        kernel: what every part of the embedded AWS is given.
        clock: time for health check intervals and deregistration delays; the event loop's own by default.
    """
    running = Running(Store(), kernel.addresses, clock or LoopClock())
    service = ElasticLoadBalancing(running, kernel.clients)
    return ElbParts(
        service=service,
        load_balancing=Balancing(running),
        handlers=handlers(service),
        start=_nothing_to_start,
        stop=running.stop,
        listeners=running.data_plane.listeners,
    )


async def _nothing_to_start() -> None:
    """Listeners open and checks begin as they are created."""
