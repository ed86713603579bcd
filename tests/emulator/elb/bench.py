"""A load balancer with targets on loopback, without the rest of the embedded AWS."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from appdp.local.elb import ElbParts, LoopClock, build
from appdp.local.wire import Address, AddressBook, Caller, Endpoint, Kernel

CALLER = Caller(account="000000000000", region="us-east-1")
GROUP = {
    "Protocol": "HTTP",
    "Port": 8080,
    "VpcId": "vpc-1",
    "TargetType": "ip",
    "HealthCheckPath": "/health",
    "HealthCheckIntervalSeconds": 5,
    "HealthCheckTimeoutSeconds": 2,
    "HealthyThresholdCount": 2,
    "UnhealthyThresholdCount": 2,
}


class Subnets:
    """The EC2 client as far as load balancers ask it: subnets ``subnet-a`` and ``subnet-b``."""

    zones: Mapping[str, str] = {"subnet-a": "us-east-1a", "subnet-b": "us-east-1b"}

    def client(self, service: str, caller: Caller | None = None) -> Subnets:
        """Itself, as the client."""
        assert service == "ec2"
        return self

    def describe_subnets(self, *, SubnetIds: list[str]) -> dict[str, Any]:  # noqa: N803 - the API's name
        """Those that there are."""
        found = [
            {"SubnetId": subnet, "VpcId": "vpc-1", "AvailabilityZone": self.zones[subnet]}
            for subnet in SubnetIds
            if subnet in self.zones
        ]
        return {"Subnets": found}


class NoEvents:
    """An event bus that nobody listens to."""

    def emit(self, source: str, detail_type: str, detail: Mapping[str, Any], resources: tuple[str, ...]) -> None:
        """Drop it."""


@dataclass
class Server:
    """A target: answers with its name, its health as told, ``/slow`` after ``slow_seconds`` or ``finish``."""

    name: str
    ip: str
    port: int = 8080
    health: int = 200
    slow_seconds: float = 2.0
    seen: list[web.BaseRequest] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    finish: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        if request.path == "/health":
            return web.Response(status=self.health)
        self.seen.append(request)
        self.arrived.set()
        self.bodies.append(b"".join([chunk async for chunk in request.content.iter_any()]))
        if request.path == "/slow":
            with suppress(TimeoutError):
                async with asyncio.timeout(self.slow_seconds):
                    await self.finish.wait()
        return web.Response(text=self.name)


class Bench:
    """One embedded load balancing and what the tests need around it."""

    def __init__(self, speed: float) -> None:
        self.addresses = AddressBook()
        self.kernel = Kernel(
            endpoint=Endpoint(url="http://127.0.0.1:1", account=CALLER.account, region=CALLER.region),
            clients=Subnets(),
            events=NoEvents(),
            addresses=self.addresses,
        )
        self.parts: ElbParts = build(self.kernel, clock=LoopClock(speed))
        self.http: aiohttp.ClientSession = aiohttp.ClientSession()
        self._ips = (f"10.0.0.{last}" for last in itertools.count(10))
        self._ports = itertools.count(80)
        self._servers: list[asyncio.Server] = []

    async def call(self, operation: str, **params: Any) -> dict[str, Any]:
        """One API call."""
        return await self.parts.service.call(operation, params, CALLER)

    async def load_balancer(self, name: str = "web") -> str:
        """A load balancer's ARN."""
        answer = await self.call("CreateLoadBalancer", Name=name, Subnets=["subnet-a", "subnet-b"])
        return str(answer["LoadBalancers"][0]["LoadBalancerArn"])

    async def group(self, name: str, *, delay: int = 5, **settings: Any) -> str:
        """A target group's ARN; ``delay`` is its deregistration delay."""
        answer = await self.call("CreateTargetGroup", Name=name, **{**GROUP, **settings})
        arn = str(answer["TargetGroups"][0]["TargetGroupArn"])
        attributes = [{"Key": "deregistration_delay.timeout_seconds", "Value": str(delay)}]
        await self.call("ModifyTargetGroupAttributes", TargetGroupArn=arn, Attributes=attributes)
        return arn

    async def listen(self, load_balancer: str, *actions: dict[str, Any]) -> tuple[str, str]:
        """A listener's ARN and URL; it answers 404 when no actions are given."""
        port = next(self._ports)
        answer = await self.call(
            "CreateListener",
            LoadBalancerArn=load_balancer,
            Port=port,
            Protocol="HTTP",
            DefaultActions=list(actions) or [fixed(404)],
        )
        name = load_balancer.split("/")[2]
        return str(answer["Listeners"][0]["ListenerArn"]), self.parts.listeners()[f"{name}:{port}"]

    async def serve(self, groups: list[str], name: str = "blue", **settings: Any) -> Server:
        """A target, registered with target groups."""
        server = Server(name=name, ip=next(self._ips), **settings)
        accept = web.Server(server.answer, access_log=None)
        await self._bind(server.ip, server.port, lambda: accept())
        for group in groups:
            self.parts.load_balancing.register(group, server.ip, server.port)
        return server

    async def serve_raw(
        self,
        groups: list[str],
        talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    ) -> tuple[str, int]:
        """A target that speaks bytes; its address."""
        ip, port = next(self._ips), 8080
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        self._publish(server, ip, port)
        for group in groups:
            self.parts.load_balancing.register(group, ip, port)
        return ip, port

    async def state(self, group: str, ip: str, port: int, wanted: str, *, within: float = 5.0) -> None:
        """Wait until a target's state is ``wanted``."""
        async with asyncio.timeout(within):
            while self.parts.load_balancing.health(group, ip, port).state != wanted:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.005)

    async def get(self, url: str, **options: Any) -> tuple[int, str]:
        """Status and body of a GET."""
        async with self.http.get(url, allow_redirects=False, **options) as answer:
            return answer.status, await answer.text()

    async def close(self) -> None:
        """Stop everything."""
        await self.http.close()
        await self.parts.stop()
        for server in self._servers:
            server.close()

    async def _bind(self, ip: str, port: int, protocol: Callable[[], asyncio.BaseProtocol]) -> None:
        server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
        self._publish(server, ip, port)

    def _publish(self, server: asyncio.Server, ip: str, port: int) -> None:
        self._servers.append(server)
        self.addresses.publish(ip, port, Address(host="127.0.0.1", port=server.sockets[0].getsockname()[1]))


@asynccontextmanager
async def bench(speed: float = 50.0) -> AsyncIterator[Bench]:
    """A bench whose load balancer's clock runs ``speed`` times as fast as ours."""
    started = Bench(speed)
    try:
        await started.parts.start()
        yield started
    finally:
        await started.close()


@dataclass
class Load:
    """What came back from a steady load."""

    answers: Counter[tuple[int, str]] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def failed(self) -> dict[str, int]:
        """Everything that was not answered 200."""
        wrong = {f"{status} {body}": count for (status, body), count in self.answers.items() if status != 200}
        return {**wrong, **self.errors}

    def bodies(self) -> Counter[str]:
        """How often each target answered."""
        return Counter({body: count for (status, body), count in self.answers.items() if status == 200})


@asynccontextmanager
async def under_load(url: str, *, clients: int = 8, method: str = "GET", **options: Any) -> AsyncIterator[Load]:
    """Clients that send one request after the other for as long as the body of the ``async with`` runs."""
    load, stop = Load(), asyncio.Event()

    async def one(session: aiohttp.ClientSession) -> None:
        while not stop.is_set():
            try:
                async with session.request(method, url, **options) as answer:
                    load.answers[answer.status, await answer.text()] += 1
            except aiohttp.ClientError as error:
                load.errors[repr(error)] += 1

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        tasks = [asyncio.create_task(one(session)) for _ in range(clients)]
        try:
            yield load
        finally:
            stop.set()
            await asyncio.gather(*tasks)


def forward(**weights: int) -> dict[str, Any]:
    """A forward action to target groups; call it as ``forward(**{arn: weight})``."""
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}


def fixed(status: int, body: str = "") -> dict[str, Any]:
    """A fixed response."""
    config = {"StatusCode": str(status), "MessageBody": body, "ContentType": "text/plain"}
    return {"Type": "fixed-response", "FixedResponseConfig": config}


def path(*patterns: str) -> dict[str, Any]:
    """A path condition."""
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(patterns)}}
