"""An environment's jobs, and how those of a deployment that is under way stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from appdp.engine.deploy.jobs_survey import read_jobs
from appdp.engine.ports import Ports
from appdp.model.environment import DeployerManifest
from appdp.model.handoff import jobs_started_by
from appdp.model.job import JobManifest, JobRun, family_of
from appdp.model.job_state import JobProgress, JobState


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatus:
    """One job.

    Args:
        run: when it runs.
        progress: where the deployment that is under way is with it; None when none is, when its state is not known, or
            when it does not run the job; of a process that deploys, only what runs is known. So are the others:
        since: when ``progress`` changed last, in seconds since the epoch.
        task: ARN of its task, once it was started.
        exit_code: of the deciding container, once it ended.
    """

    name: str
    run: JobRun
    progress: JobProgress | None = None
    since: float | None = None
    task: str | None = None
    exit_code: int | None = None

    def during(self, states: Sequence[JobState]) -> JobStatus:
        """The same, as it stands in a deployment."""
        found = next((state for state in states if state.name == self.name), None)
        if found is None:
            return self
        return replace(
            self, progress=found.progress, since=found.since or None, task=found.task, exit_code=found.exit_code
        )


def jobs_of(deployer: DeployerManifest, ports: Ports, *, by_process: bool = False) -> tuple[JobStatus, ...]:
    """The environment's jobs, in the order in which a deployment runs them; those that only ``appdp run`` runs last.

    Args:
        deployer: the environment's.
        ports: AWS.
        by_process: whether a process deploys (``--direct``). Nobody else has its state, so ECS is asked which tasks of
            its jobs run.
    """
    phases = list(JobRun)
    jobs = read_jobs(deployer.application, deployer.environment, ports)
    ordered = sorted(jobs, key=lambda job: (phases.index(job.run), job.order, job.name))
    return tuple(_running(job, deployer, ports) if by_process else _plain(job) for job in ordered)


def _plain(job: JobManifest) -> JobStatus:
    return JobStatus(name=job.name, run=job.run)


def _running(job: JobManifest, deployer: DeployerManifest, ports: Ports) -> JobStatus:
    if job.run is JobRun.ON_DEMAND:
        return _plain(job)
    started_by = jobs_started_by(deployer.application, deployer.environment)
    tasks = ports.jobs.unfinished(job.cluster, family_of(job.task_definition), started_by)
    return replace(_plain(job), progress=JobProgress.RUNNING, task=tasks[-1]) if tasks else _plain(job)
