"""Run one job by hand, with the images of the release that the environment runs.

No deployment is involved, and no lock: a job that must not run beside another one has to see to that itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from appdp.engine.deploy.clone import clone, pinned_images
from appdp.engine.deploy.content import Contents
from appdp.engine.deploy.jobs_survey import read_jobs
from appdp.engine.deploy.log_streams import stream_of
from appdp.engine.deploy.manifests import read_deployer
from appdp.engine.deploy.releases import recorded_release
from appdp.engine.deploy.resolving import resolve_release
from appdp.engine.ports import Ports
from appdp.errors import NotFound, Refused
from appdp.model.handoff import run_started_by
from appdp.model.job import JobManifest, client_token, run_request


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPlan:
    """A job that is about to be run.

    Args:
        job: its manifest.
        release: the release that the environment runs.
        images: container name → image reference, pinned by digest.
        definition: what will be registered.
        command: what the deciding container runs instead of its own command; empty keeps that.
        protected: whether the environment asks first.
    """

    application: str
    environment: str
    job: JobManifest
    release: str
    images: Mapping[str, str]
    definition: Mapping[str, Any]
    command: tuple[str, ...]
    protected: bool

    @property
    def log(self) -> tuple[str, str] | None:
        """Log group and stream prefix of the deciding container, if it logs with awslogs."""
        for container in self.definition["containerDefinitions"]:
            if container["name"] == self.job.deciding_container:
                return stream_of(container)
        return None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "application": self.application,
            "environment": self.environment,
            "job": self.job.name,
            "release": self.release,
            "images": dict(self.images),
            "container": self.job.deciding_container,
            "command": list(self.command) or None,
            "timeout_seconds": self.job.timeout_seconds,
        }


def plan_job(application: str, environment: str, name: str, command: Sequence[str], ports: Ports) -> JobPlan:
    """What running a job would do. Reads only.

    Args:
        name: the job's name within the environment.
        command: instead of the container's own command; empty keeps that.

    Raises:
        NotFound: there is no such environment or job; lists those that there are.
        Refused: the environment has no release yet, or the job cannot run with it.
    """
    deployer = read_deployer(application, environment, ports)
    jobs = {job.name: job for job in read_jobs(application, environment, ports)}
    if name not in jobs:
        raise NotFound("job", name, tuple(jobs), hint="A Job(...) in the environment's stack makes one.")
    release = recorded_release(application, environment, ports)
    if release is None:
        raise Refused(
            f"Environment {environment!r} has no release yet, so there is no image that job {name!r} could run.",
            hint=f"Deploy one first: appdp deploy {environment} RELEASE.",
        )
    job = jobs[name]
    used = sorted(set(job.containers.values()) & deployer.images.keys())
    digests = resolve_release(release, used, deployer, Contents(ports.registry, deployer.images), ports.registry)
    images = pinned_images(job.containers, deployer, release, digests)
    return JobPlan(
        application=application,
        environment=environment,
        job=job,
        release=release,
        images=images,
        definition=clone(ports.task_definitions.read(job.task_definition), images),
        command=tuple(command),
        protected=deployer.protected,
    )


def start_job(plan: JobPlan, run_id: str, ports: Ports) -> str:
    """Register the task definition and run it; the task's ARN.

    Args:
        plan: what :func:`plan_job` said.
        run_id: unique; the same one starts nothing new.
        ports: AWS.

    Raises:
        Refused: ECS could not place the task.
    """
    arn = ports.task_definitions.register(plan.definition)
    request = run_request(
        plan.job,
        arn,
        token=client_token(run_id, plan.job.name),
        started_by=run_started_by(plan.application, plan.environment),
        command=plan.command,
    )
    return ports.jobs.run(request)
