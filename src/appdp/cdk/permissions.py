"""What the parts of a deployer may do, statement by statement.

No action has a wildcard. A resource has one only where the deployer cannot know the resource's name (services come and
go in other stacks, ECS makes up ids) or where AWS knows no resource for the action; :func:`wildcards` says which is
which and becomes cdk-nag's acknowledgement.

See: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
"""

from __future__ import annotations

from aws_cdk import ArnFormat
from aws_cdk import aws_iam as iam

from appdp.cdk.environment_names import ENVIRONMENT_TAG, Names
from appdp.cdk.statements import allow, pass_roles
from appdp.model import handoff


def advance_statements(names: Names) -> list[iam.PolicyStatement]:
    """What the function around ``advance()`` may do, but for the images."""
    return [*_ecs_reads(names), *ecs_writes(names), *_jobs(names), *_parameters(names), *_others(names)]


def wildcards(names: Names) -> dict[str, str]:
    """The resources with a wildcard in :func:`advance_statements` → why there is one."""
    takeover = names.parameter(handoff.takeover_parameter(names.application, names.environment, "*"))
    return {
        "*": "AWS has no resource for ecs:DescribeTaskDefinition, ecs:ListTasks and elasticloadbalancing:"
        "DescribeTargetHealth, and tells of composite alarms only those who may cloudwatch:DescribeAlarms all; "
        "ecs:RegisterTaskDefinition is bounded by iam:PassRole.",
        names.ecs(
            "service"
        ): "CloudFormation names services in other stacks; writing is bound to the environment's tag.",
        names.ecs("service-deployment"): "ECS makes up the ids of service deployments.",
        names.ecs("service-revision"): "ECS makes up the ids of service revisions.",
        names.ecs("task"): "ECS makes up the ids of tasks; only those with the environment's tag can be stopped.",
        names.ecs("task-definition"): "ECS numbers revisions; tags can be written only while one is registered, and "
        "only those with the environment's tag can be run.",
        names.parameters(): "The environment's own parameters, one per service; this only reads.",
        takeover: "One marker per lock that is taken over.",
        names.log_groups(): "The log groups of the environment's own services.",
        names.task_roles(): "The roles of the environment's own tasks, which share a path.",
        names.schedules(): "The environment's own schedules, which share a group.",
        names.schedule_roles(): "The roles of the environment's own schedules, which share a path.",
        names.state_machine("execution", ":*"): "Executions of the environment's own state machine.",
    }


def codedeploy_statements(names: Names, application: str) -> list[iam.PolicyStatement]:
    """What the deployer may do with the CodeDeploy application of one service, whose group has the same name.

    See: https://docs.aws.amazon.com/codedeploy/latest/userguide/auth-and-access-control-permissions-reference.html
    """
    group = _codedeploy(names, "deploymentgroup", f"{application}/{application}")
    actions = ["codedeploy:CreateDeployment", "codedeploy:ContinueDeployment", "codedeploy:StopDeployment"]
    return [
        *codedeploy_reads(names, application),
        allow(actions, [group]),
        # CreateDeployment registers the AppSpec, and reads how the group moves traffic.
        allow(["codedeploy:RegisterApplicationRevision"], [_codedeploy(names, "application", application)]),
        allow(["codedeploy:GetDeploymentConfig"], [_codedeploy(names, "deploymentconfig", "CodeDeployDefault.ECS*")]),
    ]


def codedeploy_reads(names: Names, application: str) -> list[iam.PolicyStatement]:
    """What whoever follows deployments needs to see of one service's CodeDeploy application."""
    group = _codedeploy(names, "deploymentgroup", f"{application}/{application}")
    actions = [
        "codedeploy:ListDeployments",
        "codedeploy:BatchGetDeployments",
        "codedeploy:GetDeploymentTarget",
    ]
    return [
        allow(actions, [group]),
        allow(["codedeploy:GetApplicationRevision"], [_codedeploy(names, "application", application)]),
    ]


def codedeploy_wildcards(names: Names) -> dict[str, str]:
    """The resources with a wildcard in :func:`codedeploy_statements` → why there is one."""
    return {
        _codedeploy(names, "deploymentconfig", "CodeDeployDefault.ECS*"): "CodeDeploy's ready-made configurations "
        "for ECS; this only reads.",
    }


def _codedeploy(names: Names, kind: str, name: str) -> str:
    return names.stack.format_arn(
        service="codedeploy", resource=kind, resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
    )


def gate_statements(names: Names) -> list[iam.PolicyStatement]:
    """What the gate may do: read one parameter, and what a service deployment is about to run."""
    gate = handoff.gate_parameter(names.application, names.environment)
    return [
        allow(["ssm:GetParameter"], [names.parameter(gate)]),
        allow(["ecs:DescribeServiceRevisions"], [names.ecs("service-revision")]),
        allow(["ecs:DescribeServiceDeployments"], [names.ecs("service-deployment")]),
    ]


def sentinel_statements(names: Names) -> list[iam.PolicyStatement]:
    """What the function that creates the release parameter may do."""
    release = handoff.release_parameter(names.application, names.environment)
    return [allow(["ssm:GetParameter", "ssm:PutParameter", "ssm:DeleteParameter"], [names.parameter(release)])]


def reader_statements(names: Names) -> list[iam.PolicyStatement]:
    """What a person or a machine needs to plan, start, follow and stop deployments, but for the images."""
    latest = names.parameter(handoff.release_registry_parameter(names.application))
    stop = names.parameter(handoff.stop_parameter(names.application, names.environment))
    return [
        *_ecs_reads(names),
        allow(["scheduler:GetSchedule"], [names.schedules()]),
        allow(["states:StartExecution"], [names.state_machine()]),
        allow(["states:DescribeExecution", "states:GetExecutionHistory"], [names.state_machine("execution", ":*")]),
        allow(["ssm:GetParameter", "ssm:GetParameterHistory"], [names.parameters()]),
        looking_around(names),
        allow(["ssm:GetParameter"], [latest]),
        # Whoever may start a deployment may take it back, too.
        allow(["ssm:PutParameter"], [stop]),
    ]


def runner_statements(names: Names) -> list[iam.PolicyStatement]:
    """What whoever runs the environment's jobs by hand needs, but for the images."""
    return [
        allow(["ssm:GetParameter"], [names.parameters()]),
        looking_around(names),
        allow(["ecs:DescribeTaskDefinition"], ["*"]),
        allow(["ecs:DescribeTasks"], [names.ecs("task")]),
        *_registering(names),
        *_jobs(names),
        allow(["logs:FilterLogEvents"], [names.log_groups()]),
    ]


def approver_statements(names: Names) -> list[iam.PolicyStatement]:
    """What whoever decides on a hold needs: to see it, and to write one parameter. They can start nothing."""
    return [
        allow(
            ["ssm:PutParameter"], [names.parameter(handoff.approval_parameter(names.application, names.environment))]
        ),
        allow(["ssm:GetParameter", "ssm:GetParameterHistory"], [names.parameters()]),
        looking_around(names),
        # Whether the deployment that is on hold still runs, and how it goes on.
        allow(["states:DescribeExecution", "states:GetExecutionHistory"], [names.state_machine("execution", ":*")]),
    ]


def looking_around(names: Names) -> iam.PolicyStatement:
    """How the command line finds applications and environments; there are no secrets below this path."""
    root = names.parameter(handoff.ROOT)
    return allow(["ssm:GetParametersByPath"], [root, f"{root}/*"])


def service_reads(names: Names) -> list[iam.PolicyStatement]:
    """See services, their deployments and revisions, and tasks."""
    return [
        allow(["ecs:DescribeServices", "ecs:ListServiceDeployments"], [names.ecs("service")]),
        allow(["ecs:DescribeServiceDeployments"], [names.ecs("service-deployment")]),
        allow(["ecs:DescribeServiceRevisions"], [names.ecs("service-revision")]),
        allow(["ecs:DescribeTasks"], [names.ecs("task")]),
    ]


def _ecs_reads(names: Names) -> list[iam.PolicyStatement]:
    return [
        *service_reads(names),
        allow(
            [
                # Composite alarms are told to nobody who may not describe every alarm.
                "cloudwatch:DescribeAlarms",
                "ecs:DescribeTaskDefinition",
                "ecs:ListTasks",
                "elasticloadbalancing:DescribeTargetHealth",
            ],
            ["*"],
        ),
    ]


def ecs_writes(names: Names) -> list[iam.PolicyStatement]:
    """Deploy the environment's services: register task definitions, update a service, stop its deployments."""
    return [
        allow(
            ["ecs:UpdateService"],
            [names.ecs("service")],
            {"StringEquals": {f"aws:ResourceTag/{ENVIRONMENT_TAG}": names.tag_value}},
        ),
        allow(["ecs:StopServiceDeployment"], [names.ecs("service-deployment")]),
        *_registering(names),
    ]


def _registering(names: Names) -> list[iam.PolicyStatement]:
    return [
        # AWS knows no resource for it in every region; what may be registered is bounded by the roles it may pass.
        allow(["ecs:RegisterTaskDefinition"], ["*"]),
        # Registering a task definition together with its tags needs this, and nothing else does.
        allow(
            ["ecs:TagResource"],
            [names.ecs("task-definition")],
            {"StringEquals": {"ecs:CreateAction": "RegisterTaskDefinition"}},
        ),
        pass_roles([names.task_roles()], "ecs-tasks.amazonaws.com"),
    ]


def _jobs(names: Names) -> list[iam.PolicyStatement]:
    tagged = {"StringEquals": {f"aws:ResourceTag/{ENVIRONMENT_TAG}": names.tag_value}}
    return [
        allow(["ecs:RunTask"], [names.ecs("task-definition")], tagged),
        allow(["ecs:StopTask"], [names.ecs("task")], tagged),
        # A job's task gets the tags of its task definition; nothing else can be tagged with this.
        allow(["ecs:TagResource"], [names.ecs("task")], {"StringEquals": {"ecs:CreateAction": "RunTask"}}),
    ]


def _parameters(names: Names) -> list[iam.PolicyStatement]:
    application, environment = names.application, names.environment
    written = [
        names.parameter(handoff.release_parameter(application, environment)),
        names.parameter(handoff.lock_parameter(application, environment)),
        names.parameter(handoff.takeover_parameter(application, environment, "*")),
        names.parameter(handoff.gate_parameter(application, environment)),
        names.parameter(handoff.hold_parameter(application, environment)),
    ]
    stop = names.parameter(handoff.stop_parameter(application, environment))
    history = names.parameter(handoff.history_parameter(application, environment))
    # Whoever decides writes it; the engine removes it when it was read.
    approval = names.parameter(handoff.approval_parameter(application, environment))
    reads = ["ssm:GetParameter", "ssm:GetParametersByPath", "ssm:GetParameterHistory"]
    return [
        allow(reads, [names.parameters()]),
        allow(["ssm:PutParameter"], [*written, history]),
        # Never the release parameter: losing it would take the environment's services to zero.
        allow(["ssm:DeleteParameter"], [*written[1:], stop, approval]),
    ]


def _others(names: Names) -> list[iam.PolicyStatement]:
    return [
        allow(["scheduler:GetSchedule", "scheduler:UpdateSchedule"], [names.schedules()]),
        # Whoever updates a schedule passes its role again.
        pass_roles([names.schedule_roles()], "scheduler.amazonaws.com"),
        allow(["logs:GetLogEvents"], [names.log_groups()]),
        allow(["states:DescribeExecution"], [names.state_machine("execution", ":*")]),
        allow(["events:PutEvents"], [names.event_bus()], {"StringEquals": {"events:source": handoff.EVENT_SOURCE}}),
    ]
