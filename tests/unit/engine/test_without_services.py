"""An environment of schedules and jobs alone is released like any other."""

from __future__ import annotations

import pytest

from appdp.engine.deploy import plan
from appdp.errors import NotFound
from appdp.model.deployment import Outcome
from appdp.model.handoff import schedule_parameter
from appdp.model.job import JobRun
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.driver import deploy, request
from tests.fakes.jobs import JobBehaviour
from tests.unit.engine.invariants import holds_for


def batch_aws() -> FakeAws:
    """A schedule, and a migration before it; both have the image ``report``. Two releases, none deployed."""
    aws = FakeAws(services={})
    aws.add_schedule("report")
    aws.add_job("migrate", image="report")
    aws.publish("r1")
    aws.publish("r2")
    return aws


def on_demand_aws() -> FakeAws:
    """A job that is run by hand, and nothing else. One release, not deployed."""
    aws = FakeAws(services={})
    aws.add_schedule("report")
    aws.publish("r1")
    del aws.parameters.values[schedule_parameter(APPLICATION, ENVIRONMENT, "report")]
    aws.schedules.stored.clear()
    aws.add_job("by-hand", image="report", run=JobRun.ON_DEMAND)
    return aws


def test_the_first_release_migrates_and_switches_the_schedule_on() -> None:
    aws = batch_aws()
    planned = plan(request("r1"), aws.ports)
    assert planned.changes
    assert [job.name for job in planned.jobs] == ["migrate"]
    done = deploy(aws, "r1")
    assert done.outcome is Outcome.SUCCEEDED, done.failure
    assert aws.would_run("report") == aws.digest("report", "r1")
    assert len(aws.jobs.ran("migrate")) == 1
    holds_for(aws, "r1")


def test_the_next_release_and_the_way_back_move_the_schedule() -> None:
    aws = batch_aws()
    deploy(aws, "r1", id="d1")
    assert deploy(aws, "r2", id="d2").outcome is Outcome.SUCCEEDED
    assert aws.would_run("report") == aws.digest("report", "r2")
    assert deploy(aws, "r2", id="d3").outcome is Outcome.NOTHING_TO_DO
    assert deploy(aws, "r1", id="d4", rollback=True).outcome is Outcome.SUCCEEDED
    assert aws.would_run("report") == aws.digest("report", "r1")
    holds_for(aws, "r1")


def test_a_migration_that_fails_leaves_the_schedule() -> None:
    aws = batch_aws()
    deploy(aws, "r1", id="d1")
    aws.jobs.behaves["shop-dev-migrate"] = JobBehaviour(exit_code=3)
    assert deploy(aws, "r2", id="d2").outcome is Outcome.ROLLED_BACK
    assert aws.would_run("report") == aws.digest("report", "r1")
    holds_for(aws, "r1")


def test_jobs_on_demand_alone_are_released_too() -> None:
    aws = on_demand_aws()
    done = deploy(aws, "r1")
    assert done.outcome is Outcome.SUCCEEDED, done.failure
    assert "no service has to run r1; it is recorded" in [entry.text for entry in done.log]
    assert not aws.jobs.started
    holds_for(aws, "r1")


def test_a_release_that_does_not_exist_is_named_with_those_that_do() -> None:
    aws = on_demand_aws()
    with pytest.raises(NotFound) as caught:
        plan(request("r9"), aws.ports)
    assert "r1" in str(caught.value)
