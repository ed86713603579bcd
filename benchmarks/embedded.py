"""What the embedded AWS costs: the time until it is ready, and its memory empty and with ten load-balanced services.

The goals are 3 s and 300 MB. Tasks are simulated, so that only the server process is measured; Lambda workers and
containers are processes of their own. Run ``python benchmarks/embedded.py [STARTS]``; prints a Markdown table.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from http.client import HTTPConnection
from statistics import median
from typing import Any

from appdp.local.lifecycle import EmbeddedAws

STARTS = 7
SERVICES = 10
TASKS = 2
GOAL_SECONDS = 3.0
GOAL_MB = 300
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/bench/web:r1"


def start_seconds() -> float:
    """From the call until the first answer."""
    began = time.perf_counter()
    with EmbeddedAws.start(docker=False) as aws:
        aws.client("sts").get_caller_identity()
        return time.perf_counter() - began


def resident_mb(aws: EmbeddedAws) -> float:
    """The server process's resident memory."""
    listed = subprocess.run(["ps", "-o", "rss=", "-p", str(aws.pid)], check=True, capture_output=True, text=True)
    return int(listed.stdout) / 1024


def push_image(aws: EmbeddedAws) -> None:
    """An image with nothing in it."""
    aws.client("ecr").create_repository(repositoryName="bench/web")
    kind = "application/vnd.oci.image.manifest.v1+json"
    config = {
        "mediaType": "application/vnd.oci.empty.v1+json",
        "digest": f"sha256:{hashlib.sha256(b'{}').hexdigest()}",
        "size": 2,
    }
    manifest = {"schemaVersion": 2, "mediaType": kind, "config": config, "layers": []}
    connection = HTTPConnection(aws.endpoint.url.removeprefix("http://"), timeout=10)
    connection.request("PUT", "/v2/bench/web/manifests/r1", json.dumps(manifest), {"Content-Type": kind})
    connection.getresponse().read()
    connection.close()


def create_services(aws: EmbeddedAws) -> None:
    """Ten services behind one load balancer, all tasks running and healthy."""
    ecs, elb, ec2 = aws.client("ecs"), aws.client("elbv2"), aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    balancer = elb.create_load_balancer(Name="bench", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    refuse = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    listener = elb.create_listener(LoadBalancerArn=balancer, Port=80, Protocol="HTTP", DefaultActions=[refuse])
    ecs.create_cluster(clusterName="bench")
    for number in range(SERVICES):
        group = create_target_group(elb, number, vpc, listener["Listeners"][0]["ListenerArn"])
        create_service(ecs, f"web-{number}", group, subnets)
    ecs.get_waiter("services_stable").wait(
        cluster="bench",
        services=[f"web-{number}" for number in range(SERVICES)],
        WaiterConfig={"Delay": 1, "MaxAttempts": 60},
    )


def create_target_group(elb: Any, number: int, vpc: str, listener: str) -> str:  # noqa: ANN401 - boto3's clients have no common type
    """A target group with a listener rule of its own; returns its ARN."""
    group = elb.create_target_group(
        Name=f"web-{number}",
        VpcId=vpc,
        Protocol="HTTP",
        Port=8080,
        TargetType="ip",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=2,
        HealthyThresholdCount=2,
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.create_rule(
        ListenerArn=listener,
        Priority=number + 1,
        Conditions=[{"Field": "path-pattern", "Values": [f"/web-{number}/*"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    return str(group)


def create_service(ecs: Any, name: str, group: str, subnets: list[str]) -> None:  # noqa: ANN401 - as above
    """One service with a task definition of its own."""
    container = {"name": "web", "image": IMAGE, "portMappings": [{"containerPort": 8080}]}
    ecs.register_task_definition(
        family=name,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        executionRoleArn="arn:aws:iam::000000000000:role/pull",  # Fargate asks for one to pull from ECR
        containerDefinitions=[container],
    )
    ecs.create_service(
        cluster="bench",
        serviceName=name,
        taskDefinition=name,
        desiredCount=TASKS,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": subnets}},
        loadBalancers=[{"targetGroupArn": group, "containerName": "web", "containerPort": 8080}],
    )


def main() -> None:
    """Measure and print."""
    starts = int(sys.argv[1]) if len(sys.argv) > 1 else STARTS
    seconds = sorted(start_seconds() for _ in range(starts))
    with EmbeddedAws.start(docker=False) as aws:
        empty = resident_mb(aws)
        push_image(aws)
        create_services(aws)
        full = resident_mb(aws)
    sys.stdout.write(
        "| what | figure | goal |\n| --- | ---: | ---: |\n"
        f"| start until the first answer, median of {starts} ({seconds[0]:.2f} to {seconds[-1]:.2f}) "
        f"| {median(seconds):.2f} s | {GOAL_SECONDS:.0f} s |\n"
        f"| memory when ready | {empty:.0f} MB | |\n"
        f"| memory with {SERVICES} services of {TASKS} tasks | {full:.0f} MB | {GOAL_MB} MB |\n"
    )


if __name__ == "__main__":
    main()
