"""The release parameter: created once with the sentinel, and never touched by CloudFormation again."""

from __future__ import annotations

from aws_cdk import CustomResource, Duration
from constructs import Construct

from appdp.cdk.environment_names import Names
from appdp.cdk.permissions import sentinel_statements
from appdp.cdk.runtime_function import RuntimeFunction
from appdp.model import handoff


class ReleaseParameter(Construct):
    """Creates ``/appdp/{application}/{environment}/release`` unless it is there.

    A custom resource and not ``AWS::SSM::Parameter``: CloudFormation writes a parameter's template value again whenever
    anything about the resource changes, a tag of the stack included. That would set a living environment back to the
    sentinel, and the next ``cdk deploy`` of its services would take them to zero.

    With the stack, a parameter goes only if it still holds the sentinel; a release, and its history, stays.

    Args:
        scope: the deployer.
        construct_id: such as ``"Release"``.
        names: the environment.

    Attributes:
        parameter_name: the parameter's name.
    """

    def __init__(self, scope: Construct, construct_id: str, *, names: Names) -> None:
        super().__init__(scope, construct_id)
        self.parameter_name = handoff.release_parameter(names.application, names.environment)
        self.runtime = RuntimeFunction(
            self,
            "Creator",
            handler="appdp.runtime.sentinel.handler",
            path=names.role_path,
            statements=sentinel_statements(names),
        )
        CustomResource(
            self,
            "Parameter",
            resource_type="Custom::AppdpReleaseParameter",
            service_token=self.runtime.function.function_arn,
            # Without it, CloudFormation waits an hour for a function that cannot answer.
            service_timeout=Duration.minutes(5),
            properties={"Name": self.parameter_name},
        )
