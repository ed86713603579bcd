"""CDK describes the environment, the engine decides which release runs, and neither undoes the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appdp.local.lifecycle import EmbeddedAws
from tests.emulator.policies import refused
from tests.emulator.single_writer.shop import SERVICES, Shop, Template, start


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with EmbeddedAws.start(docker=False, bake_scale=0.02, time_scale=0.5) as aws:
        shop = start(aws, tmp_path_factory.mktemp("shop"))
        shop.push("1", "2")
        yield shop


def _add_variable(template: Template) -> None:
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::ECS::TaskDefinition":
            for container in resource["Properties"]["ContainerDefinitions"]:
                container.setdefault("Environment", []).append({"Name": "FEATURE", "Value": "on"})


def _drop_a_subnet(template: Template) -> None:
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::ECS::Service":
            resource["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]["Subnets"].pop()


def test_cdk_deploy_and_releases_leave_each_other_alone(shop: Shop, tmp_path: Path) -> None:
    # A first deploy on an empty registry made services at zero; the first release brings them up.
    before = shop.stack_events()
    released = shop.appdp("deploy", "dev", shop.tag("1"), "--yes")
    assert released.returncode == 0, released.stderr
    assert shop.stack_events() == before, "a release must not start a CloudFormation operation"
    assert shop.running_digests() == shop.released_digests("1")

    # The condition drops the zero now; nothing is deployed for it.
    deployments = shop.deployments()
    shop.cdk_deploy()
    assert shop.deployments() == deployments

    released = shop.appdp("deploy", "dev", shop.tag("2"), "--yes")
    assert released.returncode == 0, released.stderr
    assert shop.running_digests() == shop.released_digests("2")

    # After a release, the same templates again: not one resource changes.
    deployments = shop.deployments()
    assert not any(result.changed for result in shop.cdk_deploy())
    assert shop.deployments() == deployments

    # A changed environment variable deploys the released digest, not the one of the template's making.
    results = shop.cdk_deploy_changed(tmp_path / "variable", _add_variable)
    assert {result.name for result in results if result.changed} == {SERVICES}
    assert all(len(now) == len(deployments[name]) + 1 for name, now in shop.deployments().items())
    assert shop.running_digests() == shop.released_digests("2")

    # So does a changed service property alone.
    deployments = shop.deployments()
    shop.cdk_deploy_changed(tmp_path / "variable", _drop_a_subnet)
    assert all(len(now) == len(deployments[name]) + 1 for name, now in shop.deployments().items())
    assert shop.running_digests() == shop.released_digests("2")

    # All of that, the deployer's functions may do.
    assert refused(shop.aws) == []
    roles = {call.role for call in shop.aws.calls()}
    assert all(any(f"Deployer{name}Role" in role for role in roles) for name in ("Advance", "Gate", "ReleaseCreator"))
