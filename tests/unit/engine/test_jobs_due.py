"""Which jobs a deployment runs, what the plan says of them, and which ones going back needs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appdp.cli.output import plan_lines
from appdp.engine.deploy import plan
from appdp.errors import Refused
from appdp.model.deployment import Deployment, Outcome
from appdp.model.job import JobRun, OnRollback
from tests.fakes import fake_aws
from tests.fakes.aws import FakeAws
from tests.fakes.driver import deploy, drive, request, started
from tests.unit.engine.invariants import holds_for

AFTER = JobRun.AFTER_TRAFFIC


@pytest.mark.parametrize("rollback", [False, True])
def test_the_plan_says_which_jobs_would_run(rollback: bool) -> None:
    aws = fake_aws()
    if rollback:
        aws.standing_at("r2")
    aws.add_job("migrate", order=1)
    aws.add_job("undo", on_rollback=OnRollback.RUN)
    aws.add_job("warm", run=AFTER)
    planned = plan(request(None if rollback else "r2", rollback=rollback), aws.ports)
    names = [job.name for job in planned.jobs]
    assert names == (["undo"] if rollback else ["undo", "migrate", "warm"])
    assert "  job undo runs before traffic" in plan_lines(planned)
    done = deploy(aws, None if rollback else "r2", rollback=rollback)
    assert [job.name for job in done.jobs] == names


def test_a_plan_with_nothing_to_change_has_no_job() -> None:
    aws = fake_aws()
    aws.add_job("migrate")
    planned = plan(request("r1"), aws.ports)
    assert (planned.jobs, planned.changes) == ((), False)


def test_a_rollback_runs_only_the_jobs_that_are_marked_for_it() -> None:
    aws = fake_aws()
    aws.standing_at("r2")
    aws.add_job("migrate")
    aws.add_job("undo", on_rollback=OnRollback.RUN)
    assert deploy(aws, None, rollback=True).outcome is Outcome.SUCCEEDED
    assert not aws.jobs.ran("migrate")
    assert len(aws.jobs.ran("undo")) == 1
    holds_for(aws, "r1")


def left_with(needs_jobs: bool) -> FakeAws:
    """At r3, after r1 and r2, of which r2 said whether going back needs jobs."""
    aws = fake_aws()
    aws.publish("r3")
    aws.add_job("migrate")
    for name, id in (("r2", "d2"), ("r3", "d3")):
        state = replace(started(aws, name, id=id), rollback_needs_jobs=needs_jobs and name == "r2")
        assert drive(aws, state).outcome is Outcome.SUCCEEDED
    aws.jobs.started.clear()
    return aws


def back_to(aws: FakeAws, release: str, *, with_jobs: bool | None = None) -> Deployment:
    return drive(aws, replace(started(aws, release, id="back", rollback=True), with_jobs=with_jobs))


def test_leaving_a_release_whose_rollback_needs_jobs_takes_a_decision() -> None:
    aws = left_with(needs_jobs=True)
    refused = back_to(aws, "r1")
    assert refused.outcome is Outcome.REFUSED
    assert refused.failure is not None
    assert "leaves r2, deployed with --rollback-needs-jobs" in refused.failure.summary
    with pytest.raises(Refused, match="--with-jobs"):
        plan(request("r1", rollback=True), aws.ports)
    assert back_to(aws, "r1", with_jobs=True).outcome is Outcome.SUCCEEDED
    (task,) = aws.jobs.ran("migrate")
    assert task.image.endswith(f"@{aws.digest('api', 'r1')}")
    again = left_with(needs_jobs=True)
    assert back_to(again, "r1", with_jobs=False).outcome is Outcome.SUCCEEDED
    assert not again.jobs.started


def test_going_back_to_such_a_release_or_leaving_others_needs_no_decision() -> None:
    assert back_to(left_with(needs_jobs=True), "r2").outcome is Outcome.SUCCEEDED
    assert back_to(left_with(needs_jobs=False), "r1").outcome is Outcome.SUCCEEDED
