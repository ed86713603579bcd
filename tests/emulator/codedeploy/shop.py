"""A service that CodeDeploy deploys, with listeners and target groups of its own, seen through boto3."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.emulator.ecs.conftest import Stage, listener, target_group, wait

ROLE = "arn:aws:iam::000000000000:role/codedeploy"
LONG = 2880
STOP_ON_ANYTHING = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]


@dataclass(frozen=True)
class Shop:
    """The service ``name``, its application and its deployment group.

    As AWS's tutorial and the CDK lay it out: the production listener leads to blue alone, the test listener to green.
    """

    stage: Stage
    name: str
    port: int
    balancing: dict[str, Any]
    groups: dict[str, str]
    """Colour → ARN of the target group."""
    group_settings: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:  # noqa: ANN401 - botocore's clients have no common type
        return self.stage.client(service)

    def open(self, image: str, *, count: int = 1, service: dict[str, Any] | None = None, **group: Any) -> None:
        """Create the service, wait until it is steady, and create its application and deployment group.

        Args:
            service: more of the service's properties.
        """
        place = {"targetGroupArn": self.groups["blue"], "containerName": "web", "containerPort": 8080}
        properties = {
            "serviceName": self.name,
            "desiredCount": count,
            "deploymentController": {"type": "CODE_DEPLOY"},
            "loadBalancers": [place],
            **(service or {}),
        }
        if "taskDefinition" not in properties:
            properties["taskDefinition"] = self.stage.register(image, family=self.name)
        self.client("ecs").create_service(**properties)
        self.steady()
        self.client("codedeploy").create_application(applicationName=self.name, computePlatform="ECS")
        self.client("codedeploy").create_deployment_group(**self.settings(**group))

    def settings(
        self, *, approval: int | None = None, termination: int = 0, test: bool = True, **more: object
    ) -> dict[str, Any]:
        """Parameters of CreateDeploymentGroup."""
        ready: dict[str, Any] = {"actionOnTimeout": "CONTINUE_DEPLOYMENT"}
        if approval is not None:
            ready = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": approval}
        routes = ("prodTrafficRoute", "testTrafficRoute") if test else ("prodTrafficRoute",)
        names = [{"name": f"{self.name}-{colour}"} for colour in ("blue", "green")]
        pair = {"targetGroups": names, **{route: {"listenerArns": [self.balancing[route]]} for route in routes}}
        return {
            "applicationName": self.name,
            "deploymentGroupName": self.name,
            "serviceRoleArn": ROLE,
            "ecsServices": [{"clusterName": "default", "serviceName": self.name}],
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

    def configuration(self, name: str, routing: dict[str, Any]) -> str:
        """Create a deployment configuration of the shop's own; returns its name."""
        name = f"{self.name}-{name}"
        self.client("codedeploy").create_deployment_config(
            deploymentConfigName=name, computePlatform="ECS", trafficRoutingConfig=routing
        )
        return name

    def canary(self, name: str, *, minutes: int) -> str:
        """The same, for a fifth of the traffic at first, and all of it after ``minutes``."""
        canary = {"canaryPercentage": 20, "canaryInterval": minutes}
        return self.configuration(name, {"type": "TimeBasedCanary", "timeBasedCanary": canary})

    def deploy(self, image: str, *, spec: dict[str, Any] | None = None, hooks: Any = (), **more: object) -> str:  # noqa: ANN401 - JSON
        """Start a deployment of an image; returns its id."""
        definition = self.stage.register(image, family=self.name)
        content = json.dumps(app_spec(definition, hooks=list(hooks), **(spec or {})))
        return self.start(content, **more)

    def start(self, content: str, **more: object) -> str:
        """Start a deployment of an AppSpec."""
        answer = self.client("codedeploy").create_deployment(
            applicationName=self.name,
            deploymentGroupName=self.name,
            revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
            **more,
        )
        return str(answer["deploymentId"])

    def deployment(self, deployment: str) -> dict[str, Any]:
        return dict(self.client("codedeploy").get_deployment(deploymentId=deployment)["deploymentInfo"])

    def reaches(self, deployment: str, *statuses: str, seconds: float = 30) -> dict[str, Any]:
        """The deployment, once it has one of ``statuses``; fails at once when it ended otherwise."""

        def there() -> dict[str, Any] | None:
            found = self.deployment(deployment)
            assert found["status"] in statuses or "completeTime" not in found, found
            return found if found["status"] in statuses else None

        return dict(wait(there, seconds))

    def rolled_back(self, deployment: str, *, seconds: float = 30) -> dict[str, Any]:
        """The deployment that undid another, once it has succeeded."""
        found = wait(lambda: self.deployment(deployment)["rollbackInfo"].get("rollbackDeploymentId"), seconds)
        return self.reaches(str(found), "Succeeded", seconds=seconds)

    def target(self, deployment: str) -> dict[str, Any]:
        client = self.client("codedeploy")
        (name,) = client.list_deployment_targets(deploymentId=deployment)["targetIds"]
        return dict(
            client.get_deployment_target(deploymentId=deployment, targetId=name)["deploymentTarget"]["ecsTarget"]
        )

    def events(self, deployment: str) -> dict[str, str]:
        """Lifecycle event → its status, in their order."""
        return {item["lifecycleEventName"]: item["status"] for item in self.target(deployment)["lifecycleEvents"]}

    def during(self, deployment: str, event: str) -> None:
        """Wait until a lifecycle event is under way."""
        wait(lambda: self.events(deployment)[event] == "InProgress")

    def service(self) -> dict[str, Any]:
        return dict(self.client("ecs").describe_services(services=[self.name])["services"][0])

    def task_sets(self) -> list[tuple[str, str]]:
        """Status and colour of each task set, oldest first."""
        colours = {arn: colour for colour, arn in self.groups.items()}
        return [
            (item["status"], colours[item["loadBalancers"][0]["targetGroupArn"]]) for item in self.service()["taskSets"]
        ]

    def steady(self) -> None:
        """Wait until every task set is steady."""
        wait(lambda: all(item["stabilityStatus"] == "STEADY_STATE" for item in self.service()["taskSets"]))

    def weights(self, which: str = "prodTrafficRoute") -> dict[str, int]:
        """Colour → weight behind a listener."""
        listeners = self.client("elbv2").describe_listeners(ListenerArns=[self.balancing[which]])["Listeners"]
        groups = listeners[0]["DefaultActions"][0]["ForwardConfig"]["TargetGroups"]
        colours = {arn: colour for colour, arn in self.groups.items()}
        return {colours[group["TargetGroupArn"]]: group["Weight"] for group in groups}

    def rule(self, which: str) -> str:
        """The ARN of a listener's default rule."""
        rules = self.client("elbv2").describe_rules(ListenerArn=self.balancing[which])["Rules"]
        return next(str(rule["RuleArn"]) for rule in rules if rule["IsDefault"])

    def serves(self, *, test: bool = False) -> str:
        """The tag of the image that answers behind a listener; of a container, what it says itself."""
        status, body = self.stage.get(port=self.port + (1 if test else 0))
        assert status == 200, (status, body)
        return self._tag(json.loads(body)["simulated"]) if body.startswith("{") else body

    def _tag(self, image: str) -> str:
        digest = {"imageDigest": image.partition("@")[2]}
        found = self.client("ecr").describe_images(repositoryName="stage", imageIds=[digest])
        return str(found["imageDetails"][0]["imageTags"][0])

    def alarm(self, state: str = "OK") -> None:
        """Set the alarm ``{name}-errors``, making it if need be."""
        cloudwatch, name = self.client("cloudwatch"), f"{self.name}-errors"
        if not cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]:
            cloudwatch.put_metric_alarm(
                AlarmName=name,
                Namespace="shop",
                MetricName="errors",
                Statistic="Sum",
                Period=60,
                EvaluationPeriods=1,
                Threshold=1,
                ComparisonOperator="GreaterThanThreshold",
            )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


def app_spec(definition: str, *, hooks: list[dict[str, str]] | None = None, **properties: object) -> dict[str, Any]:
    balancer = {"ContainerName": "web", "ContainerPort": 8080}
    told = {"TaskDefinition": definition, "LoadBalancerInfo": balancer, **properties}
    resource = {"Type": "AWS::ECS::Service", "Properties": told}
    return {"version": 1, "Resources": [{"TargetService": resource}], **({"Hooks": hooks} if hooks else {})}


def lay_out(stage: Stage, name: str, port: int, *, delay_seconds: int = 1) -> Shop:
    """Two target groups, and listeners at ``port`` (production) and ``port + 1`` (test).

    Args:
        delay_seconds: how long a target may finish its requests before it is gone.
    """
    elb = stage.client("elbv2")
    known = elb.describe_target_groups(TargetGroupArns=[stage.blue])["TargetGroups"][0]
    groups = {
        colour: target_group(elb, f"{name}-{colour}", known["VpcId"], delay_seconds=delay_seconds)
        for colour in ("blue", "green")
    }
    (balancer,) = elb.describe_load_balancers(Names=["stage"])["LoadBalancers"]
    balancing = {
        route: listener(elb, balancer["LoadBalancerArn"], at, {"Type": "forward", "TargetGroupArn": groups[colour]})
        for route, at, colour in (("prodTrafficRoute", port, "blue"), ("testTrafficRoute", port + 1, "green"))
    }
    return Shop(stage, name, port, balancing, groups)
