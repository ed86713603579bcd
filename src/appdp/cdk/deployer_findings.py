"""Findings of cdk-nag's AwsSolutions pack on a deployer, with the reasons why they stand."""

from __future__ import annotations

from constructs import IConstruct

from appdp.cdk.acknowledgements import acknowledge_findings


def acknowledge_deployer_findings(deployer: IConstruct) -> None:
    """Acknowledge what a deployer does on purpose."""
    acknowledge_findings(deployer, {})
