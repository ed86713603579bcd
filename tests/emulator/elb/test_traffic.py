"""No request fails while targets come and go and weights change.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html and
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
"""

from __future__ import annotations

import asyncio
from collections import Counter

import aiohttp
import pytest

from tests.emulator.elb.bench import bench, fixed, forward, path, under_load


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_weights_flip_a_thousand_times_under_load(method: str) -> None:
    async def run() -> None:
        async with bench() as at:
            balancer = await at.load_balancer()
            blue, green = await at.group("blue"), await at.group("green")
            listener, url = await at.listen(balancer)
            rule = (
                await at.call(
                    "CreateRule",
                    ListenerArn=listener,
                    Priority=1,
                    Conditions=[path("/*")],
                    Actions=[forward(**{blue: 100, green: 0})],
                )
            )["Rules"][0]["RuleArn"]
            for group, name in ((blue, "blue"), (green, "green")):
                server = await at.serve([group], name)
                await at.state(group, server.ip, server.port, "healthy")
            async with under_load(url, method=method) as load:
                for turn in range(20_000):  # a busy machine needs more than the thousand turns to answer enough
                    at.parts.load_balancing.set_rule_weights(
                        rule, {blue: 100 * (turn % 2), green: 100 - 100 * (turn % 2)}
                    )
                    await asyncio.sleep(0.002)
                    if turn >= 1000 and min(load.bodies()[name] for name in ("blue", "green")) > 50:
                        break
            assert load.failed == {}
            assert load.bodies()["blue"] > 50
            assert load.bodies()["green"] > 50

    asyncio.run(run())


def test_a_weight_change_holds_for_the_next_request() -> None:
    async def run() -> None:
        async with bench() as at:
            balancer = await at.load_balancer()
            blue, green = await at.group("blue"), await at.group("green")
            listener, url = await at.listen(balancer, forward(**{blue: 1, green: 0}))
            rule = (await at.call("DescribeRules", ListenerArn=listener))["Rules"][0]["RuleArn"]
            for group, name in ((blue, "blue"), (green, "green")):
                server = await at.serve([group], name)
                await at.state(group, server.ip, server.port, "healthy")
            for turn in range(20):
                name, weights = (("green", {blue: 0, green: 1}), ("blue", {blue: 1, green: 0}))[turn % 2]
                at.parts.load_balancing.set_rule_weights(rule, weights)
                assert at.parts.load_balancing.rule_weights(rule) == weights
                assert await at.get(url) == (200, name)

    asyncio.run(run())


def test_requests_are_shared_by_weight() -> None:
    async def run() -> None:
        async with bench() as at:
            balancer = await at.load_balancer()
            blue, green = await at.group("blue"), await at.group("green")
            _, url = await at.listen(balancer, forward(**{blue: 90, green: 10}))
            for group, name in ((blue, "blue"), (green, "green")):
                server = await at.serve([group], name)
                await at.state(group, server.ip, server.port, "healthy")
            answers = Counter([(await at.get(url))[1] for _ in range(200)])
            assert answers == {"blue": 180, "green": 20}

    asyncio.run(run())


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_targets_come_and_go_under_load(method: str) -> None:
    async def run() -> None:
        async with bench() as at:
            group = await at.group("blue", delay=500)
            _, url = await at.listen(await at.load_balancer(), forward(**{group: 1}))
            current = await at.serve([group], "0")
            await at.state(group, current.ip, current.port, "healthy")
            async with under_load(url, method=method, data=b"x" * 5000 if method == "POST" else None) as load:
                for number in range(1, 25):
                    following = await at.serve([group], str(number))
                    await at.state(group, following.ip, following.port, "healthy")
                    await at.parts.load_balancing.deregister(group, current.ip, current.port)
                    # What a container does when it is stopped: the address is gone at once.
                    at.addresses.withdraw(current.ip)
                    current = following
            assert load.failed == {}
            assert len(load.bodies()) >= 20

    asyncio.run(run())


def test_a_slow_request_outlives_the_deregistration_of_its_target() -> None:
    async def run() -> None:
        async with bench(speed=1.0) as at:
            group = await at.group("blue", delay=10)
            _, url = await at.listen(await at.load_balancer(), forward(**{group: 1}))
            old = await at.serve([group], "old", slow_seconds=60)
            await at.state(group, old.ip, old.port, "healthy")
            slow = asyncio.create_task(at.get(f"{url}/slow"))
            await old.arrived.wait()
            new = await at.serve([group], "new")
            await at.state(group, new.ip, new.port, "healthy")
            draining = asyncio.create_task(at.parts.load_balancing.deregister(group, old.ip, old.port))
            await asyncio.sleep(0)
            assert at.parts.load_balancing.health(group, old.ip, old.port).state == "draining"
            assert {(await at.get(url))[1] for _ in range(10)} == {"new"}
            assert not draining.done()
            old.finish.set()
            assert await slow == (200, "old")
            async with asyncio.timeout(3.0):
                await draining

    asyncio.run(run())


def test_the_deregistration_delay_breaks_off_what_takes_longer() -> None:
    async def run() -> None:
        async with bench() as at:
            group = await at.group("blue", delay=10)
            _, url = await at.listen(await at.load_balancer(), forward(**{group: 1}))
            old = await at.serve([group], "old", slow_seconds=20)
            await at.state(group, old.ip, old.port, "healthy")
            slow = asyncio.create_task(at.get(f"{url}/slow"))
            await old.arrived.wait()
            await at.parts.load_balancing.deregister(group, old.ip, old.port)
            status, _ = await slow
            assert status == 502

    asyncio.run(run())


def test_cancelling_a_deregistration_leaves_the_target_draining() -> None:
    async def run() -> None:
        async with bench() as at:
            group = await at.group("blue", delay=100)
            _, url = await at.listen(await at.load_balancer(), forward(**{group: 1}))
            old = await at.serve([group], "old", slow_seconds=0.3)
            await at.state(group, old.ip, old.port, "healthy")
            slow = asyncio.create_task(at.get(f"{url}/slow"))
            await old.arrived.wait()
            draining = asyncio.create_task(at.parts.load_balancing.deregister(group, old.ip, old.port))
            await asyncio.sleep(0.01)
            draining.cancel()
            await asyncio.gather(draining, return_exceptions=True)
            assert at.parts.load_balancing.health(group, old.ip, old.port).state == "draining"
            assert await slow == (200, "old")

    asyncio.run(run())


def test_a_draining_target_is_shown_until_the_delay_is_over_and_can_return() -> None:
    async def run() -> None:
        async with bench() as at:
            group = await at.group("blue", delay=100)
            await at.listen(await at.load_balancer(), forward(**{group: 1}))
            one, two = await at.serve([group]), await at.serve([group])
            for server in (one, two):
                await at.state(group, server.ip, server.port, "healthy")
            async with asyncio.timeout(1.5):  # nothing is in flight, so the 2 s of the delay are not waited for
                await at.parts.load_balancing.deregister(group, one.ip, one.port)
                await at.parts.load_balancing.deregister(group, two.ip, two.port)
            assert at.parts.load_balancing.health(group, one.ip, one.port).state == "draining"
            at.parts.load_balancing.register(group, one.ip, one.port)
            await at.state(group, one.ip, one.port, "healthy")
            await at.state(group, two.ip, two.port, "unused")
            assert at.parts.load_balancing.health(group, two.ip, two.port).reason == "Target.NotRegistered"
            assert at.parts.load_balancing.health(group, one.ip, one.port).state == "healthy"

    asyncio.run(run())


def test_a_deleted_listener_refuses_and_a_deleted_load_balancer_takes_its_listeners_along() -> None:
    async def run() -> None:
        async with bench() as at:
            balancer = await at.load_balancer()
            first, first_url = await at.listen(balancer, fixed(200, "ok"))
            _, second_url = await at.listen(balancer, fixed(200, "ok"))
            assert await at.get(first_url) == (200, "ok")
            await at.call("DeleteListener", ListenerArn=first)
            with pytest.raises(aiohttp.ClientError):
                await at.get(first_url)
            assert await at.get(second_url) == (200, "ok")
            await at.call("DeleteLoadBalancer", LoadBalancerArn=balancer)
            with pytest.raises(aiohttp.ClientError):
                await at.get(second_url)
            assert at.parts.listeners() == {}

    asyncio.run(run())
