"""A deployment's state: what it remembers, and that it survives the state machine."""

from __future__ import annotations

import json

import pytest

from appdp.model.deployment import LOG_LIMIT, Deployment, Failure, LogEntry, Outcome, Owner, Phase, TaskFailure
from appdp.model.service_state import Progress, ServiceState

OWNER = Owner(execution="arn:execution", requested_by="arn:me")
TASK = TaskFailure(task="abc", reason="it exited", container="web", exit_code=1, health="[503]", log=("one", "two"))


def deployment(**changes: object) -> Deployment:
    values: dict[str, object] = {
        "id": "d1",
        "application": "shop",
        "environment": "dev",
        "release": "r2",
        "owner": OWNER,
        "started_at": 1.0,
    }
    return Deployment(**{**values, **changes})  # type: ignore[arg-type]  # a table of fields


FULL = deployment(
    previous="r1",
    phase=Phase.DONE,
    services=(ServiceState(name="web", progress=Progress.AT_GATE, seen_unhealthy=("a", "b"), first=True),),
    gate_opens_at=9.0,
    failure=Failure(service="web", summary="s", tasks=(TASK,)),
    outcome=Outcome.ROLLED_BACK,
    log=(LogEntry(at=1.0, text="t", service="web"),),
    digests={"web": "sha256:0"},
)


@pytest.mark.parametrize("state", [deployment(), FULL])
def test_a_state_survives_json(state: Deployment) -> None:
    assert Deployment.from_dict(json.loads(json.dumps(state.to_dict()))) == state


def test_a_state_of_a_later_version_can_be_read() -> None:
    data = {**FULL.to_dict(), "new": 1}
    data["services"] = [{**service, "new": 1} for service in data["services"]]
    assert Deployment.from_dict(data) == FULL


def test_a_state_of_many_services_fits_the_state_machine() -> None:
    arn = "arn:aws:ecs:ap-northeast-1:123456789012:service-deployment/a-cluster-name-of-some-length/" + "x" * 60
    services = tuple(
        ServiceState(
            name=f"service-{number:03}-{'x' * 16}",
            previous_task_definition=arn,
            baseline_deployment=arn,
            task_definition=arn,
            deployment=arn,
            return_deployment=arn,
            cluster=arn,
            arn=arn,
            detail=arn,
        )
        for number in range(100)
    )
    log = tuple(LogEntry(at=1_800_000_000.5, text="x" * 120, service="x" * 32) for _ in range(LOG_LIMIT))
    assert len(json.dumps(deployment(services=services, log=log).to_dict())) < 256 * 1024


def test_only_the_newest_log_lines_are_kept() -> None:
    state = deployment()
    for number in range(LOG_LIMIT + 5):
        state = state.logged(float(number), f"line {number}")
    assert len(state.log) == LOG_LIMIT
    assert state.log[-1].text == f"line {LOG_LIMIT + 4}"


def test_a_service_is_found_and_replaced_by_name() -> None:
    state = deployment(services=(ServiceState(name="a"), ServiceState(name="b")))
    changed = state.with_service(ServiceState(name="b", stage="SCALE_UP"))
    assert changed.service("b").stage == "SCALE_UP"
    assert changed.service("a") == state.service("a")
    assert not changed.done
    assert FULL.done


def test_a_failure_tells_everything() -> None:
    assert FULL.failure is not None
    assert FULL.failure.text().splitlines() == [
        "web: s",
        "  task abc: it exited",
        "    container web exited with code 1",
        "    health check: [503]",
        "    last log lines:",
        "      one",
        "      two",
    ]
    bare = Failure(service="", summary="s", tasks=(TaskFailure(task="t", reason="r", exit_code=2),))
    assert bare.text().splitlines() == ["s", "  task t: r", "    container ? exited with code 2"]
    silent = Failure(service="", summary="s", tasks=(TaskFailure(task="t", reason="r"),))
    assert silent.text().splitlines() == ["s", "  task t: r"]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.SUCCEEDED, 0),
        (Outcome.NOTHING_TO_DO, 3),
        (Outcome.ROLLED_BACK, 4),
        (Outcome.FAILED, 5),
        (Outcome.REFUSED, 8),
    ],
)
def test_every_outcome_has_its_exit_code(outcome: Outcome, code: int) -> None:
    assert outcome.exit_code == code
