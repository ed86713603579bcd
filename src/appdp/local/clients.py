"""AWS clients that reach the embedded AWS and nothing else, whatever the machine's AWS configuration says."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any, Final

import boto3
import botocore.session
from botocore.config import Config

from appdp.local.wire import Caller, Endpoint

_NO_PROFILES = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""Overrides of botocore's session variables: neither profiles nor their files, nor the variables that name them."""

SECRET = "embedded"  # noqa: S105 - the embedded AWS verifies no signature

_CONFIG: Final = Config(max_pool_connections=32, proxies={}, connect_timeout=5, read_timeout=120)


def assumed(endpoint: Endpoint, service: str, credentials: Mapping[str, str], region: str) -> Any:  # noqa: ANN401 - botocore's clients have no common type
    """A boto3 client with credentials as AssumeRole gives them; close it."""
    session: Any = boto3.Session(botocore_session=botocore.session.Session(session_vars=_NO_PROFILES))
    return session.client(
        service,
        endpoint_url=endpoint.url,
        region_name=region,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        config=_CONFIG,
    )


class EndpointClients:
    """boto3 clients of one endpoint; made once per service and caller, safe to use from several threads.

    Args:
        endpoint: where the embedded AWS answers, and as whom clients call unless told otherwise.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._clients: dict[tuple[str, Caller], Any] = {}
        self._lock = threading.Lock()
        core = botocore.session.Session(session_vars=_NO_PROFILES)
        self._session: Any = boto3.Session(botocore_session=core)  # one: each adds S3's methods to the core's clients

    def client(self, service: str, caller: Caller | None = None) -> Any:  # noqa: ANN401 - botocore's clients have no common type
        """A boto3 client; its calls block."""
        caller = caller or Caller(account=self._endpoint.account, region=self._endpoint.region)
        with self._lock:
            if (service, caller) not in self._clients:
                self._clients[service, caller] = self._make(service, caller)
            return self._clients[service, caller]

    def close(self) -> None:
        """Close the clients' connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _make(self, service: str, caller: Caller) -> Any:  # noqa: ANN401 - botocore's clients have no common type
        return self._session.client(
            service,
            endpoint_url=self._endpoint.url,
            region_name=caller.region,
            aws_access_key_id=caller.account,
            aws_secret_access_key=SECRET,
            config=_CONFIG,
        )
