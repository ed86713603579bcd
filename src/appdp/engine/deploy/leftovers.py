"""What a deployment that died left behind: a gate, and service deployments that wait at it or run on.

The gate names every revision that the dead deployment deploys, so what it started can be told from what others did. Its
gate stays as it is until all of that has ended; only then may a new deployment write its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from appdp.engine.deploy.content import Contents
from appdp.engine.deploy.stopping import stop_deployment
from appdp.engine.deploy.survey import SeenService, Survey
from appdp.engine.ports import LiveDeployment, Ports
from appdp.model.deployment import Gate
from appdp.model.environment import DeployerManifest
from appdp.model.handoff import environment_tag, gate_parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """Args:
    gate: the gate that was found, or None.
    deployments: ARNs of the service deployments in progress that belong to it.
    standing: names of services that an unfinished first release brought up from zero.
    """

    gate: Gate | None = None
    deployments: tuple[str, ...] = ()
    standing: tuple[str, ...] = ()


def find_leftovers(seen: Survey, ports: Ports) -> Leftover:
    """What is left of an earlier deployment. Reads only."""
    text = ports.parameters.get(gate_parameter(seen.deployer.application, seen.deployer.environment))
    if text is None:
        return Leftover()
    gate = Gate.from_json(text)
    services = seen.services.values()
    return Leftover(
        gate=gate,
        deployments=tuple(one.arn for service in services for one in _started_by(gate, service)),
        standing=tuple(
            service.manifest.name
            for service in services
            if seen.previous is None
            and service.live.desired_count != 0
            and service.live.task_definition in gate.task_definitions
        ),
    )


def clear(leftover: Leftover, seen: Survey, ports: Ports) -> bool:
    """Take back what is left; True when nothing is left any more.

    What is in progress is stopped with a rollback. What ended stays: it is compared with the release like anything else
    that runs. An unfinished first release goes back to zero, as its own return would have done.
    """
    if leftover.gate is None:
        return True
    for name in leftover.standing:
        manifest = seen.services[name].manifest
        ports.services.set_desired_count(manifest.cluster, manifest.service, 0)
    for service in seen.services.values():
        for one in service.newest:
            if one.arn in leftover.deployments:
                stop_deployment(one, ports)
    if leftover.deployments or leftover.standing:
        return False
    ports.parameters.delete(gate_parameter(seen.deployer.application, seen.deployer.environment))
    return True


def set_tags_right(seen: Survey, ports: Ports) -> tuple[str, ...]:
    """Make the environment's tags name the recorded release again; returns the images whose tag did not.

    A deployment that died while it recorded moved some. The way back may lead to CloudFormation's own revisions, which
    refer to these tags.
    """
    wrong = wrong_tags(seen.contents, seen.deployer, seen.previous)
    for image in wrong:
        at, recorded = seen.deployer.images[image], seen.contents.resolve(image, str(seen.previous))
        if recorded is not None:
            tag = environment_tag(seen.deployer.environment)
            ports.registry.move_tag(at.registry_id, at.region, at.repository, digest=recorded.digest, tag=tag)
    return wrong


def wrong_tags(contents: Contents, deployer: DeployerManifest, recorded: str | None) -> tuple[str, ...]:
    """The images whose environment tag does not name the recorded release, though they carry it. Reads only."""
    tag = environment_tag(deployer.environment)
    wrong = []
    for image in deployer.images:
        released = contents.resolve(image, recorded) if recorded else None
        named = contents.resolve(image, tag) if released else None
        if released is not None and (named is None or named.digest != released.digest):
            wrong.append(image)
    return tuple(wrong)


def _started_by(gate: Gate, service: SeenService) -> Iterator[LiveDeployment]:
    for one in service.newest:
        revision = service.targets.get(one.target_revision or "")
        target = service.live.task_definition if revision is None else revision.task_definition
        if not one.status.ended and target in gate.task_definitions:
            yield one
