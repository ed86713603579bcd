"""The app of the production account: a deployer that pipelines of the tools account release into, and a worker."""

from __future__ import annotations

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs

from appdp.cdk import Application, Architecture, Deployer, Image, ImageRepositories, Worker

TOOLS = "000000000000"

app = App(post_cli_context={"@aws-cdk/core:defaultCrossStackReferences": "strong"})
here = Environment(account="444455556666", region="eu-west-1")
network = Stack(app, "crew-network", env=here)
public = ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC)
zones = ["eu-west-1a", "eu-west-1b"]
vpc = ec2.Vpc(network, "Vpc", availability_zones=zones, nat_gateways=0, subnet_configuration=[public])
cluster = ecs.Cluster(network, "Cluster", vpc=vpc, enable_fargate_capacity_providers=True)

architecture = app.node.try_get_context("architecture")
crew = Application(name="crew", images=(Image(name="alpha", target="alpha", platforms=(f"linux/{architecture}",)),))
home = Stack(app, "crew-prod-deployer", env=here)
deployer = Deployer(
    home,
    "Deployer",
    application=crew,
    environment="prod",
    repositories=ImageRepositories.of_application(home, crew, account=TOOLS, region="us-east-1"),
    released_from=TOOLS,
)
Worker(
    Stack(app, "crew-prod", env=here),
    "Alpha",
    deployer=deployer,
    cluster=cluster,
    image="alpha",
    architecture=Architecture(architecture),
    assign_public_ip=True,
)

app.synth()
