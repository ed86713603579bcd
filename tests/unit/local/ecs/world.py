"""An embedded ECS with nothing real around it: a load balancer that obeys, AWS clients made of dictionaries."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from appdp.local.ecs import EcsParts, build
from appdp.local.ecs.containers import Behaviour, PullFailure, Runs
from appdp.local.ecs.simulated_runtime import SimulatedRuntime
from appdp.local.protocol import load_model, validate
from appdp.local.wire import AddressBook, Caller, Endpoint, Kernel, ServiceError, TargetState

CALLER = Caller(account="000000000000", region="us-east-1")
REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
BLUE = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/blue/1"
GREEN = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/green/2"
PRODUCTION = "arn:aws:elasticloadbalancing:us-east-1:000000000000:listener-rule/app/lb/1/2/3"
TEST = "arn:aws:elasticloadbalancing:us-east-1:000000000000:listener-rule/app/lb/1/4/5"
LISTENERS = {"production-listener": PRODUCTION, "test-listener": TEST}
HOOK = "arn:aws:lambda:us-east-1:000000000000:function:gate"


def refusal(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class FakeBalancing:
    """Target groups and rules. A target is healthy at once unless ``sick`` or ``young`` says otherwise."""

    def __init__(self) -> None:
        self.groups = {BLUE, GREEN}
        self.rules = {PRODUCTION: {BLUE: 100, GREEN: 0}, TEST: {BLUE: 100, GREEN: 0}}
        self.targets: dict[tuple[str, str], int] = {}
        self.sick: Callable[[str, str], bool] = lambda group, ip: False
        self.young: Callable[[str], bool] = lambda ip: False
        self.story: list[str] = []

    def exists(self, target_group: str) -> bool:
        return target_group in self.groups

    def attached(self, target_group: str) -> bool:
        return any(target_group in weights for weights in self.rules.values())

    def register(self, target_group: str, ip: str, port: int) -> None:
        self.targets[target_group, ip] = port
        self.story.append(f"register {colour(target_group)}")

    async def deregister(self, target_group: str, ip: str, port: int) -> None:
        await asyncio.sleep(0.01)
        self.targets.pop((target_group, ip), None)
        self.story.append(f"deregister {colour(target_group)}")

    def health(self, target_group: str, ip: str, port: int) -> TargetState:
        if (target_group, ip) not in self.targets:
            return TargetState(state="unused", reason="Target.NotRegistered", description="Target is not registered")
        if self.sick(target_group, ip):
            text = "Health checks failed with these codes: [503]"
            return TargetState(state="unhealthy", reason="Target.ResponseCodeMismatch", description=text)
        if self.young(ip):
            text = "Initial health checks in progress"
            return TargetState(state="initial", reason="Elb.InitialHealthChecking", description=text)
        return TargetState(state="healthy", reason="", description="")

    def named(self, name: str, caller: Caller) -> str | None:
        return next((arn for arn in sorted(self.groups) if f":targetgroup/{name}/" in arn), None)

    def rules_of(self, listener: str) -> tuple[str, ...]:
        if listener not in LISTENERS:
            raise ServiceError("ListenerNotFound", f"One or more listeners not found: {listener}")
        return (LISTENERS[listener],)

    def rule_weights(self, rule: str) -> dict[str, int]:
        if rule not in self.rules:
            raise ServiceError("RuleNotFound", f"One or more rules not found: {rule}")
        return dict(self.rules[rule])

    def set_rule_weights(self, rule: str, weights: Mapping[str, int]) -> None:
        self.rules[rule] = dict(weights)
        which = "production" if rule == PRODUCTION else "test"
        self.story.append(f"{which} {weights.get(BLUE, 0)}/{weights.get(GREEN, 0)}")


def colour(group: str) -> str:
    return "blue" if group == BLUE else "green"


class FakeClients:
    """AWS as far as ECS uses it."""

    def __init__(self) -> None:
        self.tags: dict[str, str | Exception] = {}
        self.answers: list[dict[str, Any] | Exception] = []
        self.events: list[dict[str, Any]] = []
        self.alarms: dict[str, str] = {}
        self.parameters: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.groups = {"/app"}
        self.lines: dict[str, list[str]] = {}

    def client(self, service: str, caller: Caller | None = None) -> FakeClients:
        return self

    def batch_get_image(self, *, repositoryName: str, imageIds: list[dict[str, str]], **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        digest = self.tags.get(f"{repositoryName}:{imageIds[0]['imageTag']}")
        if isinstance(digest, Exception):
            raise digest
        return {"images": [{"imageId": {"imageDigest": digest}}] if digest else []}

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.events.append({"function": FunctionName, **json.loads(Payload)})
        answer = self.answers.pop(0) if self.answers else {"hookStatus": "SUCCEEDED"}
        if isinstance(answer, Exception):
            raise answer
        error = {"FunctionError": "Unhandled"} if "errorMessage" in answer else {}
        return {"Payload": io.BytesIO(json.dumps(answer).encode()), **error}

    def describe_alarms(self, *, AlarmNames: list[str], AlarmTypes: list[str]) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert "MetricAlarm" in AlarmTypes
        found = {name: state for name, state in self.alarms.items() if name in AlarmNames}
        common = {"Period": 60, "EvaluationPeriods": 10_000}
        return {"MetricAlarms": [{"AlarmName": n, "StateValue": s, **common} for n, s in found.items()]}

    def get_parameter(self, *, Name: str, WithDecryption: bool) -> dict[str, Any]:  # noqa: N803 - boto3's names
        if Name not in self.parameters:
            raise refusal("ParameterNotFound")
        return {"Parameter": {"Value": self.parameters[Name]}}

    def get_secret_value(self, *, SecretId: str, **_: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        return {"SecretString": self.secrets[SecretId]}

    def create_log_group(self, *, logGroupName: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.groups.add(logGroupName)
        return {}

    def create_log_stream(self, *, logGroupName: str, logStreamName: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        if logGroupName not in self.groups:
            raise refusal("ResourceNotFoundException", "The specified log group does not exist.")
        self.lines[logStreamName] = []
        return {}

    def put_log_events(self, *, logStreamName: str, logEvents: list[dict[str, Any]], **_: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.lines[logStreamName] += [event["message"] for event in logEvents]
        return {}


class FakeEvents:
    """The event bus."""

    def __init__(self) -> None:
        self.emitted: list[tuple[str, Mapping[str, Any]]] = []

    def emit(self, source: str, detail_type: str, detail: Mapping[str, Any], resources: tuple[str, ...]) -> None:
        json.dumps(detail)
        self.emitted.append((detail_type, detail))

    def names(self, detail_type: str) -> list[str]:
        return [detail["eventName"] for kind, detail in self.emitted if kind == detail_type]


class World:
    """The embedded ECS in its surroundings, with calls checked against the API's model."""

    def __init__(self) -> None:
        self.balancing = FakeBalancing()
        self.clients = FakeClients()
        self.events = FakeEvents()
        self.addresses = AddressBook()
        self.images: dict[str, Behaviour] = {}
        self.runtime = SimulatedRuntime(self._behaviour)
        kernel = Kernel(
            endpoint=Endpoint(url="http://127.0.0.1:4566", account=CALLER.account, region=CALLER.region),
            clients=self.clients,
            events=self.events,
            addresses=self.addresses,
            time_scale=0.05,
            bake_scale=0.002,
        )
        self.parts: EcsParts = build(kernel, self.balancing, self.runtime)
        self._model = load_model("ecs")

    def _behaviour(self, image: str) -> Behaviour:
        if "missing" in image:
            raise PullFailure(f"failed to resolve reference {image}: not found")
        return self.images.get(image, Runs())

    async def __call__(self, operation: str, **params: object) -> dict[str, Any]:
        validate(self._model.operation_model(operation), params, "InvalidParameterException")
        return await self.parts.service.call(operation, params, CALLER)

    async def register(self, image: str = "web:1", **container: object) -> str:
        """Register a one-container task definition ``web``; returns its ARN."""
        definition = {"name": "web", "image": image, "portMappings": [{"containerPort": 8080}], **container}
        answer = await self("RegisterTaskDefinition", family="web", containerDefinitions=[definition])
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    async def service(self, name: str = "web") -> dict[str, Any]:
        return dict((await self("DescribeServices", services=[name]))["services"][0])

    async def deployments(self, name: str = "web") -> list[dict[str, Any]]:
        """The service's deployments, newest first, described."""
        listed = (await self("ListServiceDeployments", service=name))["serviceDeployments"]
        arns = [item["serviceDeploymentArn"] for item in listed]
        return list((await self("DescribeServiceDeployments", serviceDeploymentArns=arns))["serviceDeployments"])

    async def ended(self, name: str = "web", seconds: float = 60) -> dict[str, Any]:
        """The newest service deployment, once it has ended."""

        async def over() -> dict[str, Any] | None:
            newest = (await self.deployments(name))[0]
            return newest if "finishedAt" in newest else None

        return dict(await until(over, seconds))

    async def tasks(self, status: str = "RUNNING") -> list[dict[str, Any]]:
        arns = (await self("ListTasks", desiredStatus=status))["taskArns"]
        return list((await self("DescribeTasks", tasks=arns))["tasks"]) if arns else []

    async def revision(self, arn: str) -> dict[str, Any]:
        return dict((await self("DescribeServiceRevisions", serviceRevisionArns=[arn]))["serviceRevisions"][0])

    async def stages(self, into: list[str]) -> None:
        """Write down each stage that the newest deployment is seen in; runs until cancelled."""
        while True:
            stage = (await self.deployments())[0].get("lifecycleStage", "")
            if stage and (not into or into[-1] != stage):
                into.append(stage)
            await asyncio.sleep(0)

    async def messages(self, name: str = "web") -> list[str]:
        return [event["message"] for event in (await self.service(name))["events"]]


async def until(probe: Callable[[], Awaitable[Any]], seconds: float = 60) -> Any:  # noqa: ANN401 - whatever the probe finds
    """The first true answer of ``probe``."""
    async with asyncio.timeout(seconds):
        while not (found := await probe()):  # noqa: ASYNC110 - what is waited for is seen only by asking the API
            await asyncio.sleep(0.005)
        return found


def in_world(story: Callable[[World], Awaitable[None]]) -> None:
    """Run a test's story in a fresh world with a default cluster."""

    async def run() -> None:
        world = World()
        await world.parts.start()
        try:
            await world("CreateCluster")
            await story(world)
        finally:
            await world.parts.stop()

    asyncio.run(run())


def rolling(**configuration: object) -> dict[str, Any]:
    breaker = {"enable": True, "rollback": True}
    return {"strategy": "ROLLING", "deploymentCircuitBreaker": breaker, **configuration}


def balancer(*, shifting: bool = False, test: bool = True) -> dict[str, Any]:
    plain: dict[str, Any] = {"targetGroupArn": BLUE, "containerName": "web", "containerPort": 8080}
    if not shifting:
        return plain
    advanced = {
        "alternateTargetGroupArn": GREEN,
        "productionListenerRule": PRODUCTION,
        "roleArn": "arn:aws:iam::000000000000:role/ecs",
        **({"testListenerRule": TEST} if test else {}),
    }
    return {**plain, "advancedConfiguration": advanced}


def hook(*stages: str, **more: object) -> dict[str, Any]:
    role = "arn:aws:iam::000000000000:role/hook"
    return {"hookTargetArn": HOOK, "roleArn": role, "lifecycleStages": list(stages), **more}


def pause(*stages: str, **more: object) -> dict[str, Any]:
    return {"targetType": "PAUSE", "lifecycleStages": list(stages), **more}
