"""Findings of cdk-nag and warnings of the CDK that are right as they are, each with its reason.

CDK's own acknowledgement mechanism records them in the cloud assembly, where an auditor finds the reasons again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import Acknowledgment, Annotations, Stack, Validations
from constructs import IConstruct


def acknowledge_findings(construct: IConstruct, findings: Mapping[str, str]) -> None:
    """Acknowledge cdk-nag findings of a construct and its children: finding id → reason."""
    for finding, reason in findings.items():
        Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))


def wildcard_finding(construct: IConstruct, resource: str) -> str:
    """The id under which cdk-nag reports a wildcard in a statement's resource, such as
    ``AwsSolutions-IAM5[Resource::*]``.

    In it, what CloudFormation only knows at deployment stands in angle brackets: ``arn:<AWS::Partition>:ecs:…``.
    """
    return f"AwsSolutions-IAM5[Resource::{_flat(Stack.of(construct).resolve(resource))}]"


def managed_policy_finding(policy: str) -> str:
    """The id under which cdk-nag reports a role that has this managed policy of AWS."""
    return f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{policy}]"


def _flat(value: Any) -> str:  # noqa: ANN401 - a resolved CloudFormation value is any JSON
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_flat(part) for part in parts)
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case {"Ref": name}:
            return f"<{name}>"
        case _:
            return str(value)


def acknowledge_warnings(construct: IConstruct, warnings: Mapping[str, str]) -> None:
    """Acknowledge CDK warnings of a construct and its children: warning id → reason."""
    for warning, reason in warnings.items():
        Annotations.of(construct).acknowledge_warning(warning, reason)
