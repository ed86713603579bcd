"""A small application on imported infrastructure, so that a test defines only what it is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_scheduler as scheduler
from aws_cdk.assertions import Template

from appdp.cdk import Application, Architecture, Deployer, Image, ImageRepositories, Schedule, WebService, Worker
from tests.synth.assembly import only

STRONG = {"@aws-cdk/core:defaultCrossStackReferences": "strong", "aws:cdk:disable-asset-staging": True}
"""CloudFormation exports: the CDK wants an app to say which kind of references it means. And no copy of the functions'
code in every assembly: their hash is in the templates all the same, and the example's assembly has the copy.
"""

SHOP = Application(name="shop", images=(Image(name="web"), Image(name="jobs", platforms=("linux/amd64",))))


class Environment:
    """The stacks ``images``, ``deployer`` and ``services`` of the application ``shop``, environment ``dev``."""

    def __init__(self, folder: Path) -> None:
        self.app = App(outdir=str(folder), post_cli_context=STRONG)
        self.images_stack = Stack(self.app, "images")
        self.deployer_stack = Stack(self.app, "deployer")
        self.services_stack = Stack(self.app, "services")
        self.images = ImageRepositories(self.images_stack, "Images", application=SHOP)
        self.deployer = Deployer(
            self.deployer_stack, "Deployer", application=SHOP, environment="dev", repositories=self.images
        )
        self.vpc = ec2.Vpc.from_vpc_attributes(
            self.services_stack,
            "Vpc",
            vpc_id="vpc-0000000000000000a",
            availability_zones=["a", "b"],
            private_subnet_ids=["subnet-00000000000000001", "subnet-00000000000000002"],
            public_subnet_ids=["subnet-00000000000000003", "subnet-00000000000000004"],
        )
        self.cluster = ecs.Cluster.from_cluster_attributes(
            self.services_stack,
            "Cluster",
            cluster_name="main",
            cluster_arn="arn:aws:ecs:eu-west-1:111122223333:cluster/main",
            vpc=self.vpc,
            security_groups=[],
        )
        self.listener = self._listener("Listener", "production")
        self.test_listener = self._listener("TestListener", "test")

    def _listener(self, construct_id: str, name: str) -> elbv2.IApplicationListener:
        prefix = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/shop/1"
        return elbv2.ApplicationListener.from_application_listener_attributes(
            self.services_stack,
            construct_id,
            listener_arn=f"{prefix}/{name}",
            security_group=ec2.SecurityGroup.from_security_group_id(
                self.services_stack, f"{construct_id}Group", "sg-0000000000000000a"
            ),
        )

    def web(self, construct_id: str = "Web", **overrides: Any) -> WebService:
        """A web service with the fewest properties, and those given."""
        properties: dict[str, Any] = {
            "deployer": self.deployer,
            "cluster": self.cluster,
            "listener": self.listener,
            "priority": 10,
            "path_patterns": ["/*"],
            **overrides,
        }
        return WebService(self.services_stack, construct_id, **properties)

    def worker(self, construct_id: str = "Web", **overrides: Any) -> Worker:
        """A worker with the fewest properties, and those given."""
        properties: dict[str, Any] = {"deployer": self.deployer, "cluster": self.cluster, **overrides}
        return Worker(self.services_stack, construct_id, **properties)

    def schedule(self, construct_id: str = "Nightly", **overrides: Any) -> Schedule:
        """A schedule with the fewest properties, and those given."""
        properties: dict[str, Any] = {
            "deployer": self.deployer,
            "cluster": self.cluster,
            "expression": scheduler.ScheduleExpression.rate(Duration.hours(1)),
            "image": "web",
            **overrides,
        }
        return Schedule(self.services_stack, construct_id, **properties)

    def ready_made(
        self, *, image: str = "web", architecture: Architecture | None = None, **properties: Any
    ) -> ecs.FargateTaskDefinition:
        """A user's own task definition, with a sidecar."""
        definition = ecs.FargateTaskDefinition(
            self.services_stack,
            "Ready",
            cpu=512,
            memory_limit_mib=1024,
            runtime_platform=architecture.runtime_platform if architecture else None,
            **properties,
        )
        definition.add_container(
            "app",
            image=self.deployer.image(image),
            port_mappings=[ecs.PortMapping(container_port=8080)],
        )
        definition.add_container("sidecar", image=ecs.ContainerImage.from_registry("public.ecr.aws/x/proxy:1"))
        return definition

    @property
    def service(self) -> dict[str, Any]:
        """The properties of the only ECS service."""
        return only(self.services, "AWS::ECS::Service")

    @property
    def services(self) -> dict[str, Any]:
        """The services' template."""
        return _template(self.services_stack)

    @property
    def deployers(self) -> dict[str, Any]:
        """The deployer's template."""
        return _template(self.deployer_stack)

    @property
    def repositories(self) -> dict[str, Any]:
        """The repositories' template."""
        return _template(self.images_stack)


def _template(stack: Stack) -> dict[str, Any]:
    loaded: dict[str, Any] = dict(Template.from_stack(stack).to_json())
    return loaded
