"""Service Quotas."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from appdp.aws.errors import code_of, translated


class ServiceQuotas:
    """Implements :class:`appdp.engine.verify.ports.Quotas`. Needs ``servicequotas:GetServiceQuota`` and
    ``servicequotas:GetAWSDefaultServiceQuota``.
    """

    def __init__(self, client: Any) -> None:  # noqa: ANN401  (no stubs)
        self._client = client

    @translated("servicequotas")
    def value(self, service: str, code: str) -> float:
        """The quota that applies to this account and region, or AWS's default where none was ever applied.

        See: https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
        """
        asked = {"ServiceCode": service, "QuotaCode": code}
        try:
            answer = self._client.get_service_quota(**asked)
        except ClientError as error:
            if code_of(error) != "NoSuchResourceException":
                raise
            answer = self._client.get_aws_default_service_quota(**asked)
        return float(answer["Quota"]["Value"])
