"""The app of the tools account: the repository and the pipeline, which releases into another account and region."""

from __future__ import annotations

from aws_cdk import App, Stack
from aws_cdk import Environment as AwsEnvironment

from appdp.cdk import Application, DeliveryPipeline, Environment, GitHub, Image, ImageRepositories, Push, Stage

CONNECTION = "arn:aws:codeconnections:us-east-1:000000000000:connection/11111111-2222-3333-4444-555555555555"

app = App(post_cli_context={"@aws-cdk/core:defaultCrossStackReferences": "strong"})
here = AwsEnvironment(account="000000000000", region="us-east-1")
platform = f"linux/{app.node.try_get_context('architecture')}"
crew = Application(name="crew", images=(Image(name="alpha", target="alpha", platforms=(platform,)),))
images = ImageRepositories(
    Stack(app, "crew-images", env=here), "Images", application=crew, environment_accounts=["444455556666"]
)
DeliveryPipeline(
    Stack(app, "crew-pipeline", env=here),
    "Main",
    application=crew,
    repositories=images,
    source=GitHub("acme/crew", connection_arn=CONNECTION),
    trigger=Push(branches=["main"]),
    stages=[Stage(Environment("prod", account="444455556666", region="eu-west-1"))],
)

app.synth()
