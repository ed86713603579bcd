"""The role with which EventBridge Scheduler runs a schedule's task: that task, and nothing else."""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from appdp.cdk.acknowledgements import acknowledge_findings, wildcard_finding
from appdp.cdk.environment_names import Names
from appdp.cdk.statements import allow, pass_roles


def schedule_role(
    scope: Construct,
    *,
    names: Names,
    definition: ecs.FargateTaskDefinition,
    cluster: ecs.ICluster,
    dead_letters: sqs.IQueue | None,
) -> iam.Role:
    """The role ``Role`` of a schedule: it may run the task definition's family in the cluster, and pass its roles.

    Only schedules of the environment's group may assume it.

    See: https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    """
    family = names.stack.format_arn(service="ecs", resource="task-definition", resource_name=f"{definition.family}:*")
    role = iam.Role(
        scope,
        "Role",
        # The deployer may pass the roles below this path to EventBridge Scheduler, and no others.
        path=names.schedule_role_path,
        assumed_by=iam.ServicePrincipal(
            "scheduler.amazonaws.com",
            conditions={
                "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                "ArnEquals": {"aws:SourceArn": names.schedule_group()},
            },
        ),
        # Inline: whoever depends on the role then depends on its permissions too.
        inline_policies={"Run": iam.PolicyDocument(statements=_statements(definition, family, cluster, dead_letters))},
    )
    acknowledge_findings(
        role,
        {wildcard_finding(scope, family): "Every release is a revision of this task definition; ECS numbers them."},
    )
    return role


def _statements(
    definition: ecs.FargateTaskDefinition, family: str, cluster: ecs.ICluster, dead_letters: sqs.IQueue | None
) -> list[iam.PolicyStatement]:
    statements = [
        allow(["ecs:RunTask"], [family], {"ArnEquals": {"ecs:cluster": cluster.cluster_arn}}),
        pass_roles(
            [definition.task_role.role_arn, definition.obtain_execution_role().role_arn], "ecs-tasks.amazonaws.com"
        ),
    ]
    if dead_letters is not None:
        statements.append(allow(["sqs:SendMessage"], [dead_letters.queue_arn]))
    return statements
