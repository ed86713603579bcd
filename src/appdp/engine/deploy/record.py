"""Record: the environment's tags and the release parameter name the release, now that every service runs it."""

from __future__ import annotations

from appdp.engine.deploy.changing import finish
from appdp.engine.deploy.manifests import read_deployer
from appdp.engine.deploy.step import Step
from appdp.engine.ports import Ports
from appdp.model.deployment import Deployment, Outcome
from appdp.model.handoff import environment_tag, release_parameter


def record(deployment: Deployment, ports: Ports, now: float) -> Step:
    """Move the tags, then write the release parameter; both may happen twice."""
    move_tags(deployment, ports)
    name = release_parameter(deployment.application, deployment.environment)
    # Written only when it differs: every write is an entry of the release history.
    if ports.parameters.get(name) != deployment.release:
        ports.parameters.put(name, deployment.release)
    text = f"{deployment.environment} runs {deployment.release}, whole"
    return finish(deployment, Outcome.SUCCEEDED, now, text)


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
