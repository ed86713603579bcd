"""Environments of other accounts and regions, read with the role that their account has for pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict

from botocore.exceptions import ClientError

from appdp.aws.errors import code_of, translated
from appdp.errors import RemoteError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

    from appdp.aws.session import Session
    from appdp.model.publication import Place

SESSION_NAME: Final = "appdp-publish"
"""How the other account's CloudTrail calls us."""

SESSION_SECONDS: Final = 900
"""The shortest session there is; one read is made with it.

See: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""


class _Keys(TypedDict, total=False):
    aws_access_key_id: str
    aws_secret_access_key: str
    aws_session_token: str


class AwsElsewhere:
    """Implements :class:`appdp.engine.publish.ports.Elsewhere`. Needs ``ssm:GetParameter`` and
    ``ssm:GetParametersByPath`` in other regions and, for other accounts, ``sts:AssumeRole`` on the role, which needs
    the same.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def parameter(self, at: Place, name: str) -> str | None:
        """A parameter over there, or None."""
        client = self._ssm(at)
        with translated("ssm"):
            try:
                return client.get_parameter(Name=name)["Parameter"].get("Value", "")
            except ClientError as error:
                if code_of(error) == "ParameterNotFound":
                    return None
                raise
            finally:
                client.close()

    def parameters(self, at: Place, path: str) -> dict[str, str]:
        """All parameters below a path over there, at any depth: full name → value."""
        client = self._ssm(at)
        with translated("ssm"):
            try:
                pages = client.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
                return {item.get("Name", ""): item.get("Value", "") for page in pages for item in page["Parameters"]}
            finally:
                client.close()

    def _ssm(self, at: Place) -> SSMClient:
        keys: _Keys = self._assumed(at.role) if at.role else {}
        with translated("ssm"):
            return self._session.boto.client("ssm", region_name=at.region or None, config=self._session.config, **keys)

    def _assumed(self, role: str) -> _Keys:
        try:
            with translated("sts"):
                given = self._session.sts.assume_role(
                    RoleArn=role, RoleSessionName=SESSION_NAME, DurationSeconds=SESSION_SECONDS
                )["Credentials"]
        except RemoteError as error:
            if error.code != "AccessDenied":
                raise
            # IAM says the same whether the role is not there or does not trust us.
            raise RemoteError(
                f"{error.message} (the environment's Deployer makes this role, if it has released_from= this account)",
                code=error.code,
                hint="Give the environment's Deployer released_from=, and deploy its stack.",
            ) from error
        return {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
