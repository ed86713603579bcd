"""What the environment of :class:`tests.fakes.verify_world.VerifyWorld` is made of."""

from __future__ import annotations

from typing import Any

from appdp.engine.live import LiveTask, TargetHealth

ACCOUNT = "000000000000"
REGION = "us-east-1"
ELB = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}"
BALANCER = f"{ELB}:loadbalancer/app/shop/1"
EXECUTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/appdp/execution"
TASK_ROLE = f"arn:aws:iam::{ACCOUNT}:role/appdp/task"
ELB_ROLE = f"arn:aws:iam::{ACCOUNT}:role/appdp/load-balancing"
HOOK_ROLE = f"arn:aws:iam::{ACCOUNT}:role/appdp/hook"
GATE = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:gate"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:database-AbCdEf"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/shop/level"
ENV_FILE = "arn:aws:s3:::shop-config/api.env"
ALARM = "api-errors"
LOG_GROUP = "/appdp/shop/dev"
SUBNETS = ("subnet-a", "subnet-b")
TASK_GROUP, BALANCER_GROUP, ENDPOINT_GROUP = "sg-task", "sg-balancer", "sg-endpoint"
PORT = 8080
V1 = "v1"
JOB, SCHEDULE = "migrate", "report"

Described = dict[str, Any]


def network(public: str = "DISABLED") -> Described:
    """Where tasks run, as ECS says it."""
    return {"subnets": list(SUBNETS), "securityGroups": [TASK_GROUP], "assignPublicIp": public}


def configure(definition: Described) -> None:
    """Give a task definition what its first container needs to start."""
    definition.update(executionRoleArn=EXECUTION_ROLE, taskRoleArn=TASK_ROLE, cpu="256")
    definition["containerDefinitions"][0].update(
        secrets=[
            {"name": "PASSWORD", "valueFrom": f"{SECRET}:password::"},
            {"name": "LEVEL", "valueFrom": PARAMETER},
        ],
        environmentFiles=[{"value": ENV_FILE, "type": "s3"}],
    )


def role(principal: str) -> Described:
    """A role that a service of AWS may assume."""
    statement = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": "sts:AssumeRole"}
    return {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}


def group(name: str, ingress: list[Described], egress: list[Described]) -> Described:
    """A security group."""
    return {"GroupId": name, "VpcId": "vpc-1", "IpPermissions": ingress, "IpPermissionsEgress": egress}


def from_group(port: int, other: str) -> Described:
    """A rule that lets another security group in."""
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [{"GroupId": other}]}


def interface(name: str) -> Described:
    """An interface endpoint."""
    return {
        "ServiceName": f"com.amazonaws.{REGION}.{name}",
        "VpcEndpointType": "Interface",
        "State": "available",
        "PrivateDnsEnabled": True,
        "SubnetIds": list(SUBNETS),
        "Groups": [{"GroupId": ENDPOINT_GROUP}],
    }


def task(service: str, task_definition: str, address: str) -> LiveTask:
    """A task that runs."""
    return LiveTask(
        arn=f"{service}/{address}".replace(":service/", ":task/"),
        task_definition=task_definition,
        status="RUNNING",
        health="UNKNOWN",
        stopped_reason="",
        started_at=1.0,
        created_at=0.0,
        addresses=(address,),
    )


def healthy(address: str) -> TargetHealth:
    """A target that answers its health check."""
    return TargetHealth(address=address, port=PORT, state="healthy", reason="", description="")
