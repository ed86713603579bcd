"""A whole environment as ``appdp verify`` sees it, healthy until a test breaks something.

Service ``api`` is blue/green behind a load balancer and runs on blue; ``worker`` is rolling and has no traffic. Job
``migrate`` and schedule ``report`` run the image of the first service. Their subnets are private: Amazon ECR,
CloudWatch Logs, Secrets Manager and Systems Manager are reached through endpoints.
"""

from __future__ import annotations

from dataclasses import replace

from appdp.engine.live import LiveDeployment, LiveTask, TargetHealth
from appdp.engine.ports import Ports
from appdp.engine.verify.ports import Facts
from appdp.model.environment import StrategyKind
from appdp.model.handoff import job_parameter
from tests.fakes import verify_facts
from tests.fakes.aws import APPLICATION, CLUSTER, ENVIRONMENT, FakeAws
from tests.fakes.schedules import GROUP
from tests.fakes.schedules import ROLE as SCHEDULE_ROLE
from tests.fakes.verify_parts import (
    ALARM,
    BALANCER,
    BALANCER_GROUP,
    ELB,
    ELB_ROLE,
    ENDPOINT_GROUP,
    EXECUTION_ROLE,
    GATE,
    HOOK_ROLE,
    JOB,
    LOG_GROUP,
    PARAMETER,
    PORT,
    REGION,
    SCHEDULE,
    SECRET,
    SUBNETS,
    TASK_GROUP,
    TASK_ROLE,
    V1,
    Described,
    configure,
    from_group,
    group,
    healthy,
    interface,
    network,
    role,
    task,
)


class VerifyWorld:
    """What AWS would answer, in dictionaries that tests change.

    Args:
        web: the names of the blue/green services.
        workers: the names of the rolling services.
    """

    def __init__(self, web: tuple[str, ...] = ("api",), workers: tuple[str, ...] = ("worker",)) -> None:
        kinds = dict.fromkeys(web, StrategyKind.BLUE_GREEN) | dict.fromkeys(workers, StrategyKind.ROLLING)
        self.aws = FakeAws(kinds)
        self.aws.publish(V1)
        self.aws.standing_at(V1)
        self.clusters: dict[str, Described] = {CLUSTER: {"clusterArn": CLUSTER, "status": "ACTIVE"}}
        self.services: dict[str, Described] = {}
        self.roles = {
            EXECUTION_ROLE: role("ecs-tasks.amazonaws.com"),
            TASK_ROLE: role("ecs-tasks.amazonaws.com"),
            ELB_ROLE: role("ecs.amazonaws.com"),
            HOOK_ROLE: role("ecs.amazonaws.com"),
            SCHEDULE_ROLE: role("scheduler.amazonaws.com"),
        }
        self.denied: set[tuple[str, str]] = set()
        self.missing: tuple[str, ...] = ()
        self.target_groups: dict[str, Described] = {}
        self.rules: dict[str, Described] = {}
        self.other_rules = 2
        self.load_balancers: dict[str, Described] = {
            BALANCER: {"LoadBalancerArn": BALANCER, "Type": "application", "SecurityGroups": [BALANCER_GROUP]}
        }
        self.functions: dict[str, Described] = {GATE: {"FunctionArn": GATE, "State": "Active"}}
        self.alarms = {ALARM: {"AlarmName": ALARM, "StateValue": "OK"}}
        self.secrets = {SECRET: '{"password": "x"}'}
        self.parameters = {PARAMETER}
        self.log_groups = {LOG_GROUP}
        self.files = {("shop-config", "api.env")}
        self.quotas = {"L-3032A538": 4000.0, "L-7EED9B64": 100.0, "L-822D1B1B": 100.0}
        self.deployments: dict[str, LiveDeployment] = {}
        self.tasks: dict[str, list[LiveTask]] = {}
        self.health: dict[str, list[TargetHealth]] = {}
        self._network()
        for name in web:
            self._service(name)
            self._traffic(name)
        for name in workers:
            self._service(name)
        self._job(web[0] if web else workers[0])
        self._schedule(web[0] if web else workers[0])

    @property
    def ports(self) -> Ports:
        """What the engine touches."""
        live = verify_facts.FakeLive(self)
        return replace(self.aws.ports, services=live, tasks=live, targets=live)

    @property
    def facts(self) -> Facts:
        """What the checks ask besides."""
        return verify_facts.facts(self)

    def definition(self, name: str) -> Described:
        """The task definition in CloudFormation's revision, to be changed."""
        return self.aws.definitions.stored[self.aws.manifest(name).task_definition]

    def container(self, name: str) -> Described:
        """The application's container in it."""
        found: Described = self.definition(name)["containerDefinitions"][0]
        return found

    def job_definition(self) -> Described:
        """The task definition of the job, to be changed."""
        return self.aws.definitions.stored[self.job.task_definition]

    def schedule(self) -> Described:
        """The schedule as EventBridge Scheduler has it, to be changed."""
        return self.aws.schedules.stored[GROUP, SCHEDULE]

    def schedule_definition(self) -> Described:
        """The task definition of the schedule, to be changed."""
        return self.aws.definitions.stored[self.schedule()["Target"]["EcsParameters"]["TaskDefinitionArn"]]

    def give_public_addresses(self) -> None:
        """Every task gets one."""
        for live in self.services.values():
            live["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] = "ENABLED"
        self.schedule()["Target"]["EcsParameters"]["NetworkConfiguration"]["awsvpcConfiguration"]["AssignPublicIp"] = (
            "ENABLED"
        )
        self._write_job(network("ENABLED"))

    def live(self, name: str) -> Described:
        """The service as ECS describes it, to be changed."""
        return self.services[self.aws.manifest(name).service]

    def alternate(self, name: str) -> Described:
        """Its blue/green settings, to be changed."""
        found: Described = self.live(name)["loadBalancers"][0]["advancedConfiguration"]
        return found

    def rule_groups(self, name: str, rule: str) -> list[Described]:
        """The target groups of its production or test listener rule, to be changed."""
        found: list[Described] = self.rules[self.alternate(name)[rule]]["Actions"][0]["ForwardConfig"]["TargetGroups"]
        return found

    def _service(self, name: str) -> None:
        manifest = self.aws.manifest(name)
        configure(self.definition(name))
        self.container(name)["portMappings"] = [{"containerPort": PORT, "hostPort": PORT, "protocol": "tcp"}]
        self.services[manifest.service] = {
            "serviceArn": manifest.service,
            "clusterArn": CLUSTER,
            "status": "ACTIVE",
            "taskDefinition": manifest.task_definition,
            "desiredCount": 2,
            "runningCount": 2,
            "launchType": "FARGATE",
            "loadBalancers": [],
            "networkConfiguration": {"awsvpcConfiguration": network()},
            "deploymentConfiguration": {
                "strategy": "ROLLING",
                "maximumPercent": 200,
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
                "alarms": {"alarmNames": [ALARM], "enable": True, "rollback": True},
            },
        }
        self.tasks[manifest.service] = [
            task(manifest.service, manifest.task_definition, f"10.0.{number}.{len(self.services)}")
            for number in range(2)
        ]

    def _job(self, image: str) -> None:
        self.job = self.aws.add_job(JOB, image=image)
        self._write_job(network())
        configure(self.job_definition())

    def _write_job(self, where: Described) -> None:
        self.job = replace(self.job, network={"awsvpcConfiguration": where})
        self.aws.parameters.put(job_parameter(APPLICATION, ENVIRONMENT, JOB), self.job.to_json())

    def _schedule(self, image: str) -> None:
        self.aws.add_schedule(SCHEDULE, image=image)
        configure(self.schedule_definition())
        parameters = self.schedule()["Target"]["EcsParameters"]
        capitals = {f"{key[0].upper()}{key[1:]}": value for key, value in network().items()}
        parameters["NetworkConfiguration"] = {"awsvpcConfiguration": capitals}

    def _traffic(self, name: str) -> None:
        manifest = self.aws.manifest(name)
        blue, green = manifest.target_groups
        for arn in manifest.target_groups:
            self.target_groups[arn] = {
                "TargetGroupArn": arn,
                "TargetType": "ip",
                "Protocol": "HTTP",
                "ProtocolVersion": "HTTP1",
                "Port": 80,
                "VpcId": "vpc-1",
                "HealthCheckPath": "/",
                "HealthCheckPort": "traffic-port",
                "LoadBalancerArns": [BALANCER],
            }
        rules = [f"{ELB}:listener-rule/app/shop/1/{listener}/{name}" for listener in ("80", "9000")]
        for rule in rules:
            weighted = [{"TargetGroupArn": blue, "Weight": 100}, {"TargetGroupArn": green, "Weight": 0}]
            action = {"Type": "forward", "ForwardConfig": {"TargetGroups": weighted}}
            self.rules[rule] = {"RuleArn": rule, "IsDefault": False, "Actions": [action]}
        advanced = {
            "alternateTargetGroupArn": green,
            "productionListenerRule": rules[0],
            "testListenerRule": rules[1],
            "roleArn": ELB_ROLE,
        }
        balancer = {"targetGroupArn": blue, "containerName": name, "containerPort": PORT}
        live = self.live(name)
        live["loadBalancers"] = [{**balancer, "advancedConfiguration": advanced}]
        hook = {"hookTargetArn": GATE, "roleArn": HOOK_ROLE, "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]}
        live["deploymentConfiguration"].update(
            strategy="BLUE_GREEN", lifecycleHooks=[hook], deploymentCircuitBreaker={"enable": False, "rollback": False}
        )
        addresses = [one.addresses[0] for one in self.tasks[manifest.service]]
        self.health[blue] = [healthy(address) for address in addresses]
        self.health[green] = []

    def _network(self) -> None:
        self.subnets: dict[str, Described] = {
            name: {"SubnetId": name, "VpcId": "vpc-1", "CidrBlock": f"10.0.{number}.0/24"}
            for number, name in enumerate(SUBNETS)
        }
        everywhere = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        self.security_groups: dict[str, Described] = {
            TASK_GROUP: group(TASK_GROUP, [from_group(PORT, BALANCER_GROUP)], [everywhere]),
            BALANCER_GROUP: group(BALANCER_GROUP, [], [everywhere]),
            ENDPOINT_GROUP: group(ENDPOINT_GROUP, [from_group(443, TASK_GROUP)], []),
        }
        self.route_tables: list[Described] = [
            {
                "RouteTableId": "rtb-1",
                "VpcId": "vpc-1",
                "Associations": [{"SubnetId": name} for name in SUBNETS],
                "Routes": [{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}],
            }
        ]
        names = ("ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm")
        self.endpoints: dict[str, Described] = {name: interface(name) for name in names}
        self.endpoints["s3"] = {
            "ServiceName": f"com.amazonaws.{REGION}.s3",
            "VpcEndpointType": "Gateway",
            "State": "available",
            "RouteTableIds": ["rtb-1"],
        }
