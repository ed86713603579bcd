"""Alarms that are red before a deployment starts."""

from __future__ import annotations

import pytest

from appdp.engine.deploy import begin, plan
from appdp.errors import Refused
from appdp.model.deployment import Deployment, Outcome
from appdp.model.request import Request
from tests.fakes import fake_aws
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.driver import drive, execution, started
from tests.unit.engine.invariants import holds_for, nothing_left


def watched(*, red: tuple[str, ...]) -> FakeAws:
    """The api is watched by two alarms, the worker by one; these are red."""
    aws = fake_aws()
    aws.service("api").alarms = ("api-5xx", "api-slow")
    aws.service("worker").alarms = ("worker-stuck",)
    aws.alarms.red.update(red)
    return aws


def wish(*, ignore: bool = False, rollback: bool = False, release: str = "r2") -> Request:
    return Request(
        application=APPLICATION,
        environment=ENVIRONMENT,
        release=release,
        id="d1",
        rollback=rollback,
        ignore_alarms=ignore,
    )


def run(aws: FakeAws, request: Request) -> Deployment:
    owner = execution()
    aws.owners.running.add(str(owner.execution))
    return drive(aws, begin(request, owner=owner, now=aws.clock.now()))


def test_a_red_alarm_is_refused_with_its_name_and_the_way_out_and_nothing_changes() -> None:
    aws = watched(red=("api-5xx", "worker-stuck"))
    with pytest.raises(Refused) as refused:
        plan(wish(), aws.ports)
    text = str(refused.value)
    for part in ("'api': api-5xx is in ALARM", "'worker': worker-stuck is in ALARM", "--ignore-alarms"):
        assert part in text
    assert "api-slow" not in text
    done = run(aws, wish())
    assert done.outcome is Outcome.REFUSED
    assert aws.shifts == []
    nothing_left(aws)


def test_the_alarm_of_a_service_that_does_not_change_is_nobodys_business() -> None:
    aws = watched(red=("worker-stuck",))
    aws.publish("r3", same={"worker": "r1"})
    assert run(aws, wish(release="r3")).outcome is Outcome.SUCCEEDED


def test_whoever_ignores_alarms_is_told_what_that_means() -> None:
    aws = watched(red=("api-slow",))
    assert plan(wish(ignore=True), aws.ports).red_alarms == {"api": ("api-slow",)}
    done = run(aws, wish(ignore=True))
    assert done.outcome is Outcome.SUCCEEDED
    assert any("api-slow is in ALARM" in entry.text and entry.service == "api" for entry in done.log)
    holds_for(aws, "r2")


def test_going_back_waits_for_no_alarm() -> None:
    aws = watched(red=())
    run(aws, wish())
    aws.alarms.red.add("api-5xx")
    assert run(aws, wish(release="r1", rollback=True)).outcome is Outcome.SUCCEEDED
    holds_for(aws, "r1")


def test_nobody_is_asked_where_no_service_has_alarms() -> None:
    aws = fake_aws()
    aws.alarms.red.add("api-5xx")
    assert drive(aws, started(aws, "r2")).outcome is Outcome.SUCCEEDED
