"""Two hundred services in one release: what must not grow, and what AWS's limits allow. Counts only, no CPU times."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import cache

import pytest
from benchmarks.scale import Run, environment, run

from appdp.engine.deploy import Step
from appdp.model.deployment import LOG_LIMIT, Deployment, Failure, LogEntry, Outcome, Owner, Phase, TaskFailure
from appdp.model.packing import PACKED_ABOVE, STATE_LIMIT, pack, unpack
from appdp.model.service_state import Progress, ServiceState
from appdp.runtime.advance import answer
from tests.fakes.aws import FakeAws

HISTORY_LIMIT = 25_000
"""See: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
FUNCTION_SECONDS = 300
"""What the deployer's function may take; its construct says so."""
MANY = 200
MOST = 480
"""As many as one gate names."""


@cache
def ran(services: int) -> Run:
    """A release of so many services; the same one for every test."""
    return run(environment(services))


def test_ten_services_are_never_told_to_slow_down() -> None:
    assert ran(10).end.outcome is Outcome.SUCCEEDED
    assert ran(10).rates.throttled.total() == 0
    assert ran(10).registering < 3


@pytest.mark.slow
def test_two_hundred_register_as_fast_as_ecs_allows() -> None:
    assert ran(MANY).end.outcome is Outcome.SUCCEEDED
    assert ran(MANY).rates.throttled.total() == 0
    assert ran(MANY).ideal == MANY - 20
    assert ran(MANY).registering <= 1.1 * ran(MANY).ideal
    assert ran(MANY).rates.calls["RegisterTaskDefinition"] == MANY


@pytest.mark.slow
def test_calls_per_service_do_not_grow() -> None:
    assert ran(MANY).calls / MANY <= ran(50).calls / 50 <= ran(10).calls / 10
    for name, count in ran(MANY).rates.calls.items():
        assert count / MANY <= ran(10).rates.calls[name] / 10 + 0.1, name


@pytest.mark.slow
def test_no_step_takes_longer_than_the_function_may() -> None:
    assert ran(MANY).longest_step < FUNCTION_SECONDS / 2


@pytest.mark.slow
def test_a_day_of_baking_two_hundred_services_stays_within_the_history() -> None:
    aws = environment(MANY)
    for service in aws.services.services.values():
        service.bake_seconds = 86_400
    aws.clock.hurry(lambda: bakes(aws))
    measured = run(aws)
    assert measured.end.outcome is Outcome.SUCCEEDED
    assert measured.seconds > 86_400
    assert measured.events < HISTORY_LIMIT


def bakes(aws: FakeAws) -> bool:
    """Whether nothing moves: all that goes on is baking."""
    stages = {service.rollout.stage for service in aws.services.services.values() if service.rollout}
    return stages == {"BAKE_TIME"}


def test_the_worst_state_of_as_many_services_as_there_can_be_fits() -> None:
    sent = answer(Step(deployment=worst(MOST), wait_seconds=300))
    assert len(json.dumps(sent)) < STATE_LIMIT
    assert len(json.dumps(worst(MOST).to_dict())) > STATE_LIMIT, "then packing would not be needed"
    assert Deployment.from_dict(json.loads(json.dumps(sent["deployment"]))) == worst(MOST)


def test_a_packed_state_says_what_it_is() -> None:
    packed = pack(worst(MANY).to_dict())
    assert (packed["id"], packed["phase"], packed["environment"]) == ("d" * 80, "return", "production")
    assert "services" not in packed


def test_a_small_state_is_readable() -> None:
    small = replace(worst(3), log=(), failure=None).to_dict()
    assert len(json.dumps(small)) < PACKED_ABOVE
    assert pack(small) == small == unpack(small)


def noise(seed: object, length: int) -> str:
    """Text that does not compress well: half a byte of news a character."""
    text = ""
    while len(text) < length:
        text += hashlib.sha256(f"{seed} {len(text)}".encode()).hexdigest()
    return text[:length]


def worst(services: int) -> Deployment:
    """Every field of every service full, long names, a full log, and all that is known of three failed tasks."""
    tasks = tuple(
        TaskFailure(
            task=noise(number, 32),
            reason=noise(number, 255),
            container="application",
            exit_code=137,
            health=noise(number, 255),
            log=tuple(noise((number, line), 500) for line in range(10)),
        )
        for number in range(3)
    )
    return Deployment(
        id="d" * 80,
        application="application",
        environment="production",
        release=noise("release", 40),
        previous=noise("previous", 40),
        owner=Owner(
            execution=f"arn:aws:states:eu-central-1:123456789012:execution:{'e' * 160}", requested_by="a" * 200
        ),
        started_at=1_800_000_000.123,
        phase=Phase.RETURN,
        services=tuple(full(number) for number in range(services)),
        failure=Failure(service="service-000", summary=noise("summary", 500), tasks=tasks),
        log=tuple(LogEntry(at=1.8e9 + line, text=noise(line, 200), service=name(line)) for line in range(LOG_LIMIT)),
        digests={name(number): f"sha256:{noise(number, 64)}" for number in range(services)},
    )


def name(number: int) -> str:
    """A long name of a service."""
    return f"a-service-with-a-long-name-{number:03}"


def full(number: int) -> ServiceState:
    """One service with everything that a deployment may know of it."""
    arn = f"arn:aws:ecs:eu-central-1:123456789012:service/production-cluster/{name(number)}"
    deployment = arn.replace(":service/", ":service-deployment/")
    family = f"arn:aws:ecs:eu-central-1:123456789012:task-definition/application-production-{name(number)}"
    return ServiceState(
        name=name(number),
        progress=Progress.RETURNING,
        previous_task_definition=f"{family}:{1000 + number}",
        baseline_deployment=f"{deployment}/{noise((number, 1), 20)}",
        task_definition=f"{family}:{1001 + number}",
        deployment=f"{deployment}/{noise((number, 2), 20)}",
        stage="POST_PRODUCTION_TRAFFIC_SHIFT",
        detail=f"{deployment}/{noise((number, 2), 20)} is stopped with a rollback",
        return_deployment=f"{deployment}/{noise((number, 3), 20)}",
        seen_unhealthy=tuple(
            f"10.0.{number % 250}.{one}:8080 unhealthy: Health checks failed with these codes: [503]"
            for one in range(6)
        ),
        cluster="arn:aws:ecs:eu-central-1:123456789012:cluster/production-cluster",
        arn=arn,
        since=1_800_000_000.456,
    )
