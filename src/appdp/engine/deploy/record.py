"""Record: schedules, the environment's tags and the release parameter name the release, as every service runs it."""

from __future__ import annotations

from dataclasses import replace

from appdp.engine.deploy.changing import finish, go_back
from appdp.engine.deploy.confirming import changed_meanwhile
from appdp.engine.deploy.locking import LAG_SECONDS
from appdp.engine.deploy.manifests import read_deployer
from appdp.engine.deploy.schedules import repoint
from appdp.engine.deploy.step import Step
from appdp.engine.ports import Ports
from appdp.model.deployment import Deployment, Outcome
from appdp.model.handoff import environment_tag, release_parameter


def record(deployment: Deployment, ports: Ports, now: float) -> Step:
    """Repoint the schedules, move the tags, look once more, then write the release parameter; each may happen twice.

    Schedules first: while nothing names the release yet, a schedule that cannot run it takes everything back. A service
    that CloudFormation deployed just before the tags moved runs the release before; then all go back, too.
    """
    step = repoint(deployment, ports, now)
    if step is not None:
        return step
    move_tags(deployment, ports)
    failure = changed_meanwhile(deployment, ports, tags_moved=True)
    if failure is not None:
        _move_tags_back(deployment, ports)
        return go_back(deployment, failure, now)
    name = release_parameter(deployment.application, deployment.environment)
    # Written only when it differs: every write is an entry of the release history.
    if ports.parameters.get(name) != deployment.release:
        ports.parameters.put(name, deployment.release)
    text = f"{deployment.environment} runs {deployment.release}, whole"
    done = finish(deployment, Outcome.SUCCEEDED, now, text)
    # The next deployment must read it.
    return replace(done, wait_seconds=LAG_SECONDS)


def move_tags(deployment: Deployment, ports: Ports) -> None:
    """Make the environment's tag name the release's image in every repository that carries it."""
    deployer = read_deployer(deployment.application, deployment.environment, ports)
    for image, digest in (deployment.digests or {}).items():
        if image not in deployer.images:
            continue  # the deployer's stack was deployed meanwhile and dropped it
        at = deployer.images[image]
        ports.registry.move_tag(
            at.registry_id, at.region, at.repository, digest=digest, tag=environment_tag(deployment.environment)
        )


def _move_tags_back(deployment: Deployment, ports: Ports) -> None:
    """Make the environment's tag name what it named before. After a first release nothing is to be named."""
    deployer = read_deployer(deployment.application, deployment.environment, ports)
    for at in deployer.images.values() if deployment.previous else ():
        before = ports.registry.resolve(at.registry_id, at.region, at.repository, str(deployment.previous))
        if before is not None:
            tag = environment_tag(deployment.environment)
            ports.registry.move_tag(at.registry_id, at.region, at.repository, digest=before.digest, tag=tag)
