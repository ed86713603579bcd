"""plan(): what a deployment would change, and why."""

from __future__ import annotations

from appdp.engine.deploy.checks import check
from appdp.engine.deploy.compare import compare
from appdp.engine.deploy.hold import needed
from appdp.engine.deploy.leftovers import find_leftovers, wrong_tags
from appdp.engine.deploy.locking import check_free
from appdp.engine.deploy.manifests import read_deployer
from appdp.engine.deploy.survey import survey
from appdp.engine.ports import Ports
from appdp.model.plan import Plan
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
    check(seen, find_leftovers(seen, ports))
    services = tuple(compare(seen, service) for service in seen.services.values())
    hold = needed(asked=request.hold, rollback=request.rollback, deployer=deployer)
    return Plan(
        application=request.application,
        environment=request.environment,
        release=seen.release,
        previous=seen.previous,
        services=services,
        protected=deployer.protected,
        wrong_tags=wrong_tags(seen.contents, deployer, seen.previous),
        approval_seconds=hold.expires_seconds if hold and any(service.changes for service in services) else None,
    )
