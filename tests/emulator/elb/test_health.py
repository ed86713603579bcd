"""Target health as DescribeTargetHealth shows it.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from __future__ import annotations

import asyncio
from typing import Any

from tests.emulator.elb.bench import Bench, bench, forward


async def shown(at: Bench, group: str) -> list[dict[str, Any]]:
    """The target health descriptions of a group."""
    answer = await at.call("DescribeTargetHealth", TargetGroupArn=group)
    return list(answer["TargetHealthDescriptions"])


def test_a_target_is_unused_until_a_listener_forwards_to_its_group() -> None:
    async def run() -> None:
        async with bench() as at:
            group = await at.group("blue")
            server = await at.serve([group])
            await asyncio.sleep(0.05)
            assert await shown(at, group) == [
                {
                    "Target": {"Id": server.ip, "Port": 8080, "AvailabilityZone": "all"},
                    "TargetHealth": {
                        "State": "unused",
                        "Reason": "Target.NotInUse",
                        "Description": "Target group is not configured to receive traffic from the load balancer",
                    },
                }
            ]
            listener, _ = await at.listen(await at.load_balancer(), forward(**{group: 0}))
            await at.state(group, server.ip, server.port, "healthy")
            assert await shown(at, group) == [
                {
                    "Target": {"Id": server.ip, "Port": 8080, "AvailabilityZone": "all"},
                    "TargetHealth": {"State": "healthy"},
                    "HealthCheckPort": "8080",
                }
            ]
            await at.call("DeleteListener", ListenerArn=listener)
            assert (await shown(at, group))[0]["TargetHealth"]["State"] == "unused"

    asyncio.run(run())


def test_one_passed_check_makes_a_new_target_healthy() -> None:
    async def run() -> None:
        async with bench(speed=1.0) as at:  # five seconds between checks, so a second check cannot have been needed
            group = await at.group("blue", HealthyThresholdCount=10)
            await at.listen(await at.load_balancer(), forward(**{group: 1}))
            server = await at.serve([group])
            assert at.parts.load_balancing.health(group, server.ip, server.port).reason == "Elb.RegistrationInProgress"
            await at.state(group, server.ip, server.port, "healthy", within=4.0)

    asyncio.run(run())


def test_a_target_that_answers_otherwise_is_unhealthy_and_needs_the_threshold_to_return() -> None:
    async def run() -> None:
        async with bench() as at:
            group = await at.group("blue", HealthyThresholdCount=10)
            await at.listen(await at.load_balancer(), forward(**{group: 1}))
            server = await at.serve([group], health=503)
            await at.state(group, server.ip, server.port, "unhealthy")
            (description,) = await shown(at, group)
            assert description["TargetHealth"] == {
                "State": "unhealthy",
                "Reason": "Target.ResponseCodeMismatch",
                "Description": "Health checks failed with these codes: [503]",
            }
            server.health = 200
            await asyncio.sleep(0.15)  # one or two checks
            assert at.parts.load_balancing.health(group, server.ip, server.port).state == "unhealthy"
            await at.state(group, server.ip, server.port, "healthy")

    asyncio.run(run())


def test_a_target_that_refuses_or_is_silent_is_unhealthy() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def run() -> None:
        async with bench() as at:
            group = await at.group("blue")
            await at.listen(await at.load_balancer(), forward(**{group: 1}))
            ip, port = await at.serve_raw([group], silent)
            at.parts.load_balancing.register(group, "10.9.9.9", 8080)
            await at.state(group, "10.9.9.9", 8080, "unhealthy")
            refused = at.parts.load_balancing.health(group, "10.9.9.9", 8080)
            assert (refused.reason, refused.description) == ("Target.FailedHealthChecks", "Health checks failed")
            await at.state(group, ip, port, "unhealthy", within=10)
            timed_out = at.parts.load_balancing.health(group, ip, port)
            assert (timed_out.reason, timed_out.description) == ("Target.Timeout", "Request timed out")

    asyncio.run(run())


def test_a_check_is_one_request_with_elbs_user_agent_on_a_connection_of_its_own() -> None:
    requests: list[bytes] = []

    async def record(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        assert await reader.read() == b""  # the load balancer closes
        writer.close()

    async def run() -> None:
        async with bench() as at:
            group = await at.group("blue", HealthCheckPath="/ready?deep=1", Matcher={"HttpCode": "200,204"})
            await at.listen(await at.load_balancer(), forward(**{group: 1}))
            ip, port = await at.serve_raw([group], record)
            await at.state(group, ip, port, "healthy")
            async with asyncio.timeout(10):
                while len(requests) < 2:  # noqa: ASYNC110 - what is waited for is seen only by looking
                    await asyncio.sleep(0.02)

    asyncio.run(run())
    assert requests[0].startswith(b"GET /ready?deep=1 HTTP/1.1\r\n")
    assert b"User-Agent: ELB-HealthChecker/2.0\r\n" in requests[0]


def test_changed_settings_hold_for_the_next_check() -> None:
    async def run() -> None:
        async with bench() as at:
            group = await at.group("blue", HealthCheckIntervalSeconds=300)
            await at.listen(await at.load_balancer(), forward(**{group: 1}))
            server = await at.serve([group], health=418)
            await asyncio.sleep(0.05)
            assert at.parts.load_balancing.health(group, server.ip, server.port).reason == "Elb.InitialHealthChecking"
            await at.call("ModifyTargetGroup", TargetGroupArn=group, Matcher={"HttpCode": "418"})
            await at.state(group, server.ip, server.port, "healthy", within=4.0)

    asyncio.run(run())


def test_targets_that_are_asked_for_and_not_there_are_not_registered() -> None:
    async def run() -> None:
        async with bench() as at:
            group = await at.group("blue")
            answer = await at.call(
                "DescribeTargetHealth", TargetGroupArn=group, Targets=[{"Id": "10.1.1.1", "Port": 80}]
            )
            (description,) = answer["TargetHealthDescriptions"]
            assert description["TargetHealth"]["Reason"] == "Target.NotRegistered"
            await at.call("DeregisterTargets", TargetGroupArn=group, Targets=[{"Id": "10.1.1.1", "Port": 80}])
            await at.call("DeleteTargetGroup", TargetGroupArn=group)
            assert not at.parts.load_balancing.exists(group)
            assert at.parts.load_balancing.health(group, "10.1.1.1", 80).reason == "Target.NotRegistered"
            await at.parts.load_balancing.deregister(group, "10.1.1.1", 80)

    asyncio.run(run())
