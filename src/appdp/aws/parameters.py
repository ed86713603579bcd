"""Systems Manager parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from botocore.exceptions import ClientError

from appdp.aws.errors import code_of, translated
from appdp.engine.ports import Recorded

if TYPE_CHECKING:
    from mypy_boto3_ssm.type_defs import PutParameterRequestTypeDef

    from appdp.aws.session import Session

STANDARD_BYTES: Final = 4096
"""The largest value of a Standard parameter; a larger one becomes an Advanced one, which costs a little.

See: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
"""


class SsmParameters:
    """Implements :class:`appdp.engine.ports.Parameters`. Needs ``ssm:GetParameter``, ``ssm:GetParametersByPath``,
    ``ssm:GetParameterHistory``, ``ssm:PutParameter`` and ``ssm:DeleteParameter``.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @translated("ssm")
    def get(self, name: str) -> str | None:
        """The value, or None."""
        try:
            return self._session.ssm.get_parameter(Name=name)["Parameter"].get("Value", "")
        except ClientError as error:
            if code_of(error) == "ParameterNotFound":
                return None
            raise

    @translated("ssm")
    def under(self, path: str) -> dict[str, str]:
        """All parameters below a path, at any depth: full name → value."""
        pages = self._session.ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
        return {item.get("Name", ""): item.get("Value", "") for page in pages for item in page["Parameters"]}

    @translated("ssm")
    def create(self, name: str, value: str) -> bool:
        """Create without overwriting; False when it is there already.

        A retry inside botocore may find the parameter that its own first try made, so False does not prove another
        owner: read the value.
        """
        try:
            self._session.ssm.put_parameter(**_request(name, value, overwrite=False))
        except ClientError as error:
            if code_of(error) == "ParameterAlreadyExists":
                return False
            raise
        return True

    @translated("ssm")
    def put(self, name: str, value: str) -> None:
        """Create or overwrite."""
        self._session.ssm.put_parameter(**_request(name, value, overwrite=True))

    @translated("ssm")
    def delete(self, name: str) -> None:
        """Delete; one that is gone already is not an error."""
        try:
            self._session.ssm.delete_parameter(Name=name)
        except ClientError as error:
            if code_of(error) != "ParameterNotFound":
                raise

    @translated("ssm")
    def history(self, name: str) -> tuple[Recorded, ...]:
        """All values that the parameter had, oldest first; empty when it does not exist."""
        pages = self._session.ssm.get_paginator("get_parameter_history").paginate(Name=name)
        try:
            found = [
                Recorded(
                    value=item.get("Value", ""),
                    version=item.get("Version", 0),
                    at=item["LastModifiedDate"].timestamp() if "LastModifiedDate" in item else 0.0,
                    by=item.get("LastModifiedUser", ""),
                )
                for page in pages
                for item in page["Parameters"]
            ]
        except ClientError as error:
            if code_of(error) == "ParameterNotFound":
                return ()
            raise
        return tuple(sorted(found, key=lambda recorded: recorded.version))


def _request(name: str, value: str, *, overwrite: bool) -> PutParameterRequestTypeDef:
    request: PutParameterRequestTypeDef = {"Name": name, "Value": value, "Type": "String", "Overwrite": overwrite}
    if len(value.encode()) > STANDARD_BYTES:
        tier: Literal["Intelligent-Tiering"] = "Intelligent-Tiering"
        request["Tier"] = tier
    return request
