"""The engine releases a service that CodeDeploy deploys, on the embedded AWS; its containers are simulated."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from appdp.aws.assemble import ports
from appdp.aws.session import Session
from appdp.engine.deploy import Request, advance, begin
from appdp.engine.ports import Ports
from appdp.local.ecs.simulated_runtime import ANNOTATION
from appdp.model.deployment import Deployment, Outcome, Owner, Phase
from appdp.model.environment import DeployerManifest, ImageRepository, ServiceManifest, StrategyKind
from appdp.model.handoff import deployer_parameter, release_parameter, service_parameter
from appdp.model.service_state import Progress
from tests.emulator.codedeploy.conftest import account, shop
from tests.emulator.codedeploy.shop import LONG, STOP_ON_ANYTHING, Shop
from tests.emulator.codedeploy.test_migration import migrate
from tests.emulator.ecs.conftest import REGISTRY, Stage
from tests.emulator.ecs.test_control_plane import push as push_plain

__all__ = ["account", "shop"]

ENVIRONMENT = "dev"
INDEX = "application/vnd.oci.image.index.v1+json"
MOST_SECONDS = 120


@pytest.fixture
def engine(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Ports:
    """The service runs r1, deployed by CodeDeploy, and its environment says so."""
    for name, value in shop.stage.aws.environment().items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    rollback = {"enabled": True, "events": STOP_ON_ANYTHING}
    shop.open(push(shop.stage, "r1"), count=2, approval=LONG, autoRollbackConfiguration=rollback)
    found = ports(Session())
    describe(shop, found)
    found.parameters.put(release_parameter(shop.name, ENVIRONMENT), "r1")
    return found


def push(stage: Stage, tag: str, behaviour: dict[str, Any] | None = None) -> str:
    """Push an index over one image, which behaves as told; returns its reference."""
    push_plain(stage, f"env-{tag}", behaviour)
    wanted = [{"imageTag": f"env-{tag}"}]
    child = stage.client("ecr").describe_images(repositoryName="stage", imageIds=wanted)["imageDetails"][0]
    entry = {
        "mediaType": child["imageManifestMediaType"],
        "digest": child["imageDigest"],
        "size": 1,
        "platform": {"os": "linux", "architecture": "amd64"},
    }
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}
    index["annotations"] = {"tag": tag, **({ANNOTATION: json.dumps(behaviour)} if behaviour else {})}
    ecr = stage.client("ecr")
    with suppress(ecr.exceptions.ImageAlreadyExistsException):
        ecr.put_image(
            repositoryName="stage", imageManifest=json.dumps(index), imageManifestMediaType=INDEX, imageTag=tag
        )
    return f"{REGISTRY}/stage:{tag}"


def describe(shop: Shop, engine: Ports) -> None:
    """What the stacks write."""
    image = ImageRepository(registry=REGISTRY, repository="stage", registry_id="000000000000", region="us-east-1")
    deployer = DeployerManifest(
        application=shop.name, environment=ENVIRONMENT, state_machine="arn:none", images={"web": image}
    )
    live = shop.service()
    manifest = ServiceManifest(
        name="web",
        cluster=live["clusterArn"],
        service=live["serviceArn"],
        task_definition=live["taskDefinition"],
        containers={"web": "web"},
        strategy=StrategyKind.CODEDEPLOY,
        desired_count=2,
        target_groups=tuple(shop.groups.values()),
        deployment_group=f"{shop.name}/{shop.name}",
    )
    engine.parameters.put(deployer_parameter(shop.name, ENVIRONMENT), deployer.to_json())
    engine.parameters.put(service_parameter(shop.name, ENVIRONMENT, "web"), manifest.to_json())


def started(shop: Shop, release: str) -> Deployment:
    request = Request(
        application=shop.name, environment=ENVIRONMENT, release=release, rollback=False, id=f"d-{release}", hold=False
    )
    return begin(request, owner=Owner(execution=None, requested_by="arn:me"), now=time.time())


def drive(
    engine: Ports, deployment: Deployment, until: Callable[[Deployment], bool] = lambda deployment: deployment.done
) -> Deployment:
    end = time.monotonic() + MOST_SECONDS
    while not until(deployment) and not deployment.done:
        assert time.monotonic() < end, deployment
        step = advance(deployment, engine)
        deployment = step.deployment
        time.sleep(min(step.wait_seconds, 1))
    return deployment


def test_a_good_release_goes_through_the_gate(shop: Shop, engine: Ports) -> None:
    push(shop.stage, "r2")
    at_gate = drive(engine, started(shop, "r2"), lambda state: state.phase is Phase.GATE)
    assert shop.serves() == "r1"
    assert shop.deployment(newest(shop))["status"] == "Ready"
    done = drive(engine, at_gate)
    assert done.outcome is Outcome.SUCCEEDED, done.failure
    assert shop.serves() == "r2"
    assert engine.parameters.get(release_parameter(shop.name, ENVIRONMENT)) == "r2"
    again = drive(engine, started(shop, "r2"))
    assert again.outcome is Outcome.NOTHING_TO_DO


def newest(shop: Shop) -> str:
    listed = shop.client("codedeploy").list_deployments(applicationName=shop.name, deploymentGroupName=shop.name)
    return str(listed["deployments"][0])


def test_a_release_that_exits_is_taken_back(shop: Shop, engine: Ports) -> None:
    push(shop.stage, "bad", {"kind": "exits", "code": 1})
    done = drive(engine, started(shop, "bad"))
    assert done.outcome is Outcome.ROLLED_BACK, done.failure
    assert done.failure is not None
    assert shop.serves() == "r1"


def test_an_engine_that_was_killed_goes_on(shop: Shop, engine: Ports) -> None:
    """It dies after CreateDeployment and does not know; no second deployment is created."""
    push(shop.stage, "r3")
    before = drive(engine, started(shop, "r3"), registered)
    advance(before, engine)
    done = drive(engine, before)
    assert done.outcome is Outcome.SUCCEEDED, done.failure
    listed = shop.client("codedeploy").list_deployments(applicationName=shop.name, deploymentGroupName=shop.name)
    assert len(listed["deployments"]) == 1


def registered(state: Deployment) -> bool:
    return bool(state.services) and state.service("web").progress is Progress.REGISTERED


def test_one_stopped_by_hand_goes_back(shop: Shop, engine: Ports) -> None:
    push(shop.stage, "r4")
    at_gate = drive(engine, started(shop, "r4"), lambda state: state.phase is Phase.GATE)
    shop.client("codedeploy").stop_deployment(deploymentId=newest(shop), autoRollbackEnabled=True)
    assert drive(engine, at_gate).outcome is Outcome.ROLLED_BACK
    assert shop.serves() == "r1"


def test_the_next_release_after_the_move_goes_through_ecs(shop: Shop, engine: Ports) -> None:
    """The controller is changed in place; the engine asks the live service who deploys it."""
    push(shop.stage, "r5")
    first = drive(engine, started(shop, "r5"))
    assert first.outcome is Outcome.SUCCEEDED, first.failure
    migrate(shop)
    push(shop.stage, "r6")
    done = drive(engine, started(shop, "r6"))
    assert done.outcome is Outcome.SUCCEEDED, done.failure
    assert ":service-deployment/" in str(done.service("web").deployment)
    assert shop.serves() == "r6"
