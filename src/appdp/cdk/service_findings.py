"""Findings of cdk-nag's AwsSolutions pack on a service, with the reasons why they stand."""

from __future__ import annotations

from typing import Final

from aws_cdk import aws_ecs as ecs

from appdp.cdk.acknowledgements import acknowledge_findings

ANY_RESOURCE: Final = "AwsSolutions-IAM5[Resource::*]"


def acknowledge_service_findings(task_definition: ecs.FargateTaskDefinition, *, execute_command: bool) -> None:
    """Acknowledge what a service does on purpose, each on the role that may do it."""
    acknowledge_findings(
        task_definition.obtain_execution_role(),
        {ANY_RESOURCE: "AWS has no resource for ecr:GetAuthorizationToken, without which nothing can be pulled."},
    )
    if execute_command:
        acknowledge_findings(
            task_definition.task_role,
            {ANY_RESOURCE: "AWS has no resource for the ssmmessages actions that ECS Exec needs."},
        )
