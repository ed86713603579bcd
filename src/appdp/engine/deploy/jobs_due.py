"""Which jobs a deployment runs."""

from __future__ import annotations

from collections.abc import Iterable

from appdp.engine.deploy.jobs_survey import job_changes, jobs_to_run
from appdp.engine.deploy.survey import Survey
from appdp.model.job_state import JobState
from appdp.model.service_state import Progress, ServiceState


def due_jobs(seen: Survey, services: Iterable[ServiceState], *, rollback: bool) -> tuple[JobState, ...]:
    """All jobs of the environment, those before traffic first, or none when the deployment changes nothing.

    Where no service changes, they run all the same if the release has another image for one of them, or if a dead
    deployment brought the services up, which may not have run them all.

    Args:
        seen: the environment.
        services: its services at the beginning of the deployment.
        rollback: whether it goes back, which runs only the jobs that are marked for it.
    """
    standing = {service.progress for service in services}
    if Progress.WAITING in standing:
        return jobs_to_run(seen.jobs, rollback=rollback)
    changed = any(job_changes(job, seen.release, seen.previous, seen.contents) for job in seen.jobs)
    if seen.release == seen.previous or not (changed or Progress.SUCCEEDED in standing):
        return ()
    return jobs_to_run(seen.jobs, rollback=rollback)
