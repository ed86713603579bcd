"""Accounts and regions are apart, and roles lead from one account into another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from appdp.local.clients import assumed
from appdp.local.lifecycle import EmbeddedAws
from appdp.local.stacks import deploy

THERE = {"account": "444455556666", "region": "eu-west-1"}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
MANIFEST = json.dumps(
    {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": {}, "layers": []}
)


def _assembly(directory: Path, environment: str, value: str) -> Path:
    properties = {"Name": "/where/stack", "Type": "String", "Value": value}
    template = {"Resources": {"Where": {"Type": "AWS::SSM::Parameter", "Properties": properties}}}
    (directory / "where.template.json").write_text(json.dumps(template))
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": environment,
        "properties": {"templateFile": "where.template.json", "stackName": "where"},
    }
    (directory / "manifest.json").write_text(json.dumps({"version": "36.0.0", "artifacts": {"where": artifact}}))
    return directory


def _where(aws: EmbeddedAws, **place: str) -> str:
    return str(aws.client("ssm", **place).get_parameter(Name="/where/stack")["Parameter"]["Value"])


def test_a_stack_goes_where_its_environment_says(aws: EmbeddedAws, tmp_path: Path) -> None:
    places = {
        "aws://444455556666/eu-west-1": "there",
        "aws://unknown-account/eu-west-1": "our region over there",
        "aws://unknown-account/unknown-region": "here",
    }
    for environment, value in places.items():
        (result,) = deploy(aws, _assembly(tmp_path, environment, value))
        assert result.status == "CREATE_COMPLETE"
    assert (_where(aws), _where(aws, **THERE), _where(aws, region="eu-west-1")) == (
        "here",
        "there",
        "our region over there",
    )


def _credentials(aws: EmbeddedAws, role: str) -> dict[str, Any]:
    return dict(aws.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"])


def test_a_role_leads_into_its_account(aws: EmbeddedAws) -> None:
    role = aws.client("iam", **THERE).create_role(RoleName="reader", Path="/a/", AssumeRolePolicyDocument=TRUST)
    aws.client("ssm", **THERE).put_parameter(Name="/roles/word", Value="there", Type="String")
    client = assumed(aws.endpoint, "ssm", _credentials(aws, role["Role"]["Arn"]), THERE["region"])
    assert client.get_parameter(Name="/roles/word")["Parameter"]["Value"] == "there"
    client.close()


@pytest.mark.parametrize("path", ["/nobody", "/wrong/path/writer"])
def test_a_role_that_is_not_there_is_refused(aws: EmbeddedAws, path: str) -> None:
    if path.endswith("writer"):
        aws.client("iam", **THERE).create_role(RoleName="writer", Path="/b/", AssumeRolePolicyDocument=TRUST)
    with pytest.raises(ClientError, match=r"AccessDenied.*sts:AssumeRole on resource: arn:aws:iam::444455556666:role"):
        _credentials(aws, f"arn:aws:iam::444455556666:role{path}")


def test_images_of_the_registry_that_a_request_names(aws: EmbeddedAws) -> None:
    """A deployer reads a release in the repositories' account, and moves its environment's tag there."""
    aws.client("ecr").create_repository(repositoryName="shared/web")
    aws.client("ecr").put_image(repositoryName="shared/web", imageManifest=MANIFEST, imageTag="c1")
    there = aws.client("ecr", account=THERE["account"])
    named = {"registryId": aws.endpoint.account, "repositoryName": "shared/web"}
    (image,) = there.batch_get_image(**named, imageIds=[{"imageTag": "c1"}])["images"]
    there.put_image(**named, imageManifest=image["imageManifest"], imageTag="env-prod")
    (detail,) = aws.client("ecr").describe_images(repositoryName="shared/web")["imageDetails"]
    assert sorted(detail["imageTags"]) == ["c1", "env-prod"]
    with pytest.raises(ClientError, match="RepositoryNotFoundException"):
        there.batch_get_image(repositoryName="shared/web", imageIds=[{"imageTag": "c1"}])
