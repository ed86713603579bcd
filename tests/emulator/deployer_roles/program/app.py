"""An environment with one of everything that a deployer deploys: each kind of service, a job and a schedule."""

from __future__ import annotations

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_scheduler as scheduler

from appdp.cdk import (
    Application,
    Deployer,
    HealthCheck,
    Image,
    ImageRepositories,
    Job,
    Schedule,
    Strategy,
    WebService,
    Worker,
)

app = App(post_cli_context={"@aws-cdk/core:defaultCrossStackReferences": "strong"})
network = Stack(app, "every-network")
public = ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC)
vpc = ec2.Vpc(network, "Vpc", max_azs=2, nat_gateways=0, subnet_configuration=[public])
cluster = ecs.Cluster(network, "Cluster", vpc=vpc, enable_fargate_capacity_providers=True)
balancer = elbv2.ApplicationLoadBalancer(network, "LoadBalancer", vpc=vpc)


def listener(name: str, port: int) -> elbv2.ApplicationListener:
    """A listener that answers 404 where no service does."""
    nothing = elbv2.ListenerAction.fixed_response(404)
    http = elbv2.ApplicationProtocol.HTTP
    return balancer.add_listener(name, port=port, protocol=http, default_action=nothing, open=False)


every = Application(name="every", images=tuple(Image(name=name, target=name) for name in ("server", "task")))
images = ImageRepositories(Stack(app, "every-images"), "Images", application=every)
deployer = Deployer(
    Stack(app, "every-dev-deployer"), "Deployer", application=every, environment="dev", repositories=images
)

dev = Stack(app, "every-dev")
minute = Duration.minutes(1)
alarm = cloudwatch.Alarm(
    dev,
    "Errors",
    alarm_name="every-errors",
    metric=cloudwatch.Metric(namespace="every", metric_name="errors", period=minute),
    evaluation_periods=1,
    threshold=1,
)
STRATEGIES = {"Native": Strategy.blue_green(bake=minute), "Old": Strategy.codedeploy(termination_wait=minute)}
for number, (name, strategy) in enumerate(STRATEGIES.items(), 1):
    WebService(
        dev,
        name,
        deployer=deployer,
        cluster=cluster,
        listener=listener(name, 80 + number),
        test_listener=listener(f"{name}Test", 9000 + number),
        priority=1,
        path_patterns=["/*"],
        image="server",
        health_check=HealthCheck(
            path="/health", interval=Duration.seconds(5), timeout=Duration.seconds(2), grace=Duration.seconds(15)
        ),
        strategy=strategy,
        alarms=[alarm],
        deregistration_delay=Duration.seconds(1),
        assign_public_ip=True,
    )
Worker(dev, "Worker", deployer=deployer, cluster=cluster, image="server", assign_public_ip=True)
Job(dev, "Migrate", deployer=deployer, cluster=cluster, image="task", assign_public_ip=True)
Schedule(
    dev,
    "Report",
    deployer=deployer,
    cluster=cluster,
    expression=scheduler.ScheduleExpression.rate(Duration.hours(1)),
    image="task",
    assign_public_ip=True,
)

app.synth()
