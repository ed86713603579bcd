"""The examples in the constructs' docstrings work."""

from __future__ import annotations

import inspect
import textwrap

import pytest
from aws_cdk import Stack, TimeZone
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from appdp import cdk
from tests.synth.environment import SHOP, Environment
from tests.synth.pipeline import CONNECTION

CONSTRUCTS = [value for value in vars(cdk).values() if inspect.isclass(value) and issubclass(value, Construct)]


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda construct: construct.__name__)
def test_the_example_synthesises(environment: Environment, construct: type[Construct]) -> None:
    _, found, rest = inspect.cleandoc(construct.__doc__ or "").partition("Example::\n\n")
    assert found, f"{construct.__name__} has no example"
    code = textwrap.dedent(rest.partition("\nArgs:")[0])
    app_stack = (
        environment.services_stack if issubclass(construct, cdk.WebService | cdk.Worker | cdk.Schedule) else None
    )
    images = cdk.ImageRepositories(Stack(environment.app, "more-images"), "Images", application=SHOP)
    names = {
        **vars(cdk),
        "stack": app_stack or Stack(environment.app, "example"),
        "shop": SHOP,
        "scheduler": scheduler,
        "TimeZone": TimeZone,
        "images": images,
        "deployer": environment.deployer,
        "cluster": environment.cluster,
        "listener": environment.listener,
        "test_listener": environment.test_listener,
        "connection_arn": CONNECTION,
    }
    exec(code.replace('"Storefront"', '"Web"').replace('"Worker"', '"Web"').replace('"worker"', '"web"'), names)  # noqa: S102 - our own docstring
    environment.app.synth()
