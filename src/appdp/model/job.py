"""A job of an environment: the manifest of a task that runs to its end, such as a database migration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from appdp.model.manifest import VERSION, known


class JobRun(StrEnum):
    """When a job runs."""

    BEFORE_TRAFFIC = "before_traffic"
    AFTER_TRAFFIC = "after_traffic"
    ON_DEMAND = "on_demand"


class OnRollback(StrEnum):
    """What a deployment that rolls back does with the job."""

    SKIP = "skip"
    RUN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobManifest:
    """One job of an environment.

    Args:
        name: the job's name within the environment, such as ``migrate``.
        cluster: ARN of the ECS cluster.
        task_definition: ARN, with revision, of the task definition that CloudFormation registered last.
        containers: container name → image name of the application. Containers that are not named keep their image.
        network: RunTask's ``networkConfiguration``.
        deciding_container: the container whose exit code decides.
        timeout_seconds: how long the task may run.
        run: when it runs.
        order: jobs with a lower number run first; those with the same one, by name.
        on_rollback: whether a rollback runs it.
        platform_version: the Fargate platform version, or None for ECS's default.
        capacity: RunTask's ``capacityProviderStrategy``; empty for the cluster's default.
    """

    name: str
    cluster: str
    task_definition: str
    containers: dict[str, str]
    network: dict[str, Any]
    deciding_container: str
    timeout_seconds: int
    run: JobRun = JobRun.BEFORE_TRAFFIC
    order: int = 0
    on_rollback: OnRollback = OnRollback.SKIP
    platform_version: str | None = None
    capacity: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> str:
        """The parameter's value."""
        return json.dumps({"version": VERSION, **asdict(self)}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> JobManifest:
        """Read a parameter's value; unknown keys are left out.

        Raises:
            ConfigurationError: a newer appdp wrote it.
        """
        fields = known(cls, text, "job")
        fields["run"] = JobRun(fields.get("run", JobRun.BEFORE_TRAFFIC))
        fields["on_rollback"] = OnRollback(fields.get("on_rollback", OnRollback.SKIP))
        fields["capacity"] = tuple(fields.get("capacity", ()))
        return cls(**fields)


def family_of(task_definition: str) -> str:
    """The family of a task definition's revision, whose ARN ends with ``task-definition/FAMILY:REVISION``."""
    return task_definition.rpartition("/")[2].rpartition(":")[0]


def in_order(jobs: Sequence[JobManifest], run: JobRun, *, rollback: bool = False) -> tuple[JobManifest, ...]:
    """The jobs that a deployment runs at ``run``, first one first; a rollback runs only those marked for it."""
    chosen = [job for job in jobs if job.run is run and (not rollback or job.on_rollback is OnRollback.RUN)]
    return tuple(sorted(chosen, key=lambda job: (job.order, job.name)))


def client_token(deployment: str, job: str) -> str:
    """RunTask's client token: one deployment starts one job once, however often it asks.

    64 characters, the most that ECS takes, so a digest stands for names of any length.

    See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html (clientToken)
    """
    return hashlib.sha256(f"{deployment}\n{job}".encode()).hexdigest()


def run_request(
    job: JobManifest, task_definition: str, *, token: str, started_by: str, command: Sequence[str] = ()
) -> dict[str, Any]:
    """What RunTask takes.

    Args:
        job: whose network, cluster and capacity the task gets.
        task_definition: ARN of the revision with the release's images.
        token: see :func:`client_token`.
        started_by: who starts it, up to 128 characters.
        command: what the deciding container runs instead of its own command; empty keeps that.
    """
    request: dict[str, Any] = {
        "cluster": job.cluster,
        "taskDefinition": task_definition,
        "count": 1,
        "clientToken": token,
        "startedBy": started_by,
        # The environment's tag goes to the task, so that who may stop it can be bounded by that.
        "propagateTags": "TASK_DEFINITION",
        "networkConfiguration": job.network,
    }
    if job.capacity:
        request["capacityProviderStrategy"] = list(job.capacity)
    if job.platform_version:
        request["platformVersion"] = job.platform_version
    if command:
        override = {"name": job.deciding_container, "command": list(command)}
        request["overrides"] = {"containerOverrides": [override]}
    return request
