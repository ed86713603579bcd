"""A job's manifest: it survives its parameter, keeps its order, and asks ECS for what ECS takes."""

from __future__ import annotations

import json
from dataclasses import replace

import botocore.session
import pytest
from botocore.validate import ParamValidator

from appdp.errors import ConfigurationError
from appdp.model.job import JobManifest, JobRun, OnRollback, client_token, in_order, run_request

JOB = JobManifest(
    name="migrate",
    cluster="arn:cluster",
    task_definition="arn:td:1",
    containers={"migrate": "web"},
    network={"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "DISABLED"}},
    deciding_container="migrate",
    timeout_seconds=600,
    on_rollback=OnRollback.RUN,
    platform_version="1.4.0",
    capacity=({"capacityProvider": "FARGATE_SPOT", "weight": 1},),
)


def test_a_manifest_survives_its_parameter() -> None:
    assert JobManifest.from_json(JOB.to_json()) == JOB


def test_unknown_keys_are_left_out_and_optional_ones_may_be_missing() -> None:
    data = json.loads(JOB.to_json())
    for key in ("run", "order", "on_rollback", "platform_version", "capacity", "version"):
        del data[key]
    read = JobManifest.from_json(json.dumps({**data, "new": 1}))
    assert read == replace(JOB, on_rollback=OnRollback.SKIP, platform_version=None, capacity=())


def test_a_newer_version_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="written by a newer appdp") as raised:
        JobManifest.from_json('{"version": 2}')
    assert "pip install --upgrade" in raised.value.hint


def test_jobs_run_by_order_and_then_by_name() -> None:
    jobs = [replace(JOB, name="b"), replace(JOB, name="a"), replace(JOB, name="z", order=-1)]
    later = replace(JOB, name="warm", run=JobRun.AFTER_TRAFFIC)
    assert [job.name for job in in_order([*jobs, later], JobRun.BEFORE_TRAFFIC)] == ["z", "a", "b"]
    assert in_order([*jobs, later], JobRun.AFTER_TRAFFIC) == (later,)


def test_a_rollback_runs_only_what_is_marked_for_it() -> None:
    skipped = replace(JOB, name="skipped", on_rollback=OnRollback.SKIP)
    assert in_order([JOB, skipped], JobRun.BEFORE_TRAFFIC, rollback=True) == (JOB,)


def test_a_token_is_the_same_for_one_job_of_one_deployment_only() -> None:
    token = client_token("d-1", "migrate")
    assert token == client_token("d-1", "migrate")
    assert len({token, client_token("d-1", "seed"), client_token("d-2", "migrate")}) == 3
    assert len(client_token("d" * 100, "j" * 100)) == 64


@pytest.mark.parametrize("job", [JOB, replace(JOB, platform_version=None, capacity=())])
@pytest.mark.parametrize("command", [(), ("rake", "db:migrate")])
def test_ecs_takes_the_request(job: JobManifest, command: tuple[str, ...]) -> None:
    token = client_token("d-1", job.name)
    request = run_request(job, "arn:td:2", token=token, started_by="appdp-run/shop/dev", command=command)
    shape = botocore.session.get_session().get_service_model("ecs").shape_for("RunTaskRequest")
    assert not ParamValidator().validate(request, shape).has_errors()
    assert request["taskDefinition"] == "arn:td:2"
    assert ("overrides" in request) == bool(command)
    assert ("capacityProviderStrategy" in request) == bool(job.capacity)
