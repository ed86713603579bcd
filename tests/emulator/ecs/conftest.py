"""One embedded AWS with real containers, an ALB in it, and images made from a static busybox."""

from __future__ import annotations

import io
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import docker
import pytest

from appdp.local.lifecycle import EmbeddedAws

REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
GROUP = "/stage"

DOCKERFILE = """FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
COPY run /run.sh
ENV RELEASE={release}
CMD ["/bin/busybox", "sh", "/run.sh"]
"""

SERVE = """#!/bin/sh
mkdir -p /www && echo "$RELEASE" > /www/index.html && echo ok > /www/health
echo "serving $RELEASE"
trap 'kill $pid; exit 0' TERM
httpd -f -p 8080 -h /www & pid=$!
wait $pid
"""


@dataclass(frozen=True)
class Stage:
    """An embedded AWS with a cluster, a repository and a load balancer that has a production and a test rule."""

    aws: EmbeddedAws
    blue: str
    green: str
    production: str
    test: str

    def client(self, service: str) -> Any:  # noqa: ANN401 - botocore's clients have no common type
        return self.aws.client(service)

    def push(self, tag: str, *, script: str = SERVE, release: str = "") -> str:
        """Build and push an image that runs ``script``; returns its reference as a task definition has it."""
        client = docker.from_env()
        try:
            local = f"localhost:{urlsplit(self.aws.endpoint.url).port}/stage"
            context = _context(script, release or tag)
            client.images.build(fileobj=context, custom_context=True, tag=f"{local}:{tag}", rm=True, forcerm=True)
            client.images.push(local, tag=tag, auth_config={"username": "AWS", "password": "any"})
            client.images.remove(f"{local}:{tag}")
        finally:
            client.close()
        return f"{REGISTRY}/stage:{tag}"

    def register(self, image: str, family: str = "web", **container: object) -> str:
        definition = {
            "name": "web",
            "image": image,
            "stopTimeout": 2,
            "portMappings": [{"containerPort": 8080}],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": GROUP,
                    "awslogs-create-group": "true",
                    "awslogs-region": "us-east-1",
                    "awslogs-stream-prefix": "stage",
                },
            },
            **container,
        }
        answer = self.client("ecs").register_task_definition(family=family, containerDefinitions=[definition])
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def get(self, path: str = "/", *, port: int = 80) -> tuple[int, str]:
        """Ask the load balancer."""
        url = self.aws.listeners()[f"stage:{port}"]
        try:
            with urlopen(f"{url}{path}", timeout=10) as answer:  # noqa: S310 - a loopback URL of our own
                return answer.status, answer.read().decode().strip()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def ended(self, service: str, seconds: float = 60) -> dict[str, Any]:
        """The service's newest deployment, once it has ended."""
        ecs = self.client("ecs")

        def over() -> dict[str, Any] | None:
            newest = ecs.list_service_deployments(service=service)["serviceDeployments"][0]
            return newest if "finishedAt" in newest else None

        return dict(wait(over, seconds))

    def stopped(self, service: str) -> list[dict[str, Any]]:
        ecs = self.client("ecs")
        arns = ecs.list_tasks(serviceName=service, desiredStatus="STOPPED")["taskArns"]
        return list(ecs.describe_tasks(tasks=arns)["tasks"]) if arns else []

    def log(self, task: dict[str, Any]) -> list[str]:
        stream = f"stage/web/{task['taskArn'].rpartition('/')[2]}"
        events = self.client("logs").get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True)
        return [event["message"] for event in events["events"]]


def wait(probe: Callable[[], Any], seconds: float = 60) -> Any:  # noqa: ANN401 - whatever the probe finds
    """The first true answer of ``probe``."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := probe():
            return found
        time.sleep(0.1)
    raise AssertionError(f"nothing found within {seconds} s")


def _context(script: str, release: str) -> io.BytesIO:
    files = {
        "Dockerfile": DOCKERFILE.format(release=release).encode(),
        "run": script.encode(),
        "busybox": _busybox().read_bytes(),
    }
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        for name, content in files.items():
            item = tarfile.TarInfo(name)
            item.size = len(content)
            item.mode = 0o755
            tar.addfile(item, io.BytesIO(content))
    context.seek(0)
    return context


def _busybox() -> Path:
    found = shutil.which("busybox")
    if found is None:
        pytest.fail("These tests make their images from a static busybox. Install it: apt-get install busybox-static.")
    return Path(found)


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    with EmbeddedAws.start(docker=True, bake_scale=0.02) as aws:
        yield build_stage(aws)


def build_stage(aws: EmbeddedAws) -> Stage:
    """Lay out the stage in an embedded AWS."""
    aws.client("ecs").create_cluster()
    aws.client("ecr").create_repository(repositoryName="stage")
    elb, ec2 = aws.client("elbv2"), aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    balancer = elb.create_load_balancer(Name="stage", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    groups = [target_group(elb, name, vpc, delay_seconds=2) for name in ("blue", "green")]
    rules = [_rule(elb, balancer, port, groups) for port in (80, 9000)]
    return Stage(aws, *groups, *rules)


def target_group(elb: Any, name: str, vpc: str, *, delay_seconds: int) -> str:  # noqa: ANN401 - a boto3 client
    """A target group for port 8080 whose targets are checked often; returns its ARN."""
    made = elb.create_target_group(
        Name=name,
        Protocol="HTTP",
        Port=8080,
        VpcId=vpc,
        TargetType="ip",
        HealthCheckPath="/health",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=2,
        HealthyThresholdCount=2,
        UnhealthyThresholdCount=2,
    )
    group = str(made["TargetGroups"][0]["TargetGroupArn"])
    attributes = [{"Key": "deregistration_delay.timeout_seconds", "Value": str(delay_seconds)}]
    elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=attributes)
    return group


def listener(elb: Any, balancer: str, port: int, action: dict[str, Any]) -> str:  # noqa: ANN401 - a boto3 client
    """A listener with a default action; returns its ARN."""
    made = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=port, DefaultActions=[action])
    return str(made["Listeners"][0]["ListenerArn"])


def _rule(elb: Any, balancer: str, port: int, groups: list[str]) -> str:  # noqa: ANN401 - a boto3 client
    nothing = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    weights = [{"TargetGroupArn": group, "Weight": weight} for group, weight in zip(groups, (100, 0), strict=True)]
    rule = elb.create_rule(
        ListenerArn=listener(elb, balancer, port, nothing),
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
        Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}],
    )
    return str(rule["Rules"][0]["RuleArn"])
