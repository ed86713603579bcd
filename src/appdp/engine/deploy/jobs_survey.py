"""The jobs of an environment before a deployment: which ones it runs, and whether they can run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from appdp.engine.deploy.clone import container_names
from appdp.engine.deploy.content import Contents, platform_of
from appdp.engine.deploy.manifests import check_images, read_all
from appdp.engine.ports import Ports
from appdp.errors import Refused
from appdp.model.environment import DeployerManifest
from appdp.model.handoff import job_parameter, jobs_path
from appdp.model.job import JobManifest, JobRun, in_order
from appdp.model.job_state import JobState


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenJob:
    """One job as it stands: what the constructs say of it, and its task definition, raw."""

    manifest: JobManifest
    definition: Mapping[str, Any]


def read_jobs(application: str, environment: str, ports: Ports) -> tuple[JobManifest, ...]:
    """Every job of the environment, by name; none is fine."""
    return read_all(jobs_path(application, environment), JobManifest.from_json, ports)


def read_job(application: str, environment: str, name: str, ports: Ports) -> JobManifest:
    """One job's manifest as it is now.

    Raises:
        Refused: it is gone.
    """
    text = ports.parameters.get(job_parameter(application, environment, name))
    if text is None:
        raise Refused(f"The manifest of job {name!r} was deleted meanwhile.", hint="Deploy its stack again.")
    return JobManifest.from_json(text)


def look_at_jobs(jobs: Iterable[JobManifest], deployer: DeployerManifest, ports: Ports) -> tuple[SeenJob, ...]:
    """Those of the jobs that deployments run.

    Raises:
        Refused: one uses an image that the deployer does not know.
    """
    run = [job for job in jobs if job.run is not JobRun.ON_DEMAND]
    check_images("job", run, deployer)
    return tuple(SeenJob(manifest=job, definition=ports.task_definitions.read(job.task_definition)) for job in run)


def job_faults(job: SeenJob, release: str, contents: Contents) -> Iterator[str]:
    """Why a job could not run, one sentence each."""
    name, containers = job.manifest.name, container_names(job.definition)
    for missing in sorted({*job.manifest.containers, job.manifest.deciding_container} - set(containers)):
        yield (
            f"Job {name!r} wants container {missing!r}, but {job.manifest.task_definition} has only "
            f"{', '.join(containers)}. Deploy its stack again."
        )
    platform = platform_of(job.definition)
    for image in sorted(set(job.manifest.containers.values())):
        found = contents.resolve(image, release)
        if found is not None and found.platforms and platform not in found.platforms:
            yield (
                f"Job {name!r} runs on {platform}, but image {image!r} of release {release!r} was built for "
                f"{', '.join(sorted(found.platforms))} only. Build it for {platform} too, or change the job's "
                f"architecture."
            )


def job_changes(job: SeenJob, release: str, previous: str | None, contents: Contents) -> bool:
    """Whether the release has another image for the job than the recorded one; unknown counts as another."""
    if previous is None:
        return True
    platform = platform_of(job.definition)
    for image in job.manifest.containers.values():
        before, after = contents.resolve(image, previous), contents.resolve(image, release)
        if before is None or after is None or not contents.same(image, before.digest, after.digest, platform):
            return True
    return False


def jobs_to_run(jobs: tuple[SeenJob, ...], *, rollback: bool) -> tuple[JobState, ...]:
    """The jobs of a deployment that changes something, those before traffic first, each in its order."""
    manifests = [job.manifest for job in jobs]
    chosen = [
        *in_order(manifests, JobRun.BEFORE_TRAFFIC, rollback=rollback),
        *in_order(manifests, JobRun.AFTER_TRAFFIC, rollback=rollback),
    ]
    return tuple(
        JobState(
            name=job.name,
            run=job.run,
            cluster=job.cluster,
            container=job.deciding_container,
            timeout_seconds=job.timeout_seconds,
        )
        for job in chosen
    )
