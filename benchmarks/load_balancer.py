"""What the embedded load balancer costs: requests per second and latency with it and without it.

Client, load balancer and target are three processes on one machine. Runs are paired, direct and then through the load
balancer; the pair with the median ratio is shown. The goal is at least 500 requests/s through the load balancer.

Run ``python benchmarks/load_balancer.py [--pairs 5] [--seconds 2] [--clients 1 8 32]``; prints a Markdown table.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from typing import Any, NamedTuple

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n"
REQUEST = b"GET /api/items HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"
GOAL = 500


class Figures(NamedTuple):
    """One run."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float


class Target(asyncio.Protocol):
    """Answers every request head with the same bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - for the type checker
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer what came; the requests are small enough to come whole."""
        self._transport.write(ANSWER * data.count(b"\r\n\r\n"))


async def serve_target() -> None:
    """Serve, and say where."""
    server = await asyncio.get_running_loop().create_server(Target, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def serve_balancer(target_port: int) -> None:
    """Serve a listener in front of the target, and say where."""
    from appdp.local.elb import build
    from appdp.local.wire import Address, AddressBook, Caller, Endpoint, Kernel

    class Nothing:
        def client(self, service: str, caller: Caller | None = None) -> Any:  # noqa: ANN401 - stands for a boto3 client
            return self

        def describe_subnets(self, **_params: object) -> dict[str, Any]:
            return {"Subnets": [{"SubnetId": "subnet-a", "VpcId": "vpc-1", "AvailabilityZone": "us-east-1a"}]}

        def emit(self, *_event: object) -> None:
            return None

    caller, addresses = Caller(account="000000000000", region="us-east-1"), AddressBook()
    addresses.publish("10.0.0.1", 8080, Address(host="127.0.0.1", port=target_port))
    endpoint = Endpoint(url="http://127.0.0.1:1", account=caller.account, region=caller.region)
    parts = build(Kernel(endpoint=endpoint, clients=Nothing(), events=Nothing(), addresses=addresses))
    call = parts.service.call
    created = await call("CreateLoadBalancer", {"Name": "bench", "Subnets": ["subnet-a"]}, caller)
    balancer = created["LoadBalancers"][0]
    settings = {"Name": "bench", "Protocol": "HTTP", "Port": 8080, "VpcId": "vpc-1", "TargetType": "ip"}
    group = (await call("CreateTargetGroup", settings, caller))["TargetGroups"][0]["TargetGroupArn"]
    listener = {
        "LoadBalancerArn": balancer["LoadBalancerArn"],
        "Port": 80,
        "Protocol": "HTTP",
        "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    }
    arn = (await call("CreateListener", listener, caller))["Listeners"][0]["ListenerArn"]
    rule = {
        "ListenerArn": arn,
        "Priority": 1,
        "Conditions": [{"Field": "path-pattern", "Values": ["/api/*"]}],
        "Actions": [{"Type": "forward", "TargetGroupArn": group}],
    }
    await call("CreateRule", rule, caller)
    parts.load_balancing.register(group, "10.0.0.1", 8080)
    while parts.load_balancing.health(group, "10.0.0.1", 8080).state != "healthy":  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)
    print(parts.listeners()["bench:80"].rpartition(":")[2], flush=True)
    await asyncio.Event().wait()


async def measure(port: int, *, clients: int, seconds: float) -> Figures:
    """Keep ``clients`` connections busy for a while."""
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (start := time.perf_counter()) < end:
            writer.write(REQUEST)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200 ") or await reader.readexactly(3) != b"ok\n":
                raise RuntimeError(f"The answer was {head!r}; it must be 200 with the target's body.")
            latencies.append(time.perf_counter() - start)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    elapsed = time.perf_counter() - began
    cuts = statistics.quantiles(latencies, n=100)
    return Figures(len(latencies) / elapsed, cuts[49] * 1000, cuts[98] * 1000)


def start(*arguments: str) -> tuple[subprocess.Popen[str], int]:
    """Start this script in a role of its own; the process and its port."""
    process = subprocess.Popen([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True)
    if process.stdout is None:
        raise RuntimeError("The process has no standard output.")
    return process, int(process.stdout.readline())


def compare(pairs: int, *, clients: int, seconds: float) -> tuple[Figures, Figures]:
    """The median pair by its ratio: direct, and through the load balancer."""
    target, target_port = start("--role", "target")
    balancer, balancer_port = start("--role", "balancer", "--target", str(target_port))
    try:
        runs = [
            (
                asyncio.run(measure(target_port, clients=clients, seconds=seconds)),
                asyncio.run(measure(balancer_port, clients=clients, seconds=seconds)),
            )
            for _ in range(pairs)
        ]
    finally:
        for process in (balancer, target):
            process.terminate()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
    return sorted(runs, key=lambda run: run[1].requests_per_second / run[0].requests_per_second)[len(runs) // 2]


def main() -> None:
    """Run as the benchmark, or as one of its servers."""
    parser = argparse.ArgumentParser(description="Measure the embedded load balancer.")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--role", choices=("target", "balancer"))
    parser.add_argument("--target", type=int, default=0)
    options = parser.parse_args()
    if options.role == "target":
        asyncio.run(serve_target())
    elif options.role == "balancer":
        asyncio.run(serve_balancer(options.target))
    else:
        report(options)


def report(options: argparse.Namespace) -> None:
    """Measure, and print the table."""
    print(f"Load balancer, median of {options.pairs} pairs of {options.seconds:g} s; goal {GOAL} requests/s\n")
    print("| clients | path | requests/s | p50 ms | p99 ms |\n| ---: | --- | ---: | ---: | ---: |")
    for clients in options.clients:
        for path, found in zip(
            ("direct", "balanced"), compare(options.pairs, clients=clients, seconds=options.seconds), strict=True
        ):
            print(
                f"| {clients} | {path} | {found.requests_per_second:,.0f} | {found.p50_ms:.2f} | {found.p99_ms:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
