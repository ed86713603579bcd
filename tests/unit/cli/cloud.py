"""An account behind HTTP: the environment ``dev`` of ``shop`` with two services, at release ``v1``."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from appdp.model.environment import DeployerManifest, ImageRepository, ServiceManifest, StrategyKind
from appdp.model.handoff import deployer_parameter, release_parameter, service_parameter
from tests.unit.aws.server import AwsSays, AwsServer

ARN = "arn:aws:ecs:us-east-1:000000000000"
CLUSTER = f"{ARN}:cluster/shop"
STATE_MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:appdp-shop-dev"
SERVICES = ("api", "web")
BOTH = ("amd64", "arm64")
WRITES = frozenset(
    {
        "PutParameter",
        "DeleteParameter",
        "RegisterTaskDefinition",
        "UpdateService",
        "StopServiceDeployment",
        "PutImage",
        "PutEvents",
        "StartExecution",
        "ExecuteCommand",
    }
)


@dataclass
class Cloud:
    """What the server answers from. ``running`` holds the executions that run."""

    server: AwsServer
    parameters: dict[str, str] = field(default_factory=dict)
    images: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    red_alarms: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        names = (
            "GetParameter GetParametersByPath GetParameterHistory BatchGetImage DescribeImages DescribeServices "
            "ListServiceDeployments DescribeServiceDeployments DescribeServiceRevisions DescribeTaskDefinition "
            "DescribeExecution StartExecution DescribeAlarms ListTasks DescribeTasks ExecuteCommand"
        )
        for name in names.split():
            self.server.answers[name] = getattr(self, f"_{name}")
        images = {name: _repository(name) for name in SERVICES}
        deployer = DeployerManifest(application="shop", environment="dev", state_machine=STATE_MACHINE, images=images)
        self.parameters[deployer_parameter("shop", "dev")] = deployer.to_json()
        self.parameters[release_parameter("shop", "dev")] = "v1"
        for name in SERVICES:
            self.parameters[service_parameter("shop", "dev", name)] = _manifest(name).to_json()
            self.push(name, "v1")
            self.push(name, "v2")

    def push(self, image: str, tag: str, architectures: tuple[str, ...] = BOTH) -> None:
        """Put an image into its repository."""
        self.images[f"shop/{image}", tag] = architectures

    def writes(self) -> list[str]:
        """Every operation that would have changed something."""
        return [name for name in self.server.operations() if name in WRITES]

    def fail(self, code: str) -> None:
        """From now on every call is answered with this error."""

        def answer(_: dict[str, Any]) -> dict[str, Any]:
            raise AwsSays(code, f"{code} was said")

        for name in self.server.answers:
            self.server.answers[name] = answer

    def _GetParameter(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  (AWS's own name)
        if asked["Name"] not in self.parameters:
            raise AwsSays("ParameterNotFound")
        return {"Parameter": {"Name": asked["Name"], "Value": self.parameters[asked["Name"]]}}

    def _GetParametersByPath(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  (AWS's own name)
        found = {name: value for name, value in self.parameters.items() if name.startswith(f"{asked['Path']}/")}
        return {"Parameters": [{"Name": name, "Value": value} for name, value in found.items()]}

    def _GetParameterHistory(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  (AWS's own name)
        value = self.parameters[asked["Name"]]
        return {"Parameters": [{"Value": value, "Version": 1, "LastModifiedDate": 1, "LastModifiedUser": "arn:a"}]}

    def _BatchGetImage(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  (AWS's own name)
        repository, (wanted,) = asked["repositoryName"], asked["imageIds"]
        for (name, tag), architectures in self.images.items():
            digest = _digest(name, tag)
            if name == repository and (tag in wanted.values() or digest in wanted.values()):
                manifest = json.dumps({"manifests": [_entry(name, tag, each) for each in architectures]})
                return {"images": [{"imageId": {"imageDigest": digest}, "imageManifest": manifest}], "failures": []}
        return {"images": [], "failures": [{"imageId": wanted, "failureCode": "ImageNotFound"}]}

    def _DescribeAlarms(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  (AWS's own name)
        red = [{"AlarmName": name} for name in asked["AlarmNames"] if name in self.red_alarms]
        return {"MetricAlarms": red, "CompositeAlarms": []}

    def _DescribeImages(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  (AWS's own name)
        tags = [tag for name, tag in self.images if name == asked["repositoryName"]]
        details = [{"imageDigest": tag, "imageTags": [tag], "imagePushedAt": at} for at, tag in enumerate(tags)]
        return {"imageDetails": details}

    def _DescribeServices(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  (AWS's own name)
        return {"services": [_service(arn) for arn in asked["services"]], "failures": []}

    def _ListServiceDeployments(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  (AWS's own name)
        arn = asked["service"].replace(":service/", ":service-deployment/")
        return {"serviceDeployments": [{"serviceDeploymentArn": f"{arn}/d1", "createdAt": 1}]}

    def _DescribeServiceDeployments(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  (AWS's own name)
        return {
            "serviceDeployments": [
                {
                    "serviceDeploymentArn": arn,
                    "status": "SUCCESSFUL",
                    "createdAt": 1,
                    "targetServiceRevision": {"arn": f"{ARN}:service-revision/shop/{arn.split('/')[2]}/1"},
                }
                for arn in asked["serviceDeploymentArns"]
            ]
        }

    def _DescribeServiceRevisions(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  (AWS's own name)
        return {"serviceRevisions": [_revision(arn) for arn in asked["serviceRevisionArns"]]}

    def _DescribeTaskDefinition(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  (AWS's own name)
        name = asked["taskDefinition"].rpartition("-")[2].partition(":")[0]
        definition = {
            "taskDefinitionArn": asked["taskDefinition"],
            "family": f"shop-dev-{name}",
            "runtimePlatform": {"cpuArchitecture": "ARM64"},
            "containerDefinitions": [{"name": name, "image": f"shop/{name}:env-dev"}],
        }
        return {"taskDefinition": definition, "tags": []}

    def _DescribeExecution(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  (AWS's own name)
        return {"status": "RUNNING" if asked["executionArn"] in self.running else "FAILED", "startDate": 1}

    def _StartExecution(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  (AWS's own name)
        return {"executionArn": f"{asked['stateMachineArn']}:{asked['name']}", "startDate": 1}

    def _ListTasks(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  (AWS's own name)
        return {"taskArns": [f"{ARN}:task/shop/{asked.get('serviceName') or asked['family']}1"]}

    def _DescribeTasks(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  (AWS's own name)
        return {"tasks": [_task(arn) for arn in asked["tasks"]], "failures": []}

    def _ExecuteCommand(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  (AWS's own name)
        session = {"sessionId": "s1", "streamUrl": "wss://127.0.0.1:1/s1", "tokenValue": "secret"}
        return {"session": session, "taskArn": asked["task"], "containerName": asked["container"]}


def _repository(image: str) -> ImageRepository:
    return ImageRepository(
        registry="000000000000.dkr.ecr.us-east-1.amazonaws.com",
        repository=f"shop/{image}",
        registry_id="000000000000",
        region="us-east-1",
    )


def _manifest(name: str) -> ServiceManifest:
    return ServiceManifest(
        name=name,
        cluster=CLUSTER,
        service=f"{ARN}:service/shop/{name}",
        task_definition=f"{ARN}:task-definition/shop-dev-{name}:1",
        containers={name: name},
        strategy=StrategyKind.BLUE_GREEN,
        desired_count=1,
    )


def _service(arn: str) -> dict[str, Any]:
    name = arn.rpartition("/")[2]
    return {
        "serviceArn": arn,
        "clusterArn": CLUSTER,
        "status": "ACTIVE",
        "taskDefinition": f"{ARN}:task-definition/shop-dev-{name}:1",
        "desiredCount": 1,
        "runningCount": 1,
        "deploymentConfiguration": {
            "strategy": "BLUE_GREEN",
            "alarms": {"alarmNames": [f"{name}-errors"], "enable": True, "rollback": True},
        },
        "currentServiceRevisions": [{"arn": f"{ARN}:service-revision/shop/{name}/1"}],
    }


def _task(arn: str) -> dict[str, Any]:
    name = arn.rpartition("/")[2].rstrip("1")
    agents = [{"name": "ExecuteCommandAgent", "lastStatus": "RUNNING"}]
    return {
        "taskArn": arn,
        "taskDefinitionArn": f"{ARN}:task-definition/shop-dev-{name}:1",
        "lastStatus": "RUNNING",
        "startedAt": 1,
        "enableExecuteCommand": True,
        "containers": [{"name": name, "runtimeId": f"{name}1-1", "managedAgents": agents}],
    }


def _revision(arn: str) -> dict[str, Any]:
    name = arn.split("/")[2]
    return {
        "serviceRevisionArn": arn,
        "taskDefinition": f"{ARN}:task-definition/shop-dev-{name}:1",
        "containerImages": [{"containerName": name, "imageDigest": _digest(f"shop/{name}", "v1")}],
    }


def _digest(repository: str, tag: str) -> str:
    return f"sha256:{repository}-{tag}"


def _entry(repository: str, tag: str, architecture: str) -> dict[str, Any]:
    platform = {"os": "linux", "architecture": architecture}
    return {"digest": f"{_digest(repository, tag)}-{architecture}", "platform": platform}
