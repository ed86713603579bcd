"""AWS Secrets Manager, and Systems Manager parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from appdp.aws.errors import code_of, translated
from appdp.aws.facts.chunks import chunks
from appdp.engine.verify.ports import Ids, Item

if TYPE_CHECKING:
    from appdp.aws.session import Session

_PARAMETERS: Final = 10
"""See: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html"""


class StoredSecrets:
    """Implements :class:`appdp.engine.verify.ports.Secrets`. Needs ``secretsmanager:DescribeSecret``,
    ``secretsmanager:GetSecretValue`` (only to look for a JSON key) and ``ssm:GetParameters``.
    """

    def __init__(self, client: Any, session: Session) -> None:  # noqa: ANN401  (no stubs)
        self._client = client
        self._ssm = session.ssm

    @translated("secretsmanager")
    def secret(self, arn: str) -> Item | None:
        """``DescribeSecret``, or None when there is no such secret."""
        try:
            found: Item = self._client.describe_secret(SecretId=arn)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            return None
        return found

    @translated("secretsmanager")
    def value(self, arn: str, stage: str, version: str) -> str:
        """``GetSecretValue``: the secret's text, empty where it is binary."""
        which = {"VersionStage": stage, "VersionId": version}
        answer = self._client.get_secret_value(SecretId=arn, **{key: value for key, value in which.items() if value})
        return str(answer.get("SecretString", ""))

    @translated("ssm")
    def parameters(self, names: Ids) -> frozenset[str]:
        """Those of the names or ARNs of parameters that exist. Encrypted values stay encrypted."""
        missing: set[str] = set()
        for chunk in chunks(names, _PARAMETERS):
            missing |= set(self._ssm.get_parameters(Names=chunk, WithDecryption=False)["InvalidParameters"])
        return frozenset(names) - missing
