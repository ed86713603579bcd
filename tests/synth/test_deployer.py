"""The deployer: what it consists of, and what its parts may do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aws_cdk import App, Duration, Stack, Tags
from aws_cdk import Environment as AwsEnvironment
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from appdp.cdk import Deployer, ImageRepositories
from appdp.model.environment import DeployerManifest
from tests.synth.assembly import actions, only, resources, resources_of, statements, text_of
from tests.synth.environment import SHOP, Environment

ECS = "arn:aws:ecs:eu-west-1:111122223333"
SSM = "arn:aws:ssm:eu-west-1:111122223333:parameter/appdp/shop/dev"


def functions(environment: Environment) -> dict[str, dict[str, Any]]:
    found = resources_of(environment.deployers, "AWS::Lambda::Function").values()
    return {item["Properties"]["Handler"]: item["Properties"] for item in found}


def test_the_engine_reads_the_deployers_manifest(environment: Environment) -> None:
    parameter = only(environment.deployers, "AWS::SSM::Parameter")
    assert parameter["Name"] == "/appdp/shop/dev/deployer"
    assert parameter["Tier"] == "Intelligent-Tiering"
    manifest = DeployerManifest.from_json(text_of(parameter["Value"]))
    assert (manifest.application, manifest.environment, manifest.protected) == ("shop", "dev", False)
    assert manifest.state_machine.startswith("ref-DeployerStateMachine")
    assert sorted(manifest.images) == ["jobs", "web"]
    web = manifest.images["web"]
    assert web.by_digest("sha256:1") == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web@sha256:1"
    assert (web.registry_id, web.region) == ("111122223333", "eu-west-1")


def test_an_environment_can_be_protected(environment: Environment) -> None:
    stack = Stack(environment.app, "prod")
    Deployer(stack, "D", application=SHOP, environment="prod", repositories=environment.images, protected=True)
    parameter = only(Template.from_stack(stack).to_json(), "AWS::SSM::Parameter")
    assert DeployerManifest.from_json(text_of(parameter["Value"])).protected is True


def test_an_environment_can_ask_for_an_approval(environment: Environment) -> None:
    stack = Stack(environment.app, "prod")
    Deployer(
        stack,
        "D",
        application=SHOP,
        environment="prod",
        repositories=environment.images,
        approve="before_traffic",
        approval_expires=Duration.hours(23),
    )
    parameter = only(Template.from_stack(stack).to_json(), "AWS::SSM::Parameter")
    manifest = DeployerManifest.from_json(text_of(parameter["Value"]))
    assert (manifest.approve, manifest.approval_expires_seconds) == ("before_traffic", 23 * 3600)


def test_without_one_only_a_single_deployment_can_ask(environment: Environment) -> None:
    manifest = DeployerManifest.from_json(text_of(only(environment.deployers, "AWS::SSM::Parameter")["Value"]))
    assert (manifest.approve, manifest.approval_expires_seconds) == (None, 8 * 3600)


def test_repositories_of_another_account(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    tools = Stack(app, "tools", env=AwsEnvironment(account="999988887777", region="us-east-1"))
    images = ImageRepositories(tools, "Images", application=SHOP, environment_accounts=["111122223333"])
    stack = Stack(app, "dev", env=AwsEnvironment(account="111122223333", region="eu-west-1"))
    Deployer(stack, "D", application=SHOP, environment="dev", repositories=images)
    parameter = only(Template.from_stack(stack).to_json(), "AWS::SSM::Parameter")
    web = DeployerManifest.from_json(text_of(parameter["Value"])).images["web"]
    assert (web.registry, web.registry_id, web.region) == (
        "999988887777.dkr.ecr.us-east-1.amazonaws.com",
        "999988887777",
        "us-east-1",
    )
    repository = next(iter(resources_of(Template.from_stack(tools).to_json(), "AWS::ECR::Repository").values()))
    pull, move = repository["Properties"]["RepositoryPolicyText"]["Statement"]
    for statement in (pull, move):
        assert text_of(statement["Principal"]["AWS"]) == "arn:aws:iam::111122223333:root"
    assert "ecr:PutImage" not in pull["Action"]
    # The deployers of that account may move their tags; its tasks and everybody else may not.
    assert (move["Action"], move["Condition"]) == (
        "ecr:PutImage",
        {
            "ArnLike": {"aws:PrincipalArn": "arn:*:iam::111122223333:role/appdp/shop/*"},
            "ArnNotLike": {"aws:PrincipalArn": "arn:*:iam::111122223333:role/appdp/shop/*/tasks/*"},
        },
    )
    roles = resources_of(Template.from_stack(stack).to_json(), "AWS::IAM::Role")
    (path,) = {item["Properties"]["Path"] for name, item in roles.items() if "AdvanceRole" in name}
    assert path == "/appdp/shop/dev/"


def test_a_mapping_of_a_users_own_repositories(environment: Environment) -> None:
    stack = Stack(environment.app, "other")
    theirs = {
        name: ecr.Repository.from_repository_name(stack, name, f"their/{name}") for name in ("web", "jobs", "unused")
    }
    Deployer(stack, "D", application=SHOP, environment="other", repositories=theirs)
    parameter = only(Template.from_stack(stack).to_json(), "AWS::SSM::Parameter")
    manifest = DeployerManifest.from_json(text_of(parameter["Value"]))
    assert {name: home.repository for name, home in manifest.images.items()} == {
        "web": "their/web",
        "jobs": "their/jobs",
    }


# ---- the release parameter -------------------------------------------------------------------------------------------


def test_cloudformation_does_not_own_the_release_parameter(environment: Environment) -> None:
    before = resources_of(environment.deployers, "Custom::AppdpReleaseParameter")
    ((_, resource),) = before.items()
    assert resource["Properties"]["Name"] == "/appdp/shop/dev/release"
    assert sorted(resource["Properties"]) == ["Name", "ServiceTimeout", "ServiceToken"]


def test_so_tags_cannot_reset_it(environment: Environment, tmp_path: Path) -> None:
    later = Environment(tmp_path / "later")
    Tags.of(later.app).add("team", "shop")
    kind = "Custom::AppdpReleaseParameter"
    assert resources_of(later.deployers, kind) == resources_of(environment.deployers, kind)


# ---- the functions and the state machine -----------------------------------------------------------------------------


def test_the_functions(environment: Environment) -> None:
    found = functions(environment)
    assert sorted(found) == [
        "appdp.runtime.advance.handler",
        "appdp.runtime.gate.handler",
        "appdp.runtime.sentinel.handler",
    ]
    assert {item["Architectures"][0] for item in found.values()} == {"arm64"}
    advance = found["appdp.runtime.advance.handler"]
    assert (advance["MemorySize"], advance["Timeout"]) == (512, 300)
    assert advance["Environment"]["Variables"] == {"APPDP_APPLICATION": "shop", "APPDP_ENVIRONMENT": "dev"}


def test_the_state_machine_is_a_loop_around_one_function(environment: Environment) -> None:
    machine = only(environment.deployers, "AWS::StepFunctions::StateMachine")
    assert machine["StateMachineName"] == "appdp-shop-dev"
    # Standard is the default: an Express one lives for five minutes.
    assert "StateMachineType" not in machine
    definition = json.loads(text_of(machine["DefinitionString"]))
    assert {name: state["Type"] for name, state in definition["States"].items()} == {
        "Begin": "Pass",
        "Advance": "Task",
        "Done?": "Choice",
        "Wait": "Wait",
        "Succeeded": "Succeed",
        "Failed": "Fail",
    }
    assert definition["States"]["Advance"]["Resource"] == "arn:aws:states:::lambda:invoke"
    assert definition["States"]["Wait"] == {"Type": "Wait", "SecondsPath": "$.wait_seconds", "Next": "Advance"}


# ---- permissions -----------------------------------------------------------------------------------------------------


def test_no_role_has_a_wildcard_in_an_action(environment: Environment) -> None:
    found = statements(environment.deployers, "Role")
    assert [name for name in actions(found) if "*" in name] == []


def test_what_the_engine_may_write(environment: Environment) -> None:
    found = statements(environment.deployers, "AdvanceRole")
    writes = {
        name for name in actions(found) if not name.split(":")[1].startswith(("Describe", "Get", "List", "Batch"))
    }
    assert writes == {
        "ecr:PutImage",
        "ecs:RegisterTaskDefinition",
        "ecs:RunTask",
        "ecs:StopServiceDeployment",
        "ecs:StopTask",
        "ecs:TagResource",
        "ecs:UpdateService",
        "events:PutEvents",
        "iam:PassRole",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "scheduler:UpdateSchedule",
        "ssm:DeleteParameter",
        "ssm:PutParameter",
    }
    # It cannot forget the release, and cannot rewrite what the constructs wrote.
    assert resources(found, "ssm:PutParameter") == {
        f"{SSM}/{name}" for name in ("release", "lock", "lock-takeover/*", "gate", "hold", "history")
    }
    assert resources(found, "ssm:DeleteParameter") == {
        f"{SSM}/{name}" for name in ("lock", "lock-takeover/*", "gate", "hold", "stop", "approval")
    }
    assert resources(found, "ecr:PutImage") == {
        f"arn:aws:ecr:eu-west-1:111122223333:repository/shop/{name}" for name in ("web", "jobs")
    }
    assert resources(found, "iam:PassRole") == {
        f"arn:aws:iam::111122223333:role/appdp/shop/dev/{kind}/*" for kind in ("tasks", "schedules")
    }


def test_conditions_bound_what_a_name_cannot(environment: Environment) -> None:
    found = statements(environment.deployers, "AdvanceRole")
    conditions = [(item["Action"], item["Condition"]["StringEquals"]) for item in found if "Condition" in item]
    passed = [condition for action, condition in conditions if action == "iam:PassRole"]
    services = ("ecs-tasks", "scheduler")
    assert passed == [{"iam:PassedToService": f"{name}.amazonaws.com"} for name in services]
    creations = [condition["ecs:CreateAction"] for action, condition in conditions if action == "ecs:TagResource"]
    assert creations == ["RegisterTaskDefinition", "RunTask"]
    several = ("iam:PassRole", "ecs:TagResource")
    assert {action: condition for action, condition in conditions if action not in several} == {
        "ecs:UpdateService": {"aws:ResourceTag/appdp:environment": "shop/dev"},
        "ecs:RunTask": {"aws:ResourceTag/appdp:environment": "shop/dev"},
        "ecs:StopTask": {"aws:ResourceTag/appdp:environment": "shop/dev"},
        "events:PutEvents": {"events:source": "appdp"},
    }


def test_the_gate_may_only_read(environment: Environment) -> None:
    found = statements(environment.deployers, "DeployerGateRole")
    assert actions(found) == {
        "ecs:DescribeServiceDeployments",
        "ecs:DescribeServiceRevisions",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "ssm:GetParameter",
    }
    assert resources(found, "ssm:GetParameter") == {f"{SSM}/gate"}
    assert resources(found, "ecs:DescribeServiceRevisions") == {f"{ECS}:service-revision/*"}


def test_roles_that_call_a_function_may_call_that_one_only(environment: Environment) -> None:
    template = environment.deployers
    for role, function in (("StateMachineRole", "DeployerAdvanceFunction"), ("HookRole", "DeployerGateFunction")):
        found = statements(template, role)
        assert actions(found) == {"lambda:InvokeFunction"}
        (resource,) = resources(found, "lambda:InvokeFunction")
        assert resource.startswith(function)


def test_ecs_moves_traffic_with_the_policy_that_aws_documents(environment: Environment) -> None:
    (role,) = [
        item["Properties"]
        for name, item in resources_of(environment.deployers, "AWS::IAM::Role").items()
        if "LoadBalancingRole" in name
    ]
    assert [text_of(policy) for policy in role["ManagedPolicyArns"]] == [
        "arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"
    ]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "ecs.amazonaws.com"}


def test_deployments_can_be_granted(environment: Environment) -> None:
    user = iam.User(environment.deployer_stack, "User")
    environment.deployer.grant_deploy(user)
    (policy,) = [
        item["Properties"]["PolicyDocument"]["Statement"]
        for item in resources_of(environment.deployers, "AWS::IAM::Policy").values()
        if "Users" in item["Properties"]
    ]
    assert resources(policy, "states:StartExecution") == {
        "arn:aws:states:eu-west-1:111122223333:stateMachine:appdp-shop-dev"
    }
    assert resources(policy, "ssm:GetParameter") == {f"{SSM}/*", SSM.replace("/dev", "/releases/latest")}
    assert {
        name
        for name in actions(policy)
        if name.split(":")[1].startswith(("Put", "Update", "Delete", "Register", "Stop", "Pass"))
    } == {"ssm:PutParameter"}
    # Whoever may start a deployment may ask it to go back.
    assert resources(policy, "ssm:PutParameter") == {f"{SSM}/stop"}


def test_decisions_can_be_granted_without_deployments(environment: Environment) -> None:
    user = iam.User(environment.deployer_stack, "User")
    environment.deployer.grant_approve(user)
    (policy,) = [
        item["Properties"]["PolicyDocument"]["Statement"]
        for item in resources_of(environment.deployers, "AWS::IAM::Policy").values()
        if "Users" in item["Properties"]
    ]
    assert actions(policy) == {
        "ssm:PutParameter",
        "ssm:GetParameter",
        "ssm:GetParameterHistory",
        "ssm:GetParametersByPath",
        "states:DescribeExecution",
        "states:GetExecutionHistory",
    }
    assert resources(policy, "ssm:PutParameter") == {f"{SSM}/approval"}


# ---- repositories ----------------------------------------------------------------------------------------------------


def test_releases_are_immutable_and_environments_move(environment: Environment) -> None:
    for repository in resources_of(environment.repositories, "AWS::ECR::Repository").values():
        properties = repository["Properties"]
        assert properties["RepositoryName"] in ("shop/web", "shop/jobs")
        assert properties["ImageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
        assert properties["ImageTagMutabilityExclusionFilters"] == [
            {"ImageTagMutabilityExclusionFilterType": "WILDCARD", "ImageTagMutabilityExclusionFilterValue": name}
            for name in ("env-*", "cache-*")
        ]
        assert properties["ImageScanningConfiguration"] == {"ScanOnPush": True}
        assert repository["DeletionPolicy"] == "Retain"
