"""When a deployment is hopeless, and what is said of its tasks."""

from __future__ import annotations

from typing import Any

import pytest

from appdp.engine.deploy.reasons import collect
from appdp.engine.deploy.watchdog import Seen, is_good, remember, verdict
from appdp.engine.live import LiveTask, StoppedContainer, TargetHealth
from appdp.model.service_state import ServiceState
from tests.fakes.aws import FakeAws

NOW = 10_000.0


def state(**changes: Any) -> ServiceState:  # fields of the state
    return ServiceState(**{"name": "web", "since": NOW - 10, "stage": "SCALE_UP", **changes})


def task(number: int = 1, **changes: Any) -> LiveTask:  # fields of the task
    values: dict[str, Any] = {
        "arn": f"arn:task/shop/{number}",
        "task_definition": "arn:td",
        "status": "RUNNING",
        "health": "UNKNOWN",
        "stopped_reason": "",
        "started_at": NOW - 5,
        "created_at": NOW - 9 + number,
        "addresses": (f"10.0.0.{number}",),
    }
    return LiveTask(**{**values, **changes})


def stopped(
    number: int, reason: str = "Essential container in task exited", **changes: Any
) -> LiveTask:  # fields of the task
    return task(number, status="STOPPED", stopped_reason=reason, **changes)


def target(number: int, health: str, description: str = "") -> TargetHealth:
    return TargetHealth(
        address=f"10.0.0.{number}", port=80, state=health, reason="Target.Timeout", description=description
    )


THREE = tuple(stopped(number) for number in (2, 3, 4))


@pytest.mark.parametrize(
    ("service", "seen", "said"),
    [
        (state(), Seen(), None),
        (state(), Seen(stopped=THREE[:2]), None),
        (state(), Seen(stopped=THREE), "3 of its new tasks stopped and none is healthy"),
        (state(), Seen(stopped=THREE, running=(task(),)), "3 of its new tasks stopped and none is healthy"),
        (state(), Seen(stopped=THREE, running=(task(started_at=NOW - 61),)), None),
        (state(), Seen(stopped=THREE, running=(task(health="HEALTHY"),)), None),
        (
            state(),
            Seen(stopped=tuple(stopped(n, "Scaling activity initiated by (deployment x)") for n in (1, 2, 3))),
            None,
        ),
        (state(since=NOW - 1801), Seen(), "its new tasks did not come up within 30 minutes"),
        (state(since=NOW - 1801, stage="PRE_SCALE_UP"), Seen(), None),
        (state(since=NOW - 1801, stage="", shifts=False), Seen(), "its new tasks did not come up within 30 minutes"),
        (state(since=NOW - 1801, stage="", shifts=False), Seen(running=(task(health="HEALTHY"),)), None),
    ],
)
def test_verdicts(service: ServiceState, seen: Seen, said: str | None) -> None:
    assert verdict(service, seen, NOW) == said


@pytest.mark.parametrize(
    ("one", "targets", "good"),
    [
        (task(health="UNHEALTHY", started_at=0.0), (), False),
        (task(status="PENDING", started_at=None), (), False),
        (task(started_at=None), (), False),
        (task(started_at=0.0), (target(1, "unhealthy"),), False),
        (task(), (target(1, "healthy"),), True),
        (task(), (target(2, "healthy"),), False),
    ],
)
def test_a_task_is_good_when_it_serves(one: LiveTask, targets: tuple[TargetHealth, ...], good: bool) -> None:
    assert is_good(one, targets, NOW) is good


def test_failing_answers_of_our_tasks_are_remembered_once_and_not_for_ever() -> None:
    seen = Seen(running=(task(1),), targets=(target(1, "unhealthy", "codes: [503]"), target(9, "unhealthy")))
    once = remember(state(), seen)
    assert once.seen_unhealthy == ("10.0.0.1:80 unhealthy: codes: [503]",)
    assert remember(once, seen) == once
    assert remember(once, Seen(running=(task(1),), targets=(target(1, "healthy"),))) == once
    for number in range(20):
        once = remember(once, Seen(running=(task(number),), targets=(target(number, "unhealthy"),)))
    assert len(once.seen_unhealthy) == 6
    assert once.seen_unhealthy[-1] == "10.0.0.19:80 unhealthy: Target.Timeout"


def container(name: str, exit_code: int | None, reason: str = "", health: str = "UNKNOWN") -> StoppedContainer:
    return StoppedContainer(name=name, exit_code=exit_code, reason=reason, health=health)


@pytest.mark.parametrize(
    ("containers", "name", "code"),
    [
        ((container("a", 0), container("b", 3)), "b", 3),
        ((container("a", None), container("b", 0)), "b", 0),
        ((container("a", None), container("b", None, "OutOfMemoryError")), "b", None),
        ((container("a", None),), None, None),
    ],
)
def test_the_container_that_ended_first_is_named(
    containers: tuple[StoppedContainer, ...], name: str | None, code: int | None
) -> None:
    seen = Seen(stopped=(stopped(1, containers=containers),))
    (failure,) = collect(state(), "s", seen, FakeAws().ports, NOW).tasks
    assert (failure.container, failure.exit_code) == (name, code)


def test_the_newest_three_are_told_of() -> None:
    tasks = collect(state(), "s", Seen(stopped=(*THREE, stopped(5))), FakeAws().ports, NOW).tasks
    assert [one.task for one in tasks] == ["5", "4", "3"]


def test_reasons_are_put_together() -> None:
    unhealthy = container("a", 1, "OutOfMemoryError: killed", "UNHEALTHY")
    service = state(seen_unhealthy=("10.0.0.1:80 unhealthy: [503]", "10.0.0.2:80 unhealthy: [500]"))
    (one,) = collect(service, "s", Seen(stopped=(stopped(1, "", containers=(unhealthy,)),)), FakeAws().ports, NOW).tasks
    assert one.reason == "it stopped; ECS gives no reason (OutOfMemoryError: killed)"
    assert one.health == "container a is UNHEALTHY; 10.0.0.1:80 unhealthy: [503]"


def test_without_any_task_the_last_failing_answer_is_the_reason() -> None:
    service = state(seen_unhealthy=("10.0.0.2:80 unhealthy: [500]",))
    (one,) = collect(service, "s", Seen(), FakeAws().ports, NOW).tasks
    assert (one.task, one.reason, one.health) == (
        "10.0.0.2:80",
        "its health check failed",
        "10.0.0.2:80 unhealthy: [500]",
    )
    assert collect(state(), "s", Seen(), FakeAws().ports, NOW).tasks == ()


@pytest.mark.parametrize(
    ("configuration", "lines"),
    [
        (None, ()),
        ({"logDriver": "awsfirelens", "options": {}}, ()),
        ({"logDriver": "awslogs", "options": {"awslogs-group": "g"}}, ()),
        ({"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-stream-prefix": "p"}}, ("x" * 500, "end")),
    ],
)
def test_the_last_log_lines_of_the_failed_container(
    configuration: dict[str, Any] | None, lines: tuple[str, ...]
) -> None:
    aws = FakeAws()
    containers = [{"name": "other", "image": "i"}, {"name": "a", "image": "i", "logConfiguration": configuration}]
    arn = aws.definitions.add({"family": "f", "containerDefinitions": containers})
    aws.logs.streams[("g", "p/a/1")] = [*["early"] * 20, "x" * 900, "end"]
    seen = Seen(stopped=(stopped(1, containers=(container("a", 1),)),))
    (one,) = collect(state(task_definition=arn), "s", seen, aws.ports, NOW).tasks
    assert one.log[-2:] == lines
    assert len(one.log) in (0, 10)
