"""Migrations on real containers: one that works, one that fails before traffic, and one that is run by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from appdp.local.lifecycle import EmbeddedAws
from appdp.model.environment import DeployerManifest, ImageRepository, ServiceManifest, StrategyKind
from appdp.model.handoff import deployer_parameter, job_parameter, service_parameter
from appdp.model.job import JobManifest
from tests.emulator.ecs.conftest import REGISTRY, Stage, build_stage

pytestmark = pytest.mark.docker

RUN = """#!/bin/sh
if [ "$1" = migrate ]; then echo "migrating to $RELEASE"; sleep 1; {migration}; fi
if [ "$1" = say ]; then echo "said by $RELEASE: $2"; exit $3; fi
echo "working as $RELEASE"
trap 'exit 0' TERM
sleep 3600 & wait $!
"""
SHELL = ["/bin/busybox", "sh", "/run.sh"]


@dataclass(frozen=True, kw_only=True)
class Account:
    """An environment ``dev`` of ``shop``: one worker, and a job before traffic, laid out as the constructs would."""

    stage: Stage
    cluster: str
    service: str

    def push(self, release: str, migration: str) -> None:
        """Publish a release whose migration runs this shell command."""
        self.stage.push(release, script=RUN.format(migration=migration))

    def appdp(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        return subprocess.run(
            [str(Path(sys.executable).with_name("appdp")), *words],
            env=self.stage.aws.environment(),
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    def running(self) -> list[str]:
        """The images of the service's running tasks."""
        ecs = self.stage.client("ecs")
        arns = ecs.list_tasks(serviceName="worker")["taskArns"]
        tasks = ecs.describe_tasks(tasks=arns)["tasks"] if arns else []
        return [container["image"] for task in tasks for container in task["containers"]]

    def migrations(self) -> list[dict[str, object]]:
        """The tasks of the job that have stopped."""
        ecs = self.stage.client("ecs")
        arns = ecs.list_tasks(family="migrate", desiredStatus="STOPPED")["taskArns"]
        return list(ecs.describe_tasks(tasks=arns)["tasks"]) if arns else []


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with EmbeddedAws.start(docker=True, bake_scale=0.02) as aws:
        yield lay_out(build_stage(aws))


def lay_out(stage: Stage) -> Account:
    """What the stacks would have made."""
    image = f"{REGISTRY}/stage:env-dev"
    worker = stage.register(image, "worker", command=SHELL)
    job = stage.register(image, "migrate", command=[*SHELL, "migrate"])
    ecs = stage.client("ecs")
    service = ecs.create_service(serviceName="worker", taskDefinition=worker, desiredCount=0)["service"]
    account = Account(stage=stage, cluster=service["clusterArn"], service=service["serviceArn"])
    home = ImageRepository(registry=REGISTRY, repository="stage", registry_id="000000000000", region="us-east-1")
    deployer = DeployerManifest(application="shop", environment="dev", state_machine="arn:none", images={"web": home})
    manifest = ServiceManifest(
        name="worker",
        cluster=account.cluster,
        service=account.service,
        task_definition=worker,
        containers={"web": "web"},
        strategy=StrategyKind.ROLLING,
        desired_count=1,
    )
    subnet = stage.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    migrate = JobManifest(
        name="migrate",
        cluster=account.cluster,
        task_definition=job,
        containers={"web": "web"},
        network={"awsvpcConfiguration": {"subnets": [subnet], "assignPublicIp": "DISABLED"}},
        deciding_container="web",
        timeout_seconds=60,
    )
    written = {
        deployer_parameter("shop", "dev"): deployer.to_json(),
        service_parameter("shop", "dev", "worker"): manifest.to_json(),
        job_parameter("shop", "dev", "migrate"): migrate.to_json(),
    }
    for name, value in written.items():
        stage.client("ssm").put_parameter(Name=name, Value=value, Type="String")
    return account


def test_migrations_decide_about_releases(account: Account) -> None:
    account.push("1", "exit 0")
    account.push("2", "echo 'ERROR: column is in use'; exit 7")

    released = account.appdp("deploy", "dev", "1", "--direct", "--yes")
    assert released.returncode == 0, released.stderr
    assert "job migrate | migrating to 1" in released.stderr
    assert "job migrate succeeded" in released.stderr
    before = account.running()
    assert len(before) == 1

    failed = account.appdp("deploy", "dev", "2", "--direct", "--yes", "--json")
    assert failed.returncode == 4, failed.stderr
    assert "job migrate failed with exit code 7" in failed.stderr
    assert "ERROR: column is in use" in failed.stderr
    assert account.running() == before
    deployments = account.stage.client("ecs").list_service_deployments(service="worker")["serviceDeployments"]
    assert len(deployments) <= 2, "the service's creation and the first release; the second touched nothing"
    assert len(account.migrations()) == 2, "each release ran its own once"

    by_hand = account.appdp("run", "dev", "migrate", "--", *SHELL, "say", "hello", "0")
    assert by_hand.returncode == 0, by_hand.stderr
    assert by_hand.stdout.strip() == "said by 1: hello"

    broken = account.appdp("run", "dev", "migrate", "--json", "--", *SHELL, "say", "oh", "3")
    assert broken.returncode == 5, broken.stderr
    assert json.loads(broken.stdout)["container_exit_code"] == 3
    assert "said by 1: oh" in broken.stderr

    unknown = account.appdp("run", "dev", "nope")
    assert unknown.returncode == 2
    assert "There are: migrate." in unknown.stderr
