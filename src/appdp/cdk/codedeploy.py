"""CodeDeploy's part of a service that it deploys: application, deployment group, and who may use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from constructs import Construct

from appdp.cdk.acknowledgements import acknowledge_findings, managed_policy_finding, wildcard_finding
from appdp.cdk.deployer import Deployer
from appdp.cdk.permissions import codedeploy_reads, codedeploy_statements, codedeploy_wildcards
from appdp.cdk.statements import grants
from appdp.cdk.strategy import CodeDeployTraffic, Strategy
from appdp.errors import ConfigurationError
from appdp.model import handoff
from appdp.model.hold import HOOK_SECONDS

MAX_NAME: Final = 100
"""See: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateApplication.html"""

MANAGED_POLICY: Final = "AWSCodeDeployRoleForECS"
"""See: https://docs.aws.amazon.com/codedeploy/latest/userguide/getting-started-create-service-role.html"""

_ROLLBACK_EVENTS: Final = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST"]
_ALARM_EVENT: Final = "DEPLOYMENT_STOP_ON_ALARM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """The service that is deployed, and how its traffic reaches it."""

    service: ecs.FargateService
    cluster: ecs.ICluster
    blue: elbv2.ApplicationTargetGroup
    green: elbv2.ApplicationTargetGroup
    listener: elbv2.IApplicationListener
    test_listener: elbv2.IApplicationListener | None


class CodeDeployGroup(Construct):
    """A CodeDeploy application with the deployment group of one service.

    A green waits for the deployer, up to a day; then CodeDeploy stops it. A deployment that fails, is stopped, or sets
    off an alarm goes back.

    See: https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-groups-create-ecs.html

    Args:
        scope: the service.
        construct_id: such as ``"CodeDeploy"``.
        deployer: the environment's deployer; it gets the right to deploy with this group.
        name: the service's name within the environment.
        strategy: :meth:`Strategy.codedeploy`.
        released: the service.

    Attributes:
        application: CodeDeploy's application.
        group: its only deployment group.
        role: what CodeDeploy may do.
        deployment_group: ``APPLICATION/GROUP``, as the service's manifest has it.

    Raises:
        ConfigurationError: the names together are longer than CodeDeploy allows.
    """

    def __init__(  # noqa: PLR0913 - flat keyword-only props, as everywhere in the CDK
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployer: Deployer,
        name: str,
        strategy: Strategy,
        released: Released,
    ) -> None:
        super().__init__(scope, construct_id)
        full = handoff.deployer_name(deployer.names.application, deployer.names.environment) + f"-{name}"
        if len(full) > MAX_NAME:
            raise ConfigurationError(
                f"{scope.node.path}: CodeDeploy's application would be called {full!r}; allowed are {MAX_NAME} "
                f"characters.",
                hint="Shorten the name of the service.",
            )
        self.deployment_group = f"{full}/{full}"
        self.application = codedeploy.CfnApplication(self, "Application", application_name=full, compute_platform="ECS")
        self.role = iam.Role(
            self,
            "Role",
            path=deployer.names.role_path,
            assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(MANAGED_POLICY)],
        )
        self.group = self._group(full, strategy, released)
        self._let_deploy(deployer, full)

    def render_alarms(self, names: Sequence[str]) -> None:
        """Make these alarms stop a deployment, which then goes back."""
        if not names:
            return
        self.group.alarm_configuration = codedeploy.CfnDeploymentGroup.AlarmConfigurationProperty(
            enabled=True, alarms=[codedeploy.CfnDeploymentGroup.AlarmProperty(name=name) for name in names]
        )
        self.group.auto_rollback_configuration = _auto_rollback([*_ROLLBACK_EVENTS, _ALARM_EVENT])

    def grant_read(self, grantee: iam.IGrantable) -> Sequence[iam.Grant]:
        """Let someone who plans and follows deployments see CodeDeploy's, too."""
        return grants(grantee, codedeploy_reads(self._deployer.names, self.application.application_name or ""))

    def _group(self, name: str, strategy: Strategy, released: Released) -> codedeploy.CfnDeploymentGroup:
        properties = codedeploy.CfnDeploymentGroup
        group = properties(
            self,
            "Group",
            application_name=name,
            deployment_group_name=name,
            service_role_arn=self.role.role_arn,
            deployment_config_name=(strategy.traffic or CodeDeployTraffic.ALL_AT_ONCE).value,
            deployment_style=properties.DeploymentStyleProperty(
                deployment_option="WITH_TRAFFIC_CONTROL", deployment_type="BLUE_GREEN"
            ),
            ecs_services=[
                properties.ECSServiceProperty(
                    cluster_name=released.cluster.cluster_name, service_name=released.service.service_name
                )
            ],
            load_balancer_info=_load_balancer_info(released),
            blue_green_deployment_configuration=properties.BlueGreenDeploymentConfigurationProperty(
                deployment_ready_option=properties.DeploymentReadyOptionProperty(
                    action_on_timeout="STOP_DEPLOYMENT", wait_time_in_minutes=HOOK_SECONDS // 60
                ),
                terminate_blue_instances_on_deployment_success=properties.BlueInstanceTerminationOptionProperty(
                    action="TERMINATE", termination_wait_time_in_minutes=strategy.bake_minutes
                ),
            ),
            auto_rollback_configuration=_auto_rollback(_ROLLBACK_EVENTS),
        )
        group.node.add_dependency(self.application)
        # CodeDeploy checks that it may use what it is told, so the role's policy comes first.
        group.node.add_dependency(self.role)
        return group

    def _let_deploy(self, deployer: Deployer, name: str) -> None:
        self._deployer = deployer
        policy = iam.Policy(
            self, "MayDeploy", roles=[deployer.role], statements=codedeploy_statements(deployer.names, name)
        )
        acknowledge_findings(
            policy,
            {wildcard_finding(self, found): why for found, why in codedeploy_wildcards(deployer.names).items()},
        )
        acknowledge_findings(
            self.role,
            {
                managed_policy_finding(MANAGED_POLICY): "The policy that AWS documents for this role, kept up to date "
                "with what CodeDeploy does.",
            },
        )


def _auto_rollback(events: list[str]) -> codedeploy.CfnDeploymentGroup.AutoRollbackConfigurationProperty:
    return codedeploy.CfnDeploymentGroup.AutoRollbackConfigurationProperty(enabled=True, events=events)


def _load_balancer_info(released: Released) -> codedeploy.CfnDeploymentGroup.LoadBalancerInfoProperty:
    properties = codedeploy.CfnDeploymentGroup
    test = released.test_listener
    pair = properties.TargetGroupPairInfoProperty(
        target_groups=[
            properties.TargetGroupInfoProperty(name=group.target_group_name)
            for group in (released.blue, released.green)
        ],
        prod_traffic_route=properties.TrafficRouteProperty(listener_arns=[released.listener.listener_arn]),
        test_traffic_route=None if test is None else properties.TrafficRouteProperty(listener_arns=[test.listener_arn]),
    )
    return properties.LoadBalancerInfoProperty(target_group_pair_info_list=[pair])
