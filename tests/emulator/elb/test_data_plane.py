"""What a client and a target see of the load balancer.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html,
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html and
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from io import BytesIO
from urllib.parse import urlsplit

from tests.emulator.elb.bench import Bench, bench, fixed, forward, path, under_load

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def wire(url: str, request: bytes) -> bytes:
    """Send bytes; what comes back until the load balancer closes."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


async def one_target(at: Bench, *, slow_seconds: float = 2.0) -> tuple[str, str]:
    """A group with a healthy target called ``blue``, and the URL that leads there."""
    group = await at.group("blue")
    _, url = await at.listen(await at.load_balancer(), forward(**{group: 1}))
    server = await at.serve([group], slow_seconds=slow_seconds)
    await at.state(group, server.ip, server.port, "healthy")
    return group, url


async def raw_target(at: Bench, answer: bytes, *, requests: list[bytes] | None = None) -> str:
    """A target that passes its checks, and answers all else with these bytes and closes; the URL that leads there."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if head.startswith(b"GET /health"):
                    writer.write(OK)
                    continue
                if requests is not None:
                    requests.append(head)
                writer.write(answer)
                break
        except asyncio.IncompleteReadError:
            pass
        writer.close()

    group = await at.group("raw")
    _, url = await at.listen(await at.load_balancer("raw"), forward(**{group: 1}))
    ip, port = await at.serve_raw([group], talk)
    await at.state(group, ip, port, "healthy")
    return url


def test_requests_carry_where_they_came_from() -> None:
    async def run() -> None:
        async with bench() as at:
            group = await at.group("blue")
            _, url = await at.listen(await at.load_balancer(), forward(**{group: 1}))
            server = await at.serve([group])
            await at.state(group, server.ip, server.port, "healthy")
            await at.get(f"{url}/a%2Fb/ü?x=1&y=%20", headers={"X-Forwarded-For": "203.0.113.7"})
            await at.get(url, headers={"X-Amzn-Trace-Id": "Root=1-67891233-abcdef012345678912345678;CalledFrom=app"})
            first, second = server.seen
            assert first.raw_path == "/a%2Fb/%C3%BC?x=1&y=%20"
            assert first.headers["X-Forwarded-For"] == "203.0.113.7, 127.0.0.1"
            assert first.headers["X-Forwarded-Proto"] == "http"
            assert first.headers["X-Forwarded-Port"] == "80"
            assert first.headers["Host"] == urlsplit(url).netloc
            assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", first.headers["X-Amzn-Trace-Id"])
            assert re.fullmatch(
                r"Self=1-[0-9a-f]{8}-[0-9a-f]{24};Root=1-67891233-abcdef012345678912345678;CalledFrom=app",
                second.headers["X-Amzn-Trace-Id"],
            )

    asyncio.run(run())


def test_forwarded_for_can_be_preserved_or_removed() -> None:
    async def run() -> None:
        async with bench() as at:
            group = await at.group("blue")
            balancer = await at.load_balancer()
            _, url = await at.listen(balancer, forward(**{group: 1}))
            server = await at.serve([group])
            await at.state(group, server.ip, server.port, "healthy")
            for mode in ("preserve", "remove"):
                attributes = [{"Key": "routing.http.xff_header_processing.mode", "Value": mode}]
                await at.call("ModifyLoadBalancerAttributes", LoadBalancerArn=balancer, Attributes=attributes)
                await at.get(url, headers={"X-Forwarded-For": "203.0.113.7"})
            assert [request.headers.get("X-Forwarded-For") for request in server.seen] == ["203.0.113.7", None]

    asyncio.run(run())


def test_a_target_s_answer_arrives_as_it_was() -> None:
    async def run() -> None:
        async with bench() as at:
            url = await raw_target(
                at,
                b"HTTP/1.1 201 Made It\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Encoding: gzip\r\n"
                b"Connection: close, X-Hop\r\nX-Hop: 1\r\nTransfer-Encoding: chunked\r\nDate: today\r\n\r\n"
                b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            )
            answer = await wire(url, b"GET / HTTP/1.0\r\n\r\n")
            head, _, body = answer.partition(b"\r\n\r\n")
            assert body == b"abcde"
            assert head.split(b"\r\n") == [
                b"HTTP/1.0 201 Made It",
                b"Set-Cookie: a=1",
                b"Set-Cookie: b=2",
                b"Content-Encoding: gzip",
                b"Date: today",
            ]

    asyncio.run(run())


def test_answers_without_a_body_arrive() -> None:
    async def run() -> None:
        async with bench() as at:
            head = await raw_target(at, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: today\r\n\r\n")
            answer = await wire(head, b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert answer == b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: today\r\nConnection: close\r\n\r\n"
        async with bench() as at:
            unchanged = await raw_target(at, b"HTTP/1.1 304 Not Modified\r\nETag: x\r\nDate: today\r\n\r\n")
            answer = await wire(unchanged, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert answer == b"HTTP/1.1 304 Not Modified\r\nETag: x\r\nDate: today\r\nConnection: close\r\n\r\n"

    asyncio.run(run())


def test_large_bodies_go_both_ways() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 65_536

    async def run() -> None:
        async with bench() as at:
            group = await at.group("blue")
            _, url = await at.listen(await at.load_balancer(), forward(**{group: 1}))
            server = await at.serve([group], name="y" * 3_000_000)
            await at.state(group, server.ip, server.port, "healthy")
            for body in (BytesIO(b"x" * 4_194_304), pieces()):
                async with at.http.post(url, data=body) as answer:
                    assert (answer.status, len(await answer.read())) == (200, 3_000_000)
            assert [len(body) for body in server.bodies] == [4_194_304, 4_194_304]
            with_length, chunked = server.seen
            assert with_length.headers["Content-Length"] == "4194304"
            assert chunked.headers["Transfer-Encoding"] == "chunked"

    asyncio.run(run())


def test_an_answer_is_passed_on_while_it_is_made() -> None:
    first_arrived = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET /health"):
            writer.write(OK)
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none")
            await first_arrived.wait()
            writer.write(b"two")
        writer.close()

    async def run() -> None:
        async with bench() as at:
            group = await at.group("blue")
            _, url = await at.listen(await at.load_balancer(), forward(**{group: 1}))
            ip, port = await at.serve_raw([group], drip)
            await at.state(group, ip, port, "healthy")
            async with at.http.get(url) as answer:
                assert await answer.content.readexactly(3) == b"one"
                first_arrived.set()
                assert await answer.read() == b"two"

    asyncio.run(run())


def test_expect_continue_is_answered() -> None:
    async def run() -> None:
        async with bench() as at:
            _, url = await one_target(at)
            async with at.http.post(url, data=b"hello", expect100=True) as answer:
                assert (answer.status, await answer.text()) == (200, "blue")

    asyncio.run(run())


def test_a_client_keeps_its_connection() -> None:
    async def run() -> None:
        async with bench() as at:
            _, url = await one_target(at)
            request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
            answer = await wire(url, request * 3 + b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert answer.count(b"HTTP/1.1 200 OK") == 4

    asyncio.run(run())


def test_a_target_that_closes_each_connection_loses_no_request() -> None:
    """As busybox's httpd does, here without saying so in the response."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        await reader.readexactly(int(length[1]) if length else 0)
        writer.write(OK)
        await asyncio.sleep(0.001)  # long enough for the next request to be sent on the connection about to close
        writer.close()

    async def run() -> None:
        async with bench() as at:
            group = await at.group("blue")
            _, url = await at.listen(await at.load_balancer(), forward(**{group: 1}))
            ip, port = await at.serve_raw([group], talk)
            await at.state(group, ip, port, "healthy")
            for method, body in (("GET", None), ("POST", b"x" * 100), ("PUT", b"x" * 100), ("DELETE", None)):
                async with under_load(url, method=method, data=body) as load:
                    async with asyncio.timeout(30):
                        while load.answers[200, "ok"] <= 20:  # noqa: ASYNC110 - what is waited for is seen only by looking
                            await asyncio.sleep(0.05)
                assert load.failed == {}

    asyncio.run(run())


def test_503_without_targets_and_while_they_are_in_their_initial_checks() -> None:
    async def run() -> None:
        async with bench(speed=1.0) as at:
            group, idle = await at.group("blue", UnhealthyThresholdCount=10), await at.group("idle")
            _, url = await at.listen(await at.load_balancer(), forward(**{group: 1}))
            assert (await at.get(url))[0] == 503
            await at.serve([group], health=500)
            await asyncio.sleep(0.05)
            assert (await at.get(url))[0] == 503
            balancer = (await at.call("DescribeLoadBalancers"))["LoadBalancers"][0]["LoadBalancerArn"]
            _, nothing = await at.listen(balancer, forward(**{idle: 0}))
            status, body = await at.get(nothing)
            assert status == 503
            assert "503 Service Unavailable" in body

    asyncio.run(run())


def test_a_group_whose_targets_all_fail_gets_requests_all_the_same() -> None:
    async def run() -> None:
        async with bench() as at:
            group = await at.group("blue")
            _, url = await at.listen(await at.load_balancer(), forward(**{group: 1}))
            servers = [await at.serve([group], name, health=500) for name in ("one", "two")]
            for server in servers:
                await at.state(group, server.ip, server.port, "unhealthy")
            assert {await at.get(url) for _ in range(4)} == {(200, "one"), (200, "two")}
            servers[0].health = 200
            await at.state(group, servers[0].ip, servers[0].port, "healthy")
            assert {await at.get(url) for _ in range(4)} == {(200, "one")}

    asyncio.run(run())


def test_502_when_the_target_refuses_or_breaks_off() -> None:
    async def run() -> None:
        async with bench() as at:
            group = await at.group("gone")
            _, gone = await at.listen(await at.load_balancer(), forward(**{group: 1}))
            at.parts.load_balancing.register(group, "10.9.9.9", 8080)
            await at.state(group, "10.9.9.9", 8080, "unhealthy")
            status, body = await at.get(gone)
            assert status == 502
            assert "502 Bad Gateway" in body
        for answer in (b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nBroken"):
            async with bench() as at:
                assert (await at.get(await raw_target(at, answer)))[0] == 502

    asyncio.run(run())


def test_a_body_that_breaks_off_is_not_passed_on_as_complete() -> None:
    async def run() -> None:
        async with bench() as at:
            short = await raw_target(at, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            try:
                answer = await wire(short, request)
            except ConnectionResetError:
                return
            assert len(answer.partition(b"\r\n\r\n")[2]) < 100

    asyncio.run(run())


def test_504_when_the_target_is_silent_for_the_idle_timeout() -> None:
    async def run() -> None:
        async with bench() as at:
            _, url = await one_target(at, slow_seconds=3)
            balancer = (await at.call("DescribeLoadBalancers"))["LoadBalancers"][0]["LoadBalancerArn"]
            attributes = [{"Key": "idle_timeout.timeout_seconds", "Value": "1"}]
            await at.call("ModifyLoadBalancerAttributes", LoadBalancerArn=balancer, Attributes=attributes)
            status, body = await at.get(f"{url}/slow")
            assert status == 504
            assert "504 Gateway" in body

    asyncio.run(run())


def test_a_client_that_leaves_frees_the_target() -> None:
    async def run() -> None:
        async with bench(speed=1.0) as at:
            group, url = await one_target(at, slow_seconds=20)
            request = asyncio.create_task(at.get(f"{url}/slow"))
            await asyncio.sleep(0.2)
            request.cancel()
            await asyncio.gather(request, return_exceptions=True)
            (target,) = (await at.call("DescribeTargetHealth", TargetGroupArn=group))["TargetHealthDescriptions"]
            async with asyncio.timeout(5.0):
                await at.parts.load_balancing.deregister(group, target["Target"]["Id"], target["Target"]["Port"])

    asyncio.run(run())


def test_rules_are_tried_in_the_order_of_their_priorities() -> None:
    async def run() -> None:
        async with bench() as at:
            listener, url = await at.listen(await at.load_balancer(), fixed(404, "none"))
            for priority, patterns, body in ((20, ["/*"], "all"), (10, ["/api/*"], "api")):
                await at.call(
                    "CreateRule",
                    ListenerArn=listener,
                    Priority=priority,
                    Conditions=[path(*patterns)],
                    Actions=[fixed(200, body)],
                )
            assert [await at.get(url + one) for one in ("/", "/api/x", "/api")] == [
                (200, "all"),
                (200, "api"),
                (200, "all"),
            ]
            rules = (await at.call("DescribeRules", ListenerArn=listener))["Rules"]
            await at.call("SetRulePriorities", RulePriorities=[{"RuleArn": rules[1]["RuleArn"], "Priority": 5}])
            assert await at.get(f"{url}/api/x") == (200, "all")
            await at.call("DeleteRule", RuleArn=rules[1]["RuleArn"])
            assert await at.get(f"{url}/other") == (404, "none")

    asyncio.run(run())


def test_redirects_lead_to_addresses_that_work_here() -> None:
    async def run() -> None:
        async with bench() as at:
            balancer = await at.load_balancer()
            _, second = await at.listen(balancer, fixed(200, "second"))  # port 80
            config = {"Protocol": "HTTP", "Port": "80", "Path": "/new/#{path}", "StatusCode": "HTTP_301"}
            _, first = await at.listen(balancer, {"Type": "redirect", "RedirectConfig": config})
            async with at.http.get(f"{first}/a/b?c=d", allow_redirects=False) as answer:
                assert answer.status == 301
                assert answer.headers["Location"] == f"{second}/new/a/b?c=d"
            async with at.http.get(f"{first}/a") as followed:
                assert await followed.text() == "second"
            secure = {"Protocol": "HTTPS", "Port": "443", "Host": "shop.example", "StatusCode": "HTTP_302"}
            _, third = await at.listen(balancer, {"Type": "redirect", "RedirectConfig": secure})
            async with at.http.get(f"{third}/a", allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (302, "https://shop.example:443/a")

    asyncio.run(run())


def test_the_load_balancer_s_own_answers() -> None:
    async def run() -> None:
        async with bench() as at:
            _, url = await at.listen(await at.load_balancer(), fixed(418, "tea"))
            async with at.http.post(url, data=b"x" * 100_000) as answer:
                assert (answer.status, await answer.text()) == (418, "tea")
                assert answer.headers["Server"] == "awselb/2.0"
                assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
            async with at.http.request("TRACE", url) as answer:
                assert answer.status == 405
            assert (await wire(url, b"nonsense\r\n\r\n")).startswith(b"HTTP/1.0 400")

    asyncio.run(run())
