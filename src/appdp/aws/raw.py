"""AWS's JSON protocol without a model: what is sent is what the caller gave, what is read is what the service said.

botocore drops every field that its model does not know. Where a value must come back out as it went in, this is used
instead; endpoint, region, credentials, certificates and proxies are still botocore's.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError, HTTPClientError, NoCredentialsError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from appdp import __version__
from appdp.aws.errors import THROTTLED, code_of
from appdp.aws.pauses import pause_after
from appdp.aws.session import READ_SECONDS

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from appdp.aws.session import Session

ATTEMPTS: Final = 6
"""Calls in total, the first one included. RegisterTaskDefinition refills at 1 per second.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
"""


class RawJson:
    """Calls one service's operations with plain data.

    Args:
        session: whose credentials sign.
        client: the service's client; names endpoint, region and signing name.
        target: the service's prefix in ``X-Amz-Target``.
        sleep: how to pause between attempts.
    """

    def __init__(
        self, session: Session, client: BaseClient, target: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._session = session
        self._client = client
        self._target = target
        self._sleep = sleep
        url = client.meta.endpoint_url
        bundle = session.boto._session.get_config_variable("ca_bundle")
        self._http = URLLib3Session(
            verify=bundle or True,
            proxies=get_environ_proxies(url),
            timeout=READ_SECONDS,
        )

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation; returns the answer as it came.

        Raises:
            ClientError: AWS said no.
            BotoCoreError: AWS did not answer, or there are no credentials.
        """
        for attempt in range(1, ATTEMPTS):
            try:
                return self._once(operation, payload)
            except (ClientError, HTTPClientError, BotoConnectionError) as error:
                if not _passes(error):
                    raise
            self._sleep(pause_after(attempt))
        return self._once(operation, payload)

    def _once(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._http.send(self._signed(operation, payload).prepare())
        data = _decoded(answer.content)
        if answer.status_code < 300:
            return data
        kind = data.get("__type") or answer.headers.get("x-amzn-errortype") or str(answer.status_code)
        error: dict[str, Any] = {
            "Error": {
                "Code": str(kind).rpartition("#")[2].partition(":")[0],
                "Message": data.get("message") or data.get("Message") or "",
            },
            "ResponseMetadata": {"HTTPStatusCode": answer.status_code},
        }
        raise ClientError(error, operation)  # type: ignore[arg-type]  # the stub wants every key of a parsed answer

    def _signed(self, operation: str, payload: Mapping[str, Any]) -> AWSRequest:
        credentials = self._session.boto.get_credentials()
        if credentials is None:
            raise NoCredentialsError()
        meta = self._client.meta
        request = AWSRequest(
            method="POST",
            url=meta.endpoint_url,
            data=json.dumps(dict(payload)).encode(),
            headers={
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": f"{self._target}.{operation}",
                "User-Agent": f"appdp/{__version__}",
            },
        )
        SigV4Auth(credentials.get_frozen_credentials(), meta.service_model.signing_name, meta.region_name).add_auth(
            request
        )
        return request


def _passes(error: Exception) -> bool:
    if not isinstance(error, ClientError):
        return True
    return code_of(error) in THROTTLED or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500


def _decoded(content: bytes) -> dict[str, Any]:
    try:
        data = json.loads(content or b"{}")
    except ValueError:
        # A proxy's or load balancer's page instead of the service's answer.
        return {"message": content[:200].decode(errors="replace")}
    return data if isinstance(data, dict) else {}
