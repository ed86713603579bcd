"""Ask ECS to deploy: once per service, however often it is tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from appdp.engine.deploy.changing import go_back
from appdp.engine.deploy.faults import passes
from appdp.engine.deploy.finding import Newer, is_open, is_ours, newer_deployments
from appdp.engine.deploy.manifests import read_manifest
from appdp.engine.deploy.polling import SOON
from appdp.engine.deploy.step import Step
from appdp.engine.live import LiveService
from appdp.engine.ports import Ports
from appdp.errors import Refused, RemoteError
from appdp.model.deployment import Deployment, Failure
from appdp.model.service_state import Progress, ServiceState

BATCH: Final = 10
"""How many services one step starts: as many as one DescribeServices call takes.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
"""


def start(deployment: Deployment, services: Sequence[ServiceState], ports: Ports, now: float) -> Step:
    """Start up to :data:`BATCH` of these services; the first that cannot start sends everything back."""
    batch = services[:BATCH]
    live = ports.services.describe([(service.cluster, service.arn) for service in batch])
    for service in batch:
        try:
            service = _start_one(deployment, service, live.get(service.arn), ports)
        except (Refused, RemoteError) as error:
            if isinstance(error, RemoteError) and passes(error):
                raise
            return go_back(
                deployment, Failure(service=service.name, summary=f"it could not start: {error.message}"), now
            )
        if service.progress is Progress.REGISTERED:
            continue
        started = replace(service, since=now)
        text = "asked ECS to bring its green up" if service.shifts else "asked ECS to replace its tasks"
        deployment = deployment.with_service(started).logged(now, text, service.name)
    return Step(deployment=deployment, wait_seconds=SOON)


def _start_one(deployment: Deployment, service: ServiceState, live: LiveService | None, ports: Ports) -> ServiceState:
    """The service as it is now: started, or still to start while ECS does not tell what somebody's deployment is."""
    if live is None:
        raise Refused(f"Service {service.arn} was deleted meanwhile.", hint="Deploy its stack again.")
    started = replace(service, progress=Progress.STARTING)
    newer = newer_deployments(service, ports)
    if _asked_already(service, newer, live):
        return started
    if any(is_open(one) for one in newer):
        return service
    other = next((one.live for one in newer if not one.live.status.ended and not is_ours(one, service)), None)
    if other is not None:
        raise Refused(
            f"somebody else started {other.arn} meanwhile, which is {other.status}.", hint="Wait for it to end."
        )
    own = deployment.previous is None
    ports.services.update(
        service.cluster,
        service.arn,
        task_definition=str(service.task_definition),
        desired_count=_first_count(deployment, service, ports),
        force=own,
        group=service.group,
    )
    # What stands there already is not what was asked for now, though it may be the same revision at zero.
    return replace(started, baseline_deployment=newer[0].live.arn) if newer and own else started


def _asked_already(service: ServiceState, newer: Sequence[Newer], live: LiveService) -> bool:
    """Whether UpdateService happened, though the list of deployments may not show it yet.

    At zero it did not, whatever is listed: CloudFormation deploys its own revisions to there, which are also ours.
    CodeDeploy's CreateDeployment leaves no trace but the list; a second one is refused while the first is in progress.
    """
    if service.group is not None:
        return any(is_ours(one, service) for one in newer)
    if service.first:
        return live.desired_count != 0
    if any(is_ours(one, service) for one in newer):
        return True
    return live.task_definition == service.task_definition != service.previous_task_definition


def _first_count(deployment: Deployment, service: ServiceState, ports: Ports) -> int | None:
    """The count that the first release brings a service up to from zero; nothing else writes a count upwards."""
    if not service.first:
        return None
    return read_manifest(deployment.application, deployment.environment, service.name, ports).desired_count
