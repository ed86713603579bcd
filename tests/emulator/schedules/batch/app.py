"""An environment without services: a migration before every release, a report by the clock, and a task run by hand."""

from typing import Any

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk.aws_scheduler import ScheduleExpression

from appdp.cdk import Application, Architecture, Deployer, Image, ImageRepositories, Job, Schedule

app = App()
network = Stack(app, "shop-network")
public = ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC)
vpc = ec2.Vpc(network, "Vpc", max_azs=2, nat_gateways=0, subnet_configuration=[public])
cluster = ecs.Cluster(network, "Cluster", vpc=vpc, enable_fargate_capacity_providers=True)

shop = Application(name="shop", images=tuple(Image(name=name) for name in ("storefront", "api", "worker")))
images = ImageRepositories(Stack(app, "shop-images"), "Images", application=shop)
deployer = Deployer(
    Stack(app, "shop-dev-deployer"), "Deployer", application=shop, environment="dev", repositories=images
)

dev = Stack(app, "shop-dev")
here: Any = {
    "deployer": deployer,
    "cluster": cluster,
    "architecture": Architecture.AMD64,
    "assign_public_ip": True,
    "image": "worker",
}
Job(dev, "Migrate", **here, command=["/app/migrate.sh"])
Job(dev, "Count", **here, run="on_demand", command=["/app/report.sh"])
every_minute = ScheduleExpression.rate(Duration.minutes(1))
Schedule(dev, "Report", **here, command=["/app/report.sh"], expression=every_minute)

app.synth()
