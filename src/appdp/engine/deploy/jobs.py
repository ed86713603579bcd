"""Jobs: tasks such as migrations run one after the other, with the release's images, before or after traffic.

Each step does one thing: register a job's task definition, ask ECS to run it, or look how it does. RunTask carries a
client token and the very request that the state remembers, so a step that was killed and done again starts nothing
twice. The deciding container's exit code says how the job ended; all but 0 takes the deployment back.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from appdp.engine.deploy.changing import changed_services, enter, go_back
from appdp.engine.deploy.clone import clone, pinned_images
from appdp.engine.deploy.faults import passes
from appdp.engine.deploy.jobs_log import failure_of, log_of, new_lines
from appdp.engine.deploy.jobs_survey import read_job
from appdp.engine.deploy.log_streams import stream_of
from appdp.engine.deploy.manifests import read_deployer
from appdp.engine.deploy.polling import AT_ONCE, SOON, wait_seconds
from appdp.engine.deploy.step import Step
from appdp.engine.live import LiveTask
from appdp.engine.ports import Ports
from appdp.errors import Refused, RemoteError
from appdp.model.deployment import Deployment, Failure, Phase
from appdp.model.handoff import jobs_started_by
from appdp.model.job import JobManifest, JobRun, client_token, run_request
from appdp.model.job_state import JobProgress, JobState
from appdp.model.service_state import Progress

APPEAR_SECONDS: Final = 60
"""How long DescribeTasks may not know a task that RunTask has just started; ECS's reads are eventually right."""

MOST_TOLD: Final = 60
"""How many log lines of one job go into the deployment's story. The failure has the last ones in any case."""


def jobs_before(deployment: Deployment, ports: Ports, now: float) -> Step:
    """Run the jobs before traffic, then bring up the greens; without a service to change, go on to the jobs after."""
    moves = any(service.progress is Progress.WAITING for service in changed_services(deployment))
    following = Phase.GREEN if moves else Phase.JOBS_AFTER
    return _go_on(deployment, JobRun.BEFORE_TRAFFIC, following, ports, now)


def jobs_after(deployment: Deployment, ports: Ports, now: float) -> Step:
    """Run the jobs after traffic, then record the release."""
    return _go_on(deployment, JobRun.AFTER_TRAFFIC, Phase.RECORD, ports, now)


def _go_on(deployment: Deployment, run: JobRun, following: Phase, ports: Ports, now: float) -> Step:
    job = next((one for one in deployment.jobs if one.run is run and not one.progress.ended), None)
    if job is None:
        return Step(deployment=enter(deployment, following, now), wait_seconds=AT_ONCE)
    try:
        match job.progress:
            case JobProgress.WAITING:
                return _register(deployment, job, ports, now)
            case JobProgress.REGISTERED:
                return _run(deployment, job, ports, now)
            case _:
                return _look(deployment, job, ports, now)
    except (Refused, RemoteError) as error:
        if isinstance(error, RemoteError) and passes(error):
            raise
        return go_back(deployment, Failure(service="", summary=f"job {job.name} could not run: {error.message}"), now)


def _register(deployment: Deployment, job: JobState, ports: Ports, now: float) -> Step:
    deployer = read_deployer(deployment.application, deployment.environment, ports)
    manifest = read_job(deployment.application, deployment.environment, job.name, ports)
    images = pinned_images(manifest.containers, deployer, deployment.release, deployment.digests or {})
    definition = clone(ports.task_definitions.read(manifest.task_definition), images)
    arn = ports.task_definitions.register(definition)
    logs = {one["name"]: stream_of(one) for one in definition["containerDefinitions"]}
    group, prefix = logs.get(manifest.deciding_container) or ("", "")
    registered = replace(
        job,
        progress=JobProgress.REGISTERED,
        cluster=manifest.cluster,
        container=manifest.deciding_container,
        timeout_seconds=manifest.timeout_seconds,
        task_definition=arn,
        request=_request(deployment, manifest, arn),
        log_group=group,
        log_prefix=prefix,
        since=now,
    )
    text = f"job {job.name}: registered {arn.rsplit('/', 1)[-1]}, pinned by digest"
    return Step(deployment=deployment.with_job(registered).logged(now, text), wait_seconds=AT_ONCE)


def _request(deployment: Deployment, manifest: JobManifest, task_definition: str) -> dict[str, object]:
    started_by = jobs_started_by(deployment.application, deployment.environment)
    token = client_token(deployment.id, manifest.name)
    return run_request(manifest, task_definition, token=token, started_by=started_by)


def _run(deployment: Deployment, job: JobState, ports: Ports, now: float) -> Step:
    task = ports.jobs.run(job.request)
    running = replace(job, progress=JobProgress.RUNNING, task=task, since=now)
    # The phase's clock says how often to look: each job is looked at fast at first.
    running_now = replace(deployment.with_job(running), phase_since=now)
    text = f"job {job.name}: task {task.rsplit('/', 1)[-1]} starts; it may take {_length(job.timeout_seconds)}"
    return Step(deployment=running_now.logged(now, text), wait_seconds=SOON)


def _look(deployment: Deployment, job: JobState, ports: Ports, now: float) -> Step:
    live = ports.jobs.describe(job.cluster, str(job.task))
    if live is None:
        return _not_listed(deployment, job, now)
    deployment, job = _tell(deployment, job, ports, now)
    if live.status == "STOPPED":
        return _ended(deployment, job, live, ports, now)
    if job.progress is JobProgress.RUNNING and now - job.since >= job.timeout_seconds:
        summary = f"job {job.name} did not end within {_length(job.timeout_seconds)}"
        ports.jobs.stop(job.cluster, str(job.task), f"appdp deployment {deployment.id}: {summary}"[:255])
        stopping = replace(job, progress=JobProgress.STOPPING)
        stopped = deployment.with_job(stopping).logged(now, f"{summary}; its task is stopped")
        return Step(deployment=stopped, wait_seconds=SOON)
    return Step(deployment=deployment, wait_seconds=wait_seconds(deployment, now))


def _not_listed(deployment: Deployment, job: JobState, now: float) -> Step:
    if now - job.since < APPEAR_SECONDS:
        return Step(deployment=deployment, wait_seconds=SOON)
    summary = (
        f"ECS does not know task {job.task} of job {job.name} any more, so nobody can say how the job ended; ECS keeps "
        f"a stopped task for about an hour"
    )
    failed = deployment.with_job(replace(job, progress=JobProgress.FAILED))
    return go_back(failed, Failure(service="", summary=summary), now)


def _ended(deployment: Deployment, job: JobState, live: LiveTask, ports: Ports, now: float) -> Step:
    code = next((one.exit_code for one in live.containers if one.name == job.container), None)
    job = replace(job, exit_code=code)
    if code == 0:
        took = _length(max(1, round(now - job.since)))
        done = deployment.with_job(replace(job, progress=JobProgress.SUCCEEDED))
        return Step(deployment=done.logged(now, f"job {job.name} succeeded after {took}"), wait_seconds=AT_ONCE)
    failed = deployment.with_job(replace(job, progress=JobProgress.FAILED))
    return go_back(failed, failure_of(job, live, ports), now)


def _tell(deployment: Deployment, job: JobState, ports: Ports, now: float) -> tuple[Deployment, JobState]:
    """Put the log lines that came since the last look into the deployment's story."""
    tail = log_of(job, ports)
    fresh = new_lines(job.tail, tail)
    for line in fresh[: max(0, MOST_TOLD - job.told)]:
        deployment = deployment.logged(now, f"job {job.name} | {line}")
    if job.told < MOST_TOLD <= job.told + len(fresh):
        text = f"job {job.name} | … more lines are in {job.log_group}; this story has the first {MOST_TOLD}"
        deployment = deployment.logged(now, text)
    job = replace(job, tail=tail, told=job.told + len(fresh))
    return deployment.with_job(job), job


def _length(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min" if minutes and not rest else f"{seconds} s"
