"""Findings of cdk-nag and warnings of the CDK that are right as they are, each with its reason.

CDK's own acknowledgement mechanism records them in the cloud assembly, where an auditor finds the reasons again.
"""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Acknowledgment, Annotations, Validations
from constructs import IConstruct


def acknowledge_findings(construct: IConstruct, findings: Mapping[str, str]) -> None:
    """Acknowledge cdk-nag findings of a construct and its children: finding id → reason."""
    for finding, reason in findings.items():
        Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))


def acknowledge_warnings(construct: IConstruct, warnings: Mapping[str, str]) -> None:
    """Acknowledge CDK warnings of a construct and its children: warning id → reason."""
    for warning, reason in warnings.items():
        Annotations.of(construct).acknowledge_warning(warning, reason)
