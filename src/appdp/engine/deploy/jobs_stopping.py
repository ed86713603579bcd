"""Stop jobs that nobody waits for any more: those of a deployment that goes back, and those of a dead one.

A task may run although no state knows it, because RunTask was the last thing that happened before a kill. So tasks are
found by who started them, not by what a state remembers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from appdp.engine.deploy.going_back import go_on_returning
from appdp.engine.deploy.jobs_survey import SeenJob
from appdp.engine.deploy.polling import SOON
from appdp.engine.deploy.step import Step
from appdp.engine.ports import Ports
from appdp.model.deployment import Deployment, Phase
from appdp.model.handoff import jobs_started_by
from appdp.model.job import family_of
from appdp.model.job_state import JobProgress


def stop_left_over(deployment: Deployment, jobs: Iterable[SeenJob], ports: Ports) -> tuple[str, ...]:
    """Stop what a dead deployment left running; the caller owns the environment and has started nothing yet.

    Returns:
        The names of the jobs that still run.
    """
    wanted = {job.manifest.name: (job.manifest.cluster, family_of(job.manifest.task_definition)) for job in jobs}
    return tuple(name for name, place in wanted.items() if _stop(deployment, *place, ports))


def go_back_with_jobs(deployment: Deployment, ports: Ports, now: float) -> Step:
    """Stop the jobs that run, and take every service back meanwhile; done when both are."""
    for job in deployment.jobs:
        if job.progress.begun and not _stop(deployment, job.cluster, family_of(str(job.task_definition)), ports):
            stopped = deployment.with_job(replace(job, progress=JobProgress.STOPPED))
            deployment = stopped.logged(now, f"job {job.name}: no task of it runs any more")
    step = go_on_returning(deployment, ports, now)
    if step.deployment.phase is Phase.RETURN or not any(job.progress.begun for job in deployment.jobs):
        return step
    # The services are back, a task still stops. They are looked at again, which changes nothing.
    return Step(deployment=deployment, wait_seconds=SOON)


def _stop(deployment: Deployment, cluster: str, family: str, ports: Ports) -> bool:
    """Whether a task that deployments started still runs; each is told to stop."""
    running = ports.jobs.unfinished(cluster, family, jobs_started_by(deployment.application, deployment.environment))
    for task in running:
        ports.jobs.stop(cluster, task, f"appdp deployment {deployment.id} goes back, or took over from a dead one")
    return bool(running)
