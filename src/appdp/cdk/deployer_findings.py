"""Findings of cdk-nag's AwsSolutions pack on a deployer, with the reasons why they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appdp.cdk.acknowledgements import acknowledge_findings, managed_policy_finding, wildcard_finding
from appdp.cdk.permissions import wildcards

if TYPE_CHECKING:
    from appdp.cdk.deployer import Deployer

MANAGED_POLICY = "AmazonECSInfrastructureRolePolicyForLoadBalancers"
"""What ECS needs to move traffic; AWS keeps it up to date with what ECS does.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AmazonECSInfrastructureRolePolicyForLoadBalancers.html
"""


def acknowledge_deployer_findings(deployer: Deployer) -> None:
    """Acknowledge what a deployer does on purpose, each on the construct that does it."""
    reasons = wildcards(deployer.names)
    acknowledge_findings(
        deployer.role, {wildcard_finding(deployer, resource): reason for resource, reason in reasons.items()}
    )
    asked = [deployer.names.ecs(kind) for kind in ("service-revision", "service-deployment")]
    acknowledge_findings(
        deployer.gate_function_role, {wildcard_finding(deployer, resource): reasons[resource] for resource in asked}
    )
    acknowledge_findings(
        deployer.state_machine,
        {
            "AwsSolutions-SF1": "Step Functions keeps the full history of a Standard execution for 90 days, and the "
            "function writes a log.",
            "AwsSolutions-SF2": "One function in a loop has no path to trace.",
        },
    )
    acknowledge_findings(
        deployer.load_balancing_role,
        {
            managed_policy_finding(MANAGED_POLICY): "The policy that AWS documents for this role, kept up to date with "
            "what ECS does.",
        },
    )
