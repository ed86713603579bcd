"""What a deployment that died left behind: a gate, and service deployments that wait at it or run on.

The gate names every revision that the dead deployment deploys, so what it started can be told from what others did. Its
gate stays as it is until all of that has ended; only then may a new deployment write its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from appdp.engine.deploy.content import Contents
from appdp.engine.deploy.stopping import stop_deployment
from appdp.engine.deploy.survey import CODE_DEPLOY, SeenService, Survey
from appdp.engine.live import LiveDeployment
from appdp.engine.ports import Ports
from appdp.model.environment import DeployerManifest
from appdp.model.gate import Gate
from appdp.model.handoff import environment_tag, gate_parameter

LISTED_SECONDS: Final = 30
"""How long after a request ECS's list of service deployments may still lack what it started; it takes seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """Args:
    gate: the gate that was found, or None.
    deployments: ARNs of the service deployments in progress that belong to it.
    standing: names of services that an unfinished first release brought up from zero.
    unlisted: names of services that were told to deploy, for which ECS lists no deployment yet.
    """

    gate: Gate | None = None
    deployments: tuple[str, ...] = ()
    standing: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()


def find_leftovers(seen: Survey, ports: Ports, *, after_seconds: float) -> Leftover:
    """What is left of an earlier deployment. Reads only.

    Args:
        after_seconds: how long ago that deployment surely was gone.
    """
    text = ports.parameters.get(gate_parameter(seen.deployer.application, seen.deployer.environment))
    if text is None:
        return Leftover()
    gate = Gate.from_json(text)
    services = seen.services.values()
    standing = [one for one in services if seen.previous is None and _stands(gate, one)]
    # CloudFormation's own deployment to zero looks the same, so only what is in progress or time explains a count.
    unlisted = (
        [one for one in standing if after_seconds < LISTED_SECONDS and not any(_started_by(gate, one))]
        if seen.previous is None
        else [one for one in services if _unlisted(gate, one)]
    )
    return Leftover(
        gate=gate,
        deployments=tuple(one.arn for service in services for one in _started_by(gate, service)),
        standing=tuple(one.manifest.name for one in standing if one not in unlisted),
        unlisted=tuple(one.manifest.name for one in unlisted),
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
    if leftover.deployments or leftover.standing or leftover.unlisted:
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
        # What led back waits at CodeDeploy's gate as well, and now nobody would open it.
        if not one.status.ended and (target in gate.task_definitions or one.by_appdp):
            yield one


def _stands(gate: Gate, service: SeenService) -> bool:
    """Whether an unfinished first release told it to come up from zero.

    CodeDeploy points a service at what has traffic, which its green has not yet; so there the count alone tells.
    """
    pointed = service.live.task_definition in gate.task_definitions
    return service.live.desired_count != 0 and (pointed or service.live.controller == CODE_DEPLOY)


def _unlisted(gate: Gate, service: SeenService) -> bool:
    """Whether UpdateService happened just before the death, and ECS lists the deployment a moment later only.

    Without the gate its green would take traffic as soon as it is up. In a first release the service is pointed at
    CloudFormation's own revision all the time, so this does not tell there.
    """
    pointed = service.live.task_definition
    if pointed not in gate.task_definitions:
        return False
    targets = [service.targets.get(one.target_revision or "") for one in service.newest]
    return all(target is not None and target.task_definition != pointed for target in targets)
