"""Prepare: lock, look, refuse what cannot work, and take down what stands now."""

from __future__ import annotations

from dataclasses import replace

from appdp.engine.deploy import locking
from appdp.engine.deploy.alarms import check_alarms, red_alarms, said
from appdp.engine.deploy.changing import changed_services, enter, finish
from appdp.engine.deploy.checks import check
from appdp.engine.deploy.compare import compare_schedules, starting_schedules, starting_state, tags_are_right
from appdp.engine.deploy.hold import needed
from appdp.engine.deploy.jobs_back import check_way_back
from appdp.engine.deploy.jobs_due import due_jobs
from appdp.engine.deploy.jobs_stopping import stop_left_over
from appdp.engine.deploy.leftovers import clear, find_leftovers, set_tags_right
from appdp.engine.deploy.manifests import read_deployer
from appdp.engine.deploy.polling import AT_ONCE, SOON
from appdp.engine.deploy.step import Step
from appdp.engine.deploy.survey import Survey, survey
from appdp.engine.ports import Ports
from appdp.errors import AppdpError, ConfigurationError, NotFound, Refused
from appdp.model.deployment import Deployment, Failure, Outcome, Phase
from appdp.model.service_state import Progress

_CLEARING = "an earlier deployment died; taking back what it left in progress"


def prepare(deployment: Deployment, ports: Ports, now: float) -> Step:
    """Everything up to the first change. Only the lock is written, and what a dead deployment left is taken back.

    Between taking a dead owner's lock over and the first look there is a pause: :data:`locking.SETTLE_SECONDS`.
    """
    try:
        read_deployer(deployment.application, deployment.environment, ports)
        wait_seconds = locking.acquire(deployment, ports, now)
        if wait_seconds or deployment.locked_at is None:
            return Step(deployment=replace(deployment, locked_at=now), wait_seconds=wait_seconds)
        seen = survey(deployment.application, deployment.environment, deployment.release or None, ports)
        if deployment.rollback:
            check_way_back(
                deployment.application,
                deployment.environment,
                seen.release,
                with_jobs=deployment.with_jobs,
                ports=ports,
            )
        leftover = find_leftovers(seen, ports, after_seconds=now - deployment.started_at)
        check(seen, leftover)
        red = red_alarms(seen, ports)
        check_alarms(red, ignored=deployment.ignores_alarms)
    except (NotFound, Refused, ConfigurationError) as error:
        return refuse(deployment, error, now)
    jobs_left = stop_left_over(deployment, seen.jobs, ports)
    if not clear(leftover, seen, ports) or jobs_left:
        told = deployment.log and deployment.log[-1].text == _CLEARING
        return Step(deployment=deployment if told else deployment.logged(now, _CLEARING), wait_seconds=SOON)
    wrong = set_tags_right(seen, ports)
    if wrong:
        text = f"the environment's tag did not name {seen.previous} for {', '.join(wrong)}; it does again"
        deployment = deployment.logged(now, text)
    for name, alarms in red.items():
        deployment = deployment.logged(now, said(name, alarms), name)
    return _decide(deployment, seen, now)


def refuse(deployment: Deployment, error: AppdpError, now: float) -> Step:
    """The deployment cannot work; nothing was changed."""
    refused = replace(deployment, failure=Failure(service="", summary=str(error)))
    return finish(refused, Outcome.REFUSED, now, f"refused: {error.message}")


def _decide(deployment: Deployment, seen: Survey, now: float) -> Step:
    services = tuple(starting_state(seen, service, now) for service in seen.services.values())
    ready = replace(
        deployment, release=seen.release, previous=seen.previous, services=services, digests=dict(seen.digests)
    ).logged(now, _story(deployment, seen))
    ready = replace(ready, schedules=starting_schedules(seen))
    for service in services:
        if service.progress is Progress.UNCHANGED:
            ready = ready.logged(now, f"already runs {seen.release}; left alone", service.name)
        if service.progress is Progress.SUCCEEDED:
            ready = ready.logged(now, f"already runs {seen.release}, which a dead deployment brought up", service.name)
    jobs = due_jobs(seen, services, rollback=deployment.rollback and not deployment.with_jobs)
    if any(service.progress is Progress.WAITING for service in changed_services(ready)):
        hold = needed(asked=deployment.hold is not None, rollback=deployment.rollback, deployer=seen.deployer)
        ready = replace(ready, hold=hold, jobs=jobs)
        return Step(deployment=enter(ready, Phase.JOBS_BEFORE if jobs else Phase.GREEN, now), wait_seconds=AT_ONCE)
    # Nothing takes traffic, so nobody is asked.
    ready = replace(ready, hold=None)
    if jobs:
        return Step(deployment=enter(replace(ready, jobs=jobs), Phase.JOBS_BEFORE, now), wait_seconds=AT_ONCE)
    stale = any(schedule.changes for schedule in compare_schedules(seen))
    if seen.release == seen.previous and tags_are_right(seen) and not stale:
        return finish(ready, Outcome.NOTHING_TO_DO, now, f"{_standing(seen)}; nothing to do")
    recording = enter(ready, Phase.RECORD, now).logged(now, f"{_standing(seen)}; it is recorded")
    return Step(deployment=recording, wait_seconds=AT_ONCE)


def _standing(seen: Survey) -> str:
    return f"every service runs {seen.release} already" if seen.services else f"no service has to run {seen.release}"


def _story(deployment: Deployment, seen: Survey) -> str:
    verb = "going back" if deployment.rollback else "going"
    return f"{verb} from {seen.previous or 'nothing'} to {seen.release} with {len(seen.services)} service(s)"
