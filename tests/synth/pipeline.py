"""A pipeline for the application ``shop``, so that a test defines only what it is about."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import Stack
from aws_cdk.assertions import Template

from appdp.cdk import DeliveryPipeline, GitHub, Push, Stage
from appdp.model.publication import PipelineManifest
from tests.synth.assembly import only, resources_of, text_of
from tests.synth.environment import SHOP, Environment

CONNECTION = "arn:aws:codeconnections:eu-west-1:111122223333:connection/00000000-aaaa-4bbb-8ccc-000000000000"
SOURCE = GitHub("acme/shop", connection_arn=CONNECTION)


class PipelineTemplate:
    """Reads the template of a stack with one pipeline."""

    stack: Stack

    @property
    def template(self) -> dict[str, Any]:
        """The pipeline's template."""
        return dict(Template.from_stack(self.stack).to_json())

    @property
    def pipeline(self) -> dict[str, Any]:
        """The properties of the CodePipeline."""
        return only(self.template, "AWS::CodePipeline::Pipeline")


class Pipeline(PipelineTemplate):
    """The stack ``pipeline`` beside an environment's stacks."""

    def __init__(self, environment: Environment, **overrides: Any) -> None:
        self.stack = overrides.pop("stack", None) or Stack(environment.app, "pipeline")
        construct_id = overrides.pop("construct_id", "Main")
        properties: dict[str, Any] = {
            "application": SHOP,
            "repositories": environment.images,
            "source": SOURCE,
            "trigger": Push(branches=["main"]),
            "stages": [Stage(environment.deployer)],
            **overrides,
        }
        self.construct = DeliveryPipeline(self.stack, construct_id, **properties)

    @property
    def stages(self) -> dict[str, list[dict[str, Any]]]:
        """Stage name → its actions."""
        return {stage["Name"]: stage["Actions"] for stage in self.pipeline["Stages"]}

    @property
    def projects(self) -> dict[str, dict[str, Any]]:
        """Architecture → the properties of its CodeBuild project."""
        found = resources_of(self.template, "AWS::CodeBuild::Project").values()
        return {self.variables(item["Properties"])["APPDP_ARCHITECTURE"]: item["Properties"] for item in found}

    @staticmethod
    def variables(project: dict[str, Any]) -> dict[str, str]:
        """The environment variables of a project."""
        return {item["Name"]: text_of(item["Value"]) for item in project["Environment"]["EnvironmentVariables"]}

    def buildspec(self, architecture: str) -> dict[str, Any]:
        """The buildspec of an architecture."""
        loaded: dict[str, Any] = json.loads(text_of(self.projects[architecture]["Source"]["BuildSpec"]))
        return loaded

    @property
    def manifest(self) -> PipelineManifest:
        """What the publication is told."""
        parameter = only(self.template, "AWS::SSM::Parameter")
        return PipelineManifest.from_json(text_of(parameter["Value"]))


def bake_of(buildspec: dict[str, Any]) -> dict[str, Any]:
    """The bake file that a buildspec writes."""
    (command,) = buildspec["phases"]["pre_build"]["commands"]
    (line,) = [line for line in command.splitlines() if line.startswith('{"variable"')]
    loaded: dict[str, Any] = json.loads(line)
    return loaded


def input_of(action: dict[str, Any]) -> dict[str, Any]:
    """What a Step Functions action passes to the state machine."""
    loaded: dict[str, Any] = json.loads(action["Configuration"]["Input"])
    return loaded
