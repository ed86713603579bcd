"""The example on the embedded AWS without Docker: synthesised once, deployed, changed by hand, released."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appdp.local import stacks
from appdp.local.lifecycle import EmbeddedAws
from appdp.local.rehearsal import synth, synthetic
from appdp.local.rehearsal.repository import SourceRepository
from appdp.local.rehearsal.scenario import Scenario
from appdp.local.rehearsal.scenario_file import read
from appdp.local.stacks import StackResult

EXAMPLE = Path(__file__).parents[3] / "examples" / "shop"
SERVICES = "shop-dev"

Template = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Shop:
    """The example's environment ``dev``."""

    aws: EmbeddedAws
    assembly: Path
    scenario: Scenario
    source: SourceRepository

    def tag(self, release: str) -> str:
        """The image tag of a release that the scenario names."""
        return self.source.commits[release]

    def push(self, *releases: str) -> None:
        """Put releases into the registry."""
        synthetic.push_all(self.scenario, {name: self.tag(name) for name in releases}, self.aws.endpoint.url)

    def cdk_deploy(self) -> list[StackResult]:
        """Deploy all stacks as they were synthesised, as ``cdk deploy --all`` would."""
        return stacks.deploy(self.aws, self.assembly)

    def cdk_deploy_changed(self, directory: Path, change: Callable[[Template], None]) -> list[StackResult]:
        """Deploy with the services' template changed."""
        shutil.copytree(self.assembly, directory, dirs_exist_ok=True)
        path = directory / f"{SERVICES}.template.json"
        template = json.loads(path.read_text())
        change(template)
        path.write_text(json.dumps(template))
        return stacks.deploy(self.aws, directory)

    def appdp(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        return self.appdp_with({}, *words)

    def appdp_with(self, variables: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command line with some environment variables of one's own."""
        return subprocess.run(
            [str(Path(sys.executable).with_name("appdp")), *words],
            env={**self.aws.environment(), **variables},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def service_arns(self) -> dict[str, str]:
        """Name within the environment → ARN."""
        found = self.aws.client("ssm").get_parameters_by_path(Path="/appdp/shop/dev/services")["Parameters"]
        return {item["Name"].rsplit("/", 1)[1]: json.loads(item["Value"])["service"] for item in found}

    def deployments(self) -> dict[str, tuple[str, ...]]:
        """Every service's service deployments."""
        ecs = self.aws.client("ecs")
        return {
            name: tuple(
                item["serviceDeploymentArn"]
                for item in ecs.list_service_deployments(service=arn, cluster=cluster_of(arn))["serviceDeployments"]
            )
            for name, arn in self.service_arns().items()
        }

    def settle(self, seconds: float = 60) -> None:
        """Wait until no service's newest deployment is in progress."""
        ecs, until = self.aws.client("ecs"), time.monotonic() + seconds
        for arn in self.service_arns().values():
            where = {"service": arn, "cluster": cluster_of(arn)}
            while "finishedAt" not in ecs.list_service_deployments(**where)["serviceDeployments"][0]:
                assert time.monotonic() < until, f"{arn} is still being deployed after {seconds} s"
                time.sleep(0.2)

    def running_digests(self) -> dict[str, str]:
        """Every service's image digest, as its only active service revision says."""
        ecs = self.aws.client("ecs")
        digests = {}
        for name, arn in self.service_arns().items():
            service = ecs.describe_services(cluster=cluster_of(arn), services=[arn])["services"][0]
            (current,) = service["currentServiceRevisions"]
            revision = ecs.describe_service_revisions(serviceRevisionArns=[current["arn"]])["serviceRevisions"][0]
            (image,) = revision["containerImages"]
            digests[name] = image["imageDigest"]
        return digests

    def released_digests(self, release: str) -> dict[str, str]:
        """Every image's digest in a release."""
        ecr = self.aws.client("ecr")
        return {
            image.image: ecr.batch_get_image(
                repositoryName=f"shop/{image.image}", imageIds=[{"imageTag": self.tag(release)}]
            )["images"][0]["imageId"]["imageDigest"]
            for image in self.scenario.release(release).images
        }

    def stack_events(self) -> int:
        """How many events the stacks have in all: every CloudFormation operation adds some."""
        cloudformation = self.aws.client("cloudformation")
        names = [stack["StackName"] for stack in cloudformation.describe_stacks()["Stacks"]]
        return sum(len(cloudformation.describe_stack_events(StackName=name)["StackEvents"]) for name in names)


def start(aws: EmbeddedAws, directory: Path, example: Path = EXAMPLE) -> Shop:
    """Synthesise the example, or a copy of it with more in it, and deploy it to an empty account."""
    assembly = directory / "cdk.out"
    synth.synthesise(example, assembly, {})
    scenario, source = read(EXAMPLE), SourceRepository(directory)
    source.fill(EXAMPLE, scenario.releases)
    shop = Shop(aws=aws, assembly=assembly, scenario=scenario, source=source)
    shop.cdk_deploy()
    return shop


def cluster_of(service_arn: str) -> str:
    """The cluster's name in a service's ARN."""
    return service_arn.split("/")[1]
