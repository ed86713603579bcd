"""From a push in one account and region to running tasks in another, through the templates of two CDK apps.

What the embedded AWS does not look at, IAM's policies, is looked at here: the trust policy by MiniStack's evaluator.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from appdp.local.lifecycle import EmbeddedAws
from tests.emulator.pipeline.crew import HERE, Crew, first_files
from tests.emulator.pipeline.repository import Repository

PROD: Final = {"account": "444455556666", "region": "eu-west-1"}
RELEASE: Final = "/appdp/crew/prod/release"


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    folder = tmp_path_factory.mktemp("elsewhere")
    repository = Repository(folder / "git")
    with EmbeddedAws.start(docker=True, time_scale=0.1, repositories={"acme/crew": repository.directory}) as aws:
        made = Crew(aws, repository)
        made.deploy(folder / "tools.out", "elsewhere_tools")
        yield made


@pytest.mark.docker
@pytest.mark.timeout(600)
def test_a_pipeline_releases_into_another_account_and_region(
    crew: Crew, tmp_path_factory: pytest.TempPathFactory
) -> None:
    first = crew.repository.commit(first_files(), "the first")
    before_its_deployer(crew, first)
    crew.deploy(tmp_path_factory.mktemp("prod") / "prod.out", "elsewhere_prod")
    who_may_assume_the_role(crew)
    released_over_there(crew, first)
    second = crew.repository.commit({"other.txt": "no image has it\n"}, "nothing that matters")
    unchanged_over_there(crew, second)


def before_its_deployer(crew: Crew, commit: str) -> None:
    """While production is not there, the release is published all the same, and both actions say what is missing."""
    execution = crew.start(commit)
    actions = crew.actions(execution)
    assert actions["Publish"]["status"] == "Succeeded"
    summary = actions["Publish"]["output"]["executionResult"]["externalExecutionSummary"]
    assert "what prod runs could not be read: AWS refused sts:AssumeRole" in summary
    assert "released_from= this account" in summary
    assert actions["Deploy-prod"]["status"] == "Failed"
    assert "not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::444455556666" in crew.ended[execution]


def who_may_assume_the_role(crew: Crew) -> None:
    """The pipeline and its publication may, the rest of their account may not."""
    (deploy,) = [
        action for stage in crew.pipeline["stages"] for action in stage["actions"] if action["name"] == "Deploy-prod"
    ]
    name = deploy["roleArn"].rpartition("/")[2]
    role = crew.aws.client("iam", **PROD).get_role(RoleName=name)["Role"]
    assert role["Arn"] == deploy["roleArn"]
    roles = crew.aws.client("iam").list_roles(PathPrefix="/appdp/crew/pipelines/")["Roles"]
    publication = next(item["Arn"] for item in roles if "Publish" in item["RoleName"])
    assert _trusts(role, crew.pipeline["roleArn"])
    assert _trusts(role, publication)
    assert not _trusts(role, "arn:aws:iam::000000000000:role/somebody")
    assert not _trusts(role, "arn:aws:iam::000000000000:role/appdp/other/pipelines/main/Role")
    assert not _trusts(role, "arn:aws:iam::999988887777:role/appdp/crew/pipelines/main/Role")


def _trusts(role: dict[str, Any], principal: str) -> bool:
    evaluator = importlib.import_module("ministack.core.iam_evaluator")
    context = evaluator.EvalContext(
        principal_arn=principal,
        principal_type="AssumedRole",
        principal_account=principal.split(":")[4],
        action="sts:AssumeRole",
        resource_arn=role["Arn"],
        region=PROD["region"],
    )
    return bool(evaluator.evaluate_trust_policy(json.dumps(role["AssumeRolePolicyDocument"]), principal, context))


def released_over_there(crew: Crew, commit: str) -> None:
    """The tasks over there run the digest that was built here; nothing of it is in the pipeline's account."""
    actions = crew.actions(crew.start(commit))
    assert actions["Deploy-prod"]["status"] == "Succeeded", crew.ended
    execution = actions["Deploy-prod"]["output"]["executionResult"]["externalExecutionId"]
    assert execution.startswith("arn:aws:states:eu-west-1:444455556666:execution:appdp-crew-prod:")
    service = crew.services(**PROD)["alpha"]
    assert service["running"] == 1
    assert service["digest"] in (crew.index("alpha", commit)["digest"], crew.platforms("alpha", commit)[HERE])
    # The first release is the one that CloudFormation's own task definition names.
    assert service["image"] == "000000000000.dkr.ecr.us-east-1.amazonaws.com/crew/alpha:env-prod"
    assert crew.aws.client("ssm", **PROD).get_parameter(Name=RELEASE)["Parameter"]["Value"] == commit
    # The environment's tag, which the deployer over there moved in the repository here.
    assert crew.index("alpha", "env-prod")["digest"] == crew.index("alpha", commit)["digest"]
    assert crew.services() == {}
    with pytest.raises(ClientError, match="ParameterNotFound"):
        crew.aws.client("ssm").get_parameter(Name=RELEASE)


def unchanged_over_there(crew: Crew, commit: str) -> None:
    """The publication reads what runs over there, and the deployment leaves it alone."""
    before = crew.services(**PROD)
    actions = crew.actions(crew.start(commit))
    told = actions["Publish"]["output"]["outputVariables"]
    assert json.loads(told["unchanged"]) == {"prod": ["alpha"]}
    assert told["about_prod"].endswith(". Changed: nothing. The same: alpha.")
    assert crew.services(**PROD) == before
    assert crew.aws.client("ssm", **PROD).get_parameter(Name=RELEASE)["Parameter"]["Value"] == commit
