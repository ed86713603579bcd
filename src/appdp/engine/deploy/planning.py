"""plan(): what a deployment would change, and why."""

from __future__ import annotations

from appdp.engine.deploy.alarms import check_alarms, red_alarms
from appdp.engine.deploy.checks import check
from appdp.engine.deploy.compare import compare, compare_schedules, starting_state
from appdp.engine.deploy.hold import needed
from appdp.engine.deploy.jobs_back import check_way_back
from appdp.engine.deploy.jobs_due import due_jobs
from appdp.engine.deploy.leftovers import LISTED_SECONDS, find_leftovers, wrong_tags
from appdp.engine.deploy.locking import check_free
from appdp.engine.deploy.manifests import read_deployer
from appdp.engine.deploy.survey import survey
from appdp.engine.ports import Ports
from appdp.model.plan import JobPlan, Plan
from appdp.model.request import Request


def plan(request: Request, ports: Ports) -> Plan:
    """What a deployment would do. Reads only.

    Raises:
        NotFound: no such environment or release.
        Refused: the deployment cannot work; every reason is in the message.
        Locked: another deployment of the environment is running.
        RemoteError: AWS answered with an error, or did not answer.
    """
    deployer = read_deployer(request.application, request.environment, ports)
    check_free(request.application, request.environment, ports)
    seen = survey(request.application, request.environment, request.release, ports)
    if request.rollback:
        check_way_back(request.application, request.environment, seen.release, with_jobs=request.with_jobs, ports=ports)
    check(seen, find_leftovers(seen, ports, after_seconds=LISTED_SECONDS))
    red = red_alarms(seen, ports)
    check_alarms(red, ignored=request.ignores_alarms)
    services = tuple(compare(seen, service) for service in seen.services.values())
    standing = [starting_state(seen, service, ports.clock.now()) for service in seen.services.values()]
    jobs = due_jobs(seen, standing, rollback=request.rollback and not request.with_jobs)
    hold = needed(asked=request.hold, rollback=request.rollback, deployer=deployer)
    return Plan(
        application=request.application,
        environment=request.environment,
        release=seen.release,
        previous=seen.previous,
        services=services,
        jobs=tuple(JobPlan(name=job.name, run=job.run) for job in jobs),
        protected=deployer.protected,
        schedules=compare_schedules(seen),
        wrong_tags=wrong_tags(seen.contents, deployer, seen.previous),
        red_alarms=red,
        approval_seconds=hold.expires_seconds if hold and any(service.changes for service in services) else None,
    )
