"""A program from an ECS service that runs, by what AWS says of it.

Nothing of the old service is taken over or changed: the program makes another one beside it, with target groups and a
rule of its own. The rule comes after the old one, so the old service keeps its traffic until its rule is deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from appdp.engine.scaffold.code import call, seconds, text, texts
from appdp.engine.scaffold.live_task import read_task
from appdp.engine.scaffold.program import (
    ImageSpec,
    Kind,
    Program,
    ServiceSpec,
    Source,
    Surroundings,
    construct_id,
    name_from,
)
from appdp.engine.scaffold.tracked import Tracked
from appdp.errors import ConfigurationError

Answer = Mapping[str, Any]

_SEEN: Final = (
    *("serviceArn", "serviceName", "clusterArn", "status", "runningCount", "pendingCount", "createdAt", "createdBy"),
    *("deployments", "events", "taskSets", "taskDefinition", "schedulingStrategy", "roleArn", "propagateTags"),
    *("deploymentController", "currentServiceDeployment", "currentServiceRevisions", "platformFamily"),
    *("platformVersion", "launchType", "enableECSManagedTags", "availabilityZoneRebalancing", "resourceManagementType"),
)
"""What is not a setting, or is the same for every service of appdp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """What AWS says, as it says it.

    Args:
        service: of DescribeServices.
        definition: of DescribeTaskDefinition.
        vpc: its VPC.
        zones: its subnets → their availability zones.
        target_group: of DescribeTargetGroups; empty for a service without a load balancer.
        attributes: of the target group.
        rule: of DescribeRules: the one that leads there; empty when none does.
        listener: the ARN of the rule's listener.
        priorities: of all rules of that listener.
        balancer_groups: the security groups of the load balancer.
    """

    service: Answer
    definition: Answer
    vpc: str
    zones: Mapping[str, str]
    target_group: Answer = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    rule: Answer = field(default_factory=dict)
    listener: str = ""
    priorities: tuple[int, ...] = ()
    balancer_groups: tuple[str, ...] = ()


class Blueprints(Protocol):
    """Where blueprints come from. Every method may raise ``RemoteError``."""

    def read(self, cluster: str, service: str) -> Blueprint:
        """Everything about one service. Reads only.

        Raises:
            NotFound: no such cluster or service; lists those that there are.
        """


def from_live(found: Blueprint, *, name: str, environments: Sequence[str], github: str | None) -> Program:
    """A program with that service, in the VPC, the cluster and behind the listener that it has.

    Args:
        found: what AWS says.
        name: the application's name.
        environments: one name.
        github: ``owner/repo``, or None.

    Raises:
        ConfigurationError: several environments, or a service whose tasks do not run on Fargate's terms.
    """
    if len(environments) != 1:
        raise ConfigurationError(
            f"--environment {','.join(environments)} with --from-service: a service that runs is in one of them.",
            hint="Name one; add the others to app.py.",
        )
    reading = _Reading(found)
    service = reading.service(environments[0])
    arn = found.service["serviceArn"].split(":")
    return Program(
        name=name,
        environments=tuple(environments),
        images=(ImageSpec(name=service.image, options=reading.task.image),),
        services=(service,),
        github=github,
        surroundings=Surroundings(
            account=arn[4],
            region=arn[3],
            vpc=found.vpc,
            subnets=found.zones,
            public="assign_public_ip" in service.options,
            cluster=found.service["clusterArn"].rpartition("/")[2],
            listener=found.listener if service.web else "",
            balancer_groups=found.balancer_groups,
        ),
    )


class _Reading:
    """One service."""

    def __init__(self, found: Blueprint) -> None:
        self._found = found
        self._facts = Tracked(found.service)
        self._notes: list[str] = []
        for name in _SEEN:
            self._facts.take(name)
        targets = self._facts.take("loadBalancers") or [{}]
        self._target = targets[0]
        self._notes += [f"another target group: {one.get('targetGroupArn')}" for one in targets[1:]]
        self._web = bool(found.rule)
        if self._target and not self._web:
            self._notes.append("its load balancer: no listener rule leads to its target group, so it is a worker here")
        network = found.service.get("networkConfiguration", {}).get("awsvpcConfiguration")
        if not network:
            raise ConfigurationError(
                f"Service {found.service.get('serviceName')!r} has no awsvpc network, and so cannot run on Fargate.",
                hint="Write its program with 'appdp init --services' instead.",
            )
        owner = self._name = name_from(str(found.service["serviceName"])) or "service"
        self.task = read_task(owner, found.definition, str(self._target.get("containerName") or ""), web=self._web)

    def service(self, environment: str) -> ServiceSpec:
        """The service."""
        options = {**self.task.options, **self._where(), **(self._traffic() if self._web else {})}
        options["desired_count"] = str(max(1, int(self._facts.take("desiredCount") or 1)))
        if self._facts.take("enableExecuteCommand"):
            options["enable_execute_command"] = "True"
        options |= self._capacity() | self._strategy()
        return ServiceSpec(
            name=self._name,
            kind=Kind.WEB if self._web else Kind.WORKER,
            image=self._name,
            options={key: {environment: value} for key, value in options.items()},
            notes=(*self._moving(), *self._notes, *self.task.notes, *self._facts.left()),
        )

    def _moving(self) -> list[str]:
        name = self._found.service["serviceName"]
        if not self._web:
            return [f"service {name} itself: it goes on beside this one until you delete it"]
        return [f"service {name} itself: it keeps its traffic until you delete its listener rule, which comes first"]

    def _where(self) -> dict[str, Source]:
        network = self._facts.take("networkConfiguration")["awsvpcConfiguration"]
        group = "ec2.SecurityGroup.from_security_group_id(services, {id}, {name})"
        groups = [
            group.format(id=text(f"{construct_id(self._name)}Group{number}"), name=text(name))
            for number, name in enumerate(network.get("securityGroups", ()), start=1)
        ]
        found: dict[str, Source] = {}
        if groups:
            found["security_groups"] = _listed(groups)
        if network.get("assignPublicIp") == "ENABLED":
            found["assign_public_ip"] = "True"
        return found

    def _capacity(self) -> dict[str, Source]:
        items = {item.get("capacityProvider"): item for item in self._facts.take("capacityProviderStrategy") or ()}
        if self._found.service.get("launchType") in ("EC2", "EXTERNAL"):
            self._notes.append(f"launch type {self._found.service['launchType']}: it runs on Fargate here")
        others = sorted(str(name) for name in set(items) - {"FARGATE", "FARGATE_SPOT"})
        if others:
            self._notes.append(f"capacity providers {', '.join(others)}: it runs on Fargate here")
        demand, spot = items.get("FARGATE", {}), items.get("FARGATE_SPOT", {})
        if not spot.get("weight"):
            return {}
        base, weight = int(demand.get("base") or 0), int(demand.get("weight") or 0)
        if not base and not weight:
            return {"capacity": "Capacity.spot()"}
        mix = {"base": str(base), "on_demand_weight": str(weight), "spot_weight": str(spot["weight"])}
        return {"capacity": call("Capacity.mix", (), mix)}

    def _strategy(self) -> dict[str, Source]:
        controller = (self._found.service.get("deploymentController") or {}).get("type", "ECS")
        if controller != "ECS":
            self._notes.append(f"deployment controller {controller}: ECS itself deploys here")
        configuration = self._facts.take("deploymentConfiguration") or {}
        if alarms := (configuration.get("alarms") or {}).get("alarmNames"):
            self._notes.append(f"deploymentConfiguration.alarms = {', '.join(alarms)}: give them to add_alarm()")
        if hooks := configuration.get("lifecycleHooks"):
            self._notes.append(f"deploymentConfiguration.lifecycleHooks ({len(hooks)})")
        word = configuration.get("strategy", "ROLLING")
        if word == "ROLLING":
            return {"strategy": "Strategy.rolling()"} if self._web else {}
        arguments = {}
        if bake := configuration.get("bakeTimeInMinutes"):
            arguments["bake"] = f"Duration.minutes({bake})"
        if word == "CANARY" and (canary := configuration.get("canaryConfiguration")):
            arguments["percent"] = f"{canary['canaryPercent']:g}"
        if word == "LINEAR" and (linear := configuration.get("linearConfiguration")):
            arguments["step_percent"] = f"{linear['stepPercent']:g}"
        return {"strategy": call(f"Strategy.{word.lower()}", (), arguments)} if self._web else {}

    def _traffic(self) -> dict[str, Source]:
        found = self._conditions()
        taken = set(self._found.priorities)
        own = (
            int(self._found.rule["Priority"]) if str(self._found.rule["Priority"]).isdigit() else max(taken, default=0)
        )
        found["priority"] = str(next(number for number in range(own + 1, 50_001) if number not in taken))
        found["port"] = str(self._target.get("containerPort", 80))
        grace = self._facts.take("healthCheckGracePeriodSeconds")
        found["health_check"] = self._check(int(grace) if grace else 0)
        if delay := self._found.attributes.get("deregistration_delay.timeout_seconds"):
            found["deregistration_delay"] = seconds(int(delay))
        if self._found.attributes.get("stickiness.enabled") == "true":
            self._notes.append("stickiness of its target group")
        return found

    def _conditions(self) -> dict[str, Source]:
        found = {}
        fields = {
            "path-pattern": ("path_patterns", "PathPatternConfig"),
            "host-header": ("host_headers", "HostHeaderConfig"),
        }
        for condition in self._found.rule.get("Conditions", ()):
            name, config = fields.get(condition["Field"], ("", ""))
            values = (condition.get(config) or {}).get("Values") or condition.get("Values") or ()
            if name and values:
                found[name] = texts(values)
            else:
                self._notes.append(f"the listener rule's condition on {condition['Field']}")
        return found or {"path_patterns": '["/*"]'}

    def _check(self, grace: int) -> Source:
        group = self._found.target_group
        if group.get("Protocol", "HTTP") != "HTTP" or group.get("HealthCheckProtocol", "HTTP") != "HTTP":
            self._notes.append(f"protocol {group.get('Protocol')} of its target group: it is HTTP here")
        named = {
            "path": text(str(group.get("HealthCheckPath") or "/")),
            "interval": seconds(max(5, int(group.get("HealthCheckIntervalSeconds") or 30))),
            "timeout": seconds(int(group.get("HealthCheckTimeoutSeconds") or 5)),
            "healthy": str(group.get("HealthyThresholdCount") or 5),
            "unhealthy": str(group.get("UnhealthyThresholdCount") or 2),
            "codes": text(str((group.get("Matcher") or {}).get("HttpCode") or "200")),
        }
        return call("HealthCheck", (), named | ({"grace": seconds(grace)} if grace else {}))


def _listed(items: Sequence[Source]) -> Source:
    return "[\n" + "".join(f"    {item},\n" for item in items) + "]"
