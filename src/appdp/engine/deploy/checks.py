"""What cannot work is refused before anything changes; every fault is reported at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from appdp.engine.deploy.clone import container_names
from appdp.engine.deploy.jobs_survey import job_faults
from appdp.engine.deploy.leftovers import Leftover
from appdp.engine.deploy.schedule_survey import schedule_faults
from appdp.engine.deploy.survey import CODE_DEPLOY, SeenService, Survey
from appdp.engine.live import LiveDeployment
from appdp.errors import Refused
from appdp.model.gate import GATE_LIMIT, Gate

ECS_CONTROLLER: Final = "ECS"

_SPARE: Final = 200
"""For the deployment's id, the time, and revision numbers that grow by a digit."""


def check(seen: Survey, leftover: Leftover) -> None:
    """Raise :class:`Refused` with every reason why the release cannot be deployed."""
    faults = [fault for service in seen.services.values() for fault in _faults(seen, service)]
    faults += [fault for one in seen.schedules for fault in schedule_faults(one, seen.release, seen.contents)]
    faults += [fault for job in seen.jobs for fault in job_faults(job, seen.release, seen.contents)]
    faults += _busy(seen, leftover)
    faults += _too_many(seen)
    if faults:
        raise Refused("\n".join(faults), hint="Correct this and start the deployment again; nothing was changed.")


def _faults(seen: Survey, service: SeenService) -> Iterator[str]:
    name = service.manifest.name
    yield from _controller(service)
    containers = container_names(service.definition)
    for missing in sorted(service.manifest.containers.keys() - set(containers)):
        yield (
            f"Service {name!r} wants its image in container {missing!r}, but {service.manifest.task_definition} has "
            f"only {', '.join(containers)}. Deploy its stack again."
        )
    for image in sorted(set(service.manifest.containers.values())):
        yield from _architecture(seen, service, image)


def _controller(service: SeenService) -> Iterator[str]:
    name, controller = service.manifest.name, service.live.controller
    if controller == CODE_DEPLOY:
        if service.manifest.deployment_group is None:
            yield (
                f"Service {name!r} has deployment controller {CODE_DEPLOY}, but its stack names no deployment group. "
                f"Give it Strategy.codedeploy() and deploy its stack again, or change the controller to "
                f"{ECS_CONTROLLER}."
            )
    elif controller != ECS_CONTROLLER:
        yield (
            f"Service {name!r} has deployment controller {controller}; only {ECS_CONTROLLER} and {CODE_DEPLOY} work. "
            f"Change the controller of the service and deploy its stack again."
        )


def _architecture(seen: Survey, service: SeenService, image: str) -> Iterator[str]:
    found = seen.contents.resolve(image, seen.release)
    platforms = {} if found is None else found.platforms
    if platforms and service.platform not in platforms:
        yield (
            f"Service {service.manifest.name!r} runs on {service.platform}, but image {image!r} of release "
            f"{seen.release!r} was built for {', '.join(sorted(platforms))} only. Build it for {service.platform} too, "
            f"or change the service's architecture."
        )


def _busy(seen: Survey, leftover: Leftover) -> Iterator[str]:
    for service in seen.services.values():
        for one in service.newest:
            if not one.status.ended and one.arn not in leftover.deployments:
                yield _in_the_way(service, one)


def _in_the_way(service: SeenService, one: LiveDeployment) -> str:
    if service.live.controller == CODE_DEPLOY:
        known = one.arn.split(":")[-1].split("/")[0]
        stop = f"aws deploy stop-deployment --auto-rollback-enabled --deployment-id {known}"
    else:
        stop = f"aws ecs stop-service-deployment --stop-type ROLLBACK --service-deployment-arn {one.arn}"
    stage = f" at {one.stage}" if one.stage else ""
    because = f" ({one.reason})" if one.reason else ""
    return (
        f"Service {service.manifest.name!r} has a deployment in progress that appdp did not start: {one.arn} is "
        f"{one.status}{stage}{because}. Somebody changed the service, with 'cdk deploy' or 'appdp hotswap' for "
        f"example. Wait for it to end, or stop it: {stop}"
    )


def _too_many(seen: Survey) -> Iterator[str]:
    arns = tuple(service.manifest.task_definition for service in seen.services.values())
    size = len(Gate(deployment="", task_definitions=arns).to_json()) + _SPARE
    if size > GATE_LIMIT:
        yield (
            f"The environment has {len(arns)} services, and the gate that holds them together would take {size} "
            f"characters; a parameter takes {GATE_LIMIT}. Split the environment."
        )
