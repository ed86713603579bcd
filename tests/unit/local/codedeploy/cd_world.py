"""An embedded ECS and CodeDeploy with nothing real around them; calls are checked against the API's model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from tests.unit.local.ecs.world import CALLER, World, balancer, until

from appdp.local.codedeploy import build
from appdp.local.protocol import load_model, validate
from appdp.local.wire import Endpoint, Kernel

LONG = 2880
ROLE = "arn:aws:iam::000000000000:role/codedeploy"
ROLL_BACK = {
    "enabled": True,
    "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
}


class CodeDeployWorld(World):
    """A world whose minutes last 0.12 s, and CodeDeploy's hour ``hour`` seconds."""

    def __init__(self, hour: float = 180.0) -> None:
        super().__init__()
        kernel = Kernel(
            endpoint=Endpoint(url="http://127.0.0.1:4566", account=CALLER.account, region=CALLER.region),
            clients=self.clients,
            events=self.events,
            addresses=self.addresses,
            time_scale=hour / 3600,
            bake_scale=0.002,
        )
        self.deploying = build(kernel, self.balancing, self.parts.control)
        self._deploy_model = load_model("codedeploy")

    async def cd(self, operation: str, **params: object) -> dict[str, Any]:
        """Call CodeDeploy."""
        validate(self._deploy_model.operation_model(operation), params, "InvalidParameterException")
        return await self.deploying.service.call(operation, params, CALLER)

    async def open(self, *, count: int = 1, **group: Any) -> None:
        """Create the service ``web``, the application ``shop`` and its deployment group ``web``."""
        await self(
            "CreateService",
            serviceName="web",
            taskDefinition=await self.register(),
            desiredCount=count,
            deploymentController={"type": "CODE_DEPLOY"},
            loadBalancers=[balancer()],
        )
        await self.steady()
        await self.cd("CreateApplication", applicationName="shop", computePlatform="ECS")
        await self.cd("CreateDeploymentGroup", **settings(**group))

    async def steady(self) -> None:
        async def there() -> bool:
            sets = (await self.service())["taskSets"]
            return all(item["stabilityStatus"] == "STEADY_STATE" for item in sets)

        await until(there)

    async def deploy(self, image: str = "web:2", *, hooks: list[dict[str, str]] | None = None, **more: object) -> str:
        """Start a deployment of an image; returns its id."""
        return await self.start(app_spec(await self.register(image), hooks), **more)

    async def start(self, content: str, **more: object) -> str:
        revision = {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}
        answer = await self.cd(
            "CreateDeployment", applicationName="shop", deploymentGroupName="web", revision=revision, **more
        )
        return str(answer["deploymentId"])

    async def deployment(self, name: str) -> dict[str, Any]:
        return dict((await self.cd("GetDeployment", deploymentId=name))["deploymentInfo"])

    async def reaches(self, name: str, status: str, seconds: float = 60) -> dict[str, Any]:
        """The deployment, once it has a status; fails at once when it ended otherwise."""

        async def there() -> dict[str, Any] | None:
            found = await self.deployment(name)
            assert found["status"] == status or "completeTime" not in found, found
            return found if found["status"] == status else None

        return dict(await until(there, seconds))

    async def rolled_back(self, name: str) -> dict[str, Any]:
        """The deployment that undid another, once it has succeeded."""
        return await self.reaches((await self.deployment(name))["rollbackInfo"]["rollbackDeploymentId"], "Succeeded")

    async def target(self, name: str) -> dict[str, Any]:
        answer = await self.cd("GetDeploymentTarget", deploymentId=name, targetId="default:web")
        return dict(answer["deploymentTarget"]["ecsTarget"])

    async def lifecycle(self, name: str) -> dict[str, str]:
        """Lifecycle event → its status."""
        told = (await self.target(name))["lifecycleEvents"]
        return {item["lifecycleEventName"]: item["status"] for item in told}

    async def task_sets(self) -> list[str]:
        return [item["status"] for item in (await self.service())["taskSets"]]


def settings(*, approval: int | None = None, termination: int = 0, **more: Any) -> dict[str, Any]:
    """Parameters of CreateDeploymentGroup."""
    ready: dict[str, Any] = {"actionOnTimeout": "CONTINUE_DEPLOYMENT"}
    if approval is not None:
        ready = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": approval}
    pair = {
        "targetGroups": [{"name": "blue"}, {"name": "green"}],
        "prodTrafficRoute": {"listenerArns": ["production-listener"]},
        "testTrafficRoute": {"listenerArns": ["test-listener"]},
    }
    return {
        "applicationName": "shop",
        "deploymentGroupName": "web",
        "serviceRoleArn": ROLE,
        "ecsServices": [{"clusterName": "default", "serviceName": "web"}],
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "loadBalancerInfo": {"targetGroupPairInfoList": [pair]},
        "blueGreenDeploymentConfiguration": {
            "deploymentReadyOption": ready,
            "terminateBlueInstancesOnDeploymentSuccess": {
                "action": "TERMINATE",
                "terminationWaitTimeInMinutes": termination,
            },
        },
        **more,
    }


def app_spec(definition: str, hooks: list[dict[str, str]] | None = None) -> str:
    place = {"ContainerName": "web", "ContainerPort": 8080}
    properties = {"TaskDefinition": definition, "LoadBalancerInfo": place}
    resource = {"Type": "AWS::ECS::Service", "Properties": properties}
    return json.dumps({"version": 1, "Resources": [{"TargetService": resource}], "Hooks": hooks or []})


def in_shop(story: Callable[[CodeDeployWorld], Awaitable[None]], *, hour: float = 180.0) -> None:
    """Run a test's story in a fresh world with a default cluster."""

    async def run() -> None:
        world = CodeDeployWorld(hour)
        await world.parts.start()
        try:
            await world("CreateCluster")
            await story(world)
        finally:
            await world.parts.stop()

    asyncio.run(run())
