"""Findings of cdk-nag's AwsSolutions pack on a service, with the reasons why they stand."""

from __future__ import annotations

from constructs import IConstruct

from appdp.cdk.acknowledgements import acknowledge_findings


def acknowledge_service_findings(service: IConstruct, *, execute_command: bool) -> None:
    """Acknowledge what a service does on purpose."""
    acknowledge_findings(service, {})
