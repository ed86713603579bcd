"""Jobs before and after traffic, against the fake account."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from appdp.engine.deploy import ask_to_stop
from appdp.engine.deploy.jobs_log import new_lines
from appdp.errors import RemoteError, Throttled
from appdp.model.deployment import Deployment, Outcome, Phase
from appdp.model.handoff import job_parameter, service_parameter
from appdp.model.job import JobRun
from appdp.model.job_state import JobProgress
from appdp.model.stop_request import StopRequest
from tests.fakes import fake_aws
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.driver import deploy, drive, started, why
from tests.fakes.jobs import JobBehaviour
from tests.fakes.registry import Behaviour
from tests.unit.engine.invariants import holds_for

AFTER = JobRun.AFTER_TRAFFIC


def story(deployment: Deployment) -> str:
    return "\n".join(entry.text for entry in deployment.log)


def behaves(aws: FakeAws, job: str, behaviour: JobBehaviour) -> None:
    aws.jobs.behaves[f"shop-dev-{job}"] = behaviour


def test_jobs_run_in_order_around_the_shift_with_the_releases_images() -> None:
    aws = fake_aws()
    aws.add_job("migrate", order=1)
    aws.add_job("check", order=0)
    aws.add_job("warm", run=AFTER)
    aws.add_job("by-hand", run=JobRun.ON_DEMAND)
    done = deploy(aws, "r2")
    assert done.outcome is Outcome.SUCCEEDED, done.failure
    assert [task.family for task in aws.jobs.started.values()] == [
        "shop-dev-check",
        "shop-dev-migrate",
        "shop-dev-warm",
    ]
    assert all(task.image.endswith(f"@{aws.digest('api', 'r2')}") for task in aws.jobs.started.values())
    check, migrate, warm = aws.jobs.started.values()
    assert check.ends_at <= migrate.began_at
    shifts = [shift.at for shift in aws.shifts]
    assert migrate.ends_at <= min(shifts)
    assert warm.began_at >= max(shifts)
    assert "job migrate | migrating\njob migrate | done\n" in story(done)
    assert [job.progress for job in done.jobs] == [JobProgress.SUCCEEDED] * 3
    holds_for(aws, "r2")


def test_the_task_has_what_the_manifest_says() -> None:
    aws = fake_aws()
    job = aws.add_job("migrate")
    text = replace(job, capacity=({"capacityProvider": "FARGATE", "weight": 1},), platform_version="1.4.0").to_json()
    aws.parameters.put(job_parameter(APPLICATION, ENVIRONMENT, "migrate"), text)
    deploy(aws, "r2")
    (task,) = aws.jobs.ran("migrate")
    sent = task.request
    assert sent["networkConfiguration"] == job.network
    assert sent["capacityProviderStrategy"] == [{"capacityProvider": "FARGATE", "weight": 1}]
    assert sent["platformVersion"] == "1.4.0"
    assert sent["startedBy"] == "appdp-deploy/shop/dev"
    assert len(sent["clientToken"]) == 64
    assert aws.definitions.stored[sent["taskDefinition"]]["tags"] == [{"key": "team", "value": "shop"}]


def test_a_job_that_fails_before_traffic_leaves_everything_as_it_was() -> None:
    aws = fake_aws()
    aws.add_job("migrate")
    aws.add_job("never", order=1)
    behaves(aws, "migrate", JobBehaviour(exit_code=3, lines=("adding column", "ERROR: lock timeout")))
    done = deploy(aws, "r2")
    assert done.outcome is Outcome.ROLLED_BACK
    assert not aws.shifts
    assert all(len(service.rollouts) == 1 for service in aws.services.services.values()), "only the one of r1"
    assert not aws.jobs.ran("never")
    assert done.failure is not None
    text = done.failure.text()
    assert "job migrate failed with exit code 3" in text
    assert "Essential container in task exited" in text
    assert "      ERROR: lock timeout" in text
    holds_for(aws, "r1")


def test_a_job_that_fails_after_traffic_takes_every_service_back() -> None:
    aws = fake_aws()
    aws.add_job("warm", run=AFTER)
    behaves(aws, "warm", JobBehaviour(exit_code=1))
    done = deploy(aws, "r2")
    assert done.outcome is Outcome.ROLLED_BACK
    assert aws.shifts
    holds_for(aws, "r1")


def test_a_job_that_takes_too_long_is_stopped() -> None:
    aws = fake_aws()
    aws.add_job("migrate", timeout_seconds=120)
    behaves(aws, "migrate", JobBehaviour(seconds=100_000))
    done = deploy(aws, "r2")
    (task,) = aws.jobs.ran("migrate")
    assert task.stopped
    assert 120 <= task.ends_at - task.began_at < 140
    assert done.outcome is Outcome.ROLLED_BACK
    assert done.failure is not None
    assert "did not end within 120 s" in done.failure.summary
    assert done.failure.tasks[0].exit_code == 137


def test_a_job_whose_container_never_started_says_why() -> None:
    aws = fake_aws()
    aws.add_job("migrate")
    behaves(aws, "migrate", JobBehaviour(exit_code=None, lines=()))
    done = deploy(aws, "r2")
    assert done.failure is not None
    assert "ended without an exit code" in done.failure.summary
    assert "CannotPullContainerError" in done.failure.text()


def test_a_job_that_cannot_be_placed_says_why() -> None:
    aws = fake_aws()
    aws.add_job("migrate")
    aws.jobs.refuses = "ECS could not run it: RESOURCE:ENI."
    done = deploy(aws, "r2")
    assert done.outcome is Outcome.ROLLED_BACK
    assert "job migrate could not run: ECS could not run it: RESOURCE:ENI." in why(done)


def test_a_task_that_ecs_lists_late_is_waited_for_and_one_that_it_forgot_fails() -> None:
    aws = fake_aws()
    aws.add_job("migrate")
    aws.jobs.list_lag_seconds = 8
    assert deploy(aws, "r2").outcome is Outcome.SUCCEEDED
    aws.publish("r3")
    aws.jobs.list_lag_seconds = 0
    asleep = drive(aws, started(aws, "r3", id="d2"), until=lambda now: any(job.task for job in now.jobs))
    aws.jobs.forget(str(asleep.jobs[0].task))
    done = drive(aws, asleep)
    assert done.outcome is Outcome.ROLLED_BACK
    assert "does not know task" in why(done)


def test_stop_while_a_job_runs_stops_its_task() -> None:
    aws = fake_aws()
    aws.add_job("migrate")
    behaves(aws, "migrate", JobBehaviour(seconds=5000))
    running = drive(aws, started(aws, "r2"), until=lambda now: any(job.task for job in now.jobs))
    ask_to_stop(APPLICATION, ENVIRONMENT, StopRequest(deployment="d1", by="arn:bob", reason=""), aws.ports)
    done = drive(aws, running)
    (task,) = aws.jobs.ran("migrate")
    assert task.stopped
    assert task.ends_at <= aws.clock.now()
    assert done.outcome is Outcome.ROLLED_BACK
    assert done.jobs[0].progress is JobProgress.STOPPED
    holds_for(aws, "r1")


def test_a_release_that_changes_only_the_jobs_image_runs_the_job() -> None:
    aws = fake_aws()
    services = {"api": "r1", "storefront": "r1"}
    aws.add_job("migrate", image="api")
    aws.publish("r3", same={**services, "worker": "r1"})
    assert deploy(aws, "r3").outcome is Outcome.SUCCEEDED
    assert not aws.jobs.ran("migrate"), "its image is the same"
    # Without the worker, its image is the job's alone.
    aws.parameters.delete(service_parameter(APPLICATION, ENVIRONMENT, "worker"))
    aws.add_job("tool", image="worker", run=AFTER)
    aws.publish("r4", same=services)
    done = deploy(aws, "r4", id="d2")
    assert done.outcome is Outcome.SUCCEEDED, done.failure
    assert len(aws.jobs.ran("tool")) == 1


def test_a_deployment_with_nothing_to_change_runs_none() -> None:
    aws = fake_aws()
    aws.add_job("migrate")
    assert deploy(aws, "r1").outcome is Outcome.NOTHING_TO_DO
    assert not aws.jobs.started


def test_a_takeover_stops_what_the_dead_deployment_left_running() -> None:
    aws = fake_aws()
    aws.add_job("migrate")
    behaves(aws, "migrate", JobBehaviour(seconds=5000))
    drive(aws, started(aws, "r2", id="dead"), until=lambda now: any(job.task for job in now.jobs))
    aws.owners.running.clear()
    behaves(aws, "migrate", JobBehaviour())
    done = deploy(aws, "r2")
    assert done.outcome is Outcome.SUCCEEDED, done.failure
    first, second = aws.jobs.ran("migrate")
    assert first.stopped
    assert first.ends_at <= second.began_at
    holds_for(aws, "r2")


def test_the_first_release_runs_its_jobs_before_anything_is_up() -> None:
    aws = fake_aws(release=None)
    aws.add_job("migrate")
    assert deploy(aws, "r1").outcome is Outcome.SUCCEEDED
    (task,) = aws.jobs.ran("migrate")
    assert task.image.endswith(f"@{aws.digest('api', 'r1')}")
    failing = fake_aws(release=None)
    failing.add_job("migrate")
    behaves(failing, "migrate", JobBehaviour(exit_code=1))
    assert deploy(failing, "r1").outcome is Outcome.ROLLED_BACK
    holds_for(failing, None)


def test_a_long_story_is_cut_and_the_failure_has_the_last_lines() -> None:
    aws = fake_aws()
    aws.add_job("migrate", timeout_seconds=3600)
    lines = tuple(f"row {number}" for number in range(300))
    behaves(aws, "migrate", JobBehaviour(exit_code=1, seconds=301, lines=lines))
    done = deploy(aws, "r2")
    told = [entry.text for entry in done.log if entry.text.startswith("job migrate | row")]
    assert len(told) == 60
    assert "more lines are in /appdp/shop/dev" in story(done)
    assert done.failure is not None
    assert done.failure.tasks[0].log[-1] == "row 299"
    assert len(json.dumps(done.to_dict())) < 256 * 1024


class DeniedLogs:
    """CloudWatch Logs for a role that may not read them."""

    def tail(self, group: str, stream: str, lines: int) -> tuple[str, ...]:
        raise RemoteError("AWS refused logs:GetLogEvents", code="AccessDeniedException")


def test_a_log_that_cannot_be_read_ends_no_job() -> None:
    aws = fake_aws()
    aws.add_job("migrate")
    done = drive(aws, started(aws, "r2"), ports=replace(aws.ports, logs=DeniedLogs()))
    assert done.outcome is Outcome.SUCCEEDED
    assert story(done).count("the log could not be read") == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"containers": {"main": "nope"}}, "Job 'migrate' uses image 'nope', which the deployer does not know"),
        ({"containers": {"gone": "api"}}, "Job 'migrate' wants container 'gone'"),
        ({"deciding_container": "other"}, "Job 'migrate' wants container 'other'"),
    ],
)
def test_a_job_that_cannot_run_is_refused_before_anything(fault: dict[str, object], said: str) -> None:
    aws = fake_aws()
    job = replace(aws.add_job("migrate"), **fault)  # type: ignore[arg-type]  # fields by name
    aws.parameters.put(job_parameter(APPLICATION, ENVIRONMENT, "migrate"), job.to_json())
    done = deploy(aws, "r2")
    assert done.outcome is Outcome.REFUSED
    assert said in why(done)


def test_an_image_that_was_not_built_for_the_jobs_platform_is_refused() -> None:
    aws = fake_aws()
    aws.add_job("migrate", image="worker")
    aws.publish("r3", platforms=("linux/amd64",))
    done = deploy(aws, "r3")
    assert "Job 'migrate' runs on linux/arm64, but image 'worker'" in why(done)


def test_a_job_whose_manifest_goes_away_meanwhile_takes_the_deployment_back() -> None:
    aws = fake_aws()
    aws.add_job("migrate")
    ready = drive(aws, started(aws, "r2"), until=lambda now: now.phase is Phase.JOBS_BEFORE)
    aws.parameters.delete(job_parameter(APPLICATION, ENVIRONMENT, "migrate"))
    done = drive(aws, ready)
    assert done.outcome is Outcome.ROLLED_BACK
    assert "The manifest of job 'migrate' was deleted meanwhile" in why(done)


def test_a_broken_green_after_a_job_says_only_what_broke() -> None:
    aws = fake_aws()
    aws.add_job("migrate")
    aws.publish("bad", broken={"api": Behaviour.EXITS})
    done = deploy(aws, "bad")
    assert done.outcome is Outcome.ROLLED_BACK
    assert done.failure is not None
    assert done.failure.service == "api"
    holds_for(aws, "r1")


def test_a_state_without_jobs_is_still_read() -> None:
    aws = fake_aws()
    aws.add_job("migrate")
    state = drive(aws, started(aws, "r2"), until=lambda now: any(job.task for job in now.jobs))
    data = json.loads(json.dumps(state.to_dict()))
    assert Deployment.from_dict(data) == state
    del data["jobs"]
    assert Deployment.from_dict(data).jobs == ()


@pytest.mark.parametrize(
    ("before", "after", "new"),
    [
        ((), ("a", "b"), ("a", "b")),
        (("a", "b"), ("a", "b"), ()),
        (("a", "b"), ("b", "c"), ("c",)),
        (("a", "b"), ("x", "y"), ("x", "y")),
        (("a", "b"), (), ()),
    ],
)
def test_only_new_lines_are_told(before: tuple[str, ...], after: tuple[str, ...], new: tuple[str, ...]) -> None:
    assert new_lines(before, after) == new


def test_a_job_that_cannot_log_is_run_all_the_same() -> None:
    aws = fake_aws()
    job = aws.add_job("migrate")
    for container in aws.definitions.stored[job.task_definition]["containerDefinitions"]:
        container.pop("logConfiguration", None)
    done = deploy(aws, "r2")
    assert done.outcome is Outcome.SUCCEEDED
    assert "job migrate |" not in story(done)


def test_throttling_passes_and_the_same_state_goes_on() -> None:
    aws = fake_aws()
    aws.add_job("migrate")
    ready = drive(aws, started(aws, "r2"), until=lambda now: now.phase is Phase.JOBS_BEFORE)
    throttled = replace(aws.ports, task_definitions=ThrottledDefinitions())
    with pytest.raises(Throttled):
        drive(aws, ready, ports=throttled)
    assert drive(aws, ready).outcome is Outcome.SUCCEEDED


class ThrottledDefinitions:
    """ECS asks to slow down."""

    def read(self, arn: str) -> dict[str, object]:
        raise Throttled(f"{arn}: slow down", code="ThrottlingException")

    def register(self, definition: object) -> str:
        raise Throttled("slow down", code="ThrottlingException")
