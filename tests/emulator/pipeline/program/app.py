"""Three workers and the pipeline that releases them, for the journey from a push to running tasks."""

from __future__ import annotations

from aws_cdk import App, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs

from appdp.cdk import (
    Application,
    Architecture,
    DeliveryPipeline,
    Deployer,
    GitHub,
    Image,
    ImageRepositories,
    Push,
    Stage,
    Worker,
)

CONNECTION = "arn:aws:codeconnections:us-east-1:000000000000:connection/11111111-2222-3333-4444-555555555555"

app = App(post_cli_context={"@aws-cdk/core:defaultCrossStackReferences": "strong"})
network = Stack(app, "crew-network")
public = ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC)
vpc = ec2.Vpc(network, "Vpc", max_azs=2, nat_gateways=0, subnet_configuration=[public])
cluster = ecs.Cluster(network, "Cluster", vpc=vpc, enable_fargate_capacity_providers=True)

NAMES = ("alpha", "beta", "gamma")
platforms = tuple(f"linux/{name}" for name in app.node.try_get_context("architectures").split(","))
crew = Application(name="crew", images=tuple(Image(name=name, target=name, platforms=platforms) for name in NAMES))
images = ImageRepositories(Stack(app, "crew-images"), "Images", application=crew)
deployer = Deployer(
    Stack(app, "crew-dev-deployer"), "Deployer", application=crew, environment="dev", repositories=images
)
DeliveryPipeline(
    Stack(app, "crew-pipeline"),
    "Main",
    application=crew,
    repositories=images,
    source=GitHub("acme/crew", connection_arn=CONNECTION),
    trigger=Push(branches=["main"]),
    stages=[Stage(deployer, approve=True)],
)

dev = Stack(app, "crew-dev")
for name in NAMES:
    Worker(
        dev,
        name.capitalize(),
        deployer=deployer,
        cluster=cluster,
        image=name,
        architecture=Architecture(app.node.try_get_context("architecture")),
        assign_public_ip=True,
    )

app.synth()
