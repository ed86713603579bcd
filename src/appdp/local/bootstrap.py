"""What ``cdk bootstrap`` puts into an account, as far as a deployment asks for it: the assets bucket and a version.

See: https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-customizing.html
"""

from __future__ import annotations

from typing import Final

from appdp.local.wire import Clients, Endpoint

_QUALIFIER: Final = "hnb659fds"
_VERSION: Final = "30"
VERSION_PARAMETER: Final = f"/cdk-bootstrap/{_QUALIFIER}/version"
"""Read by the parameter ``BootstrapVersion``, and so by the rule ``CheckBootstrapVersion``, of every template."""


def assets_bucket(endpoint: Endpoint) -> str:
    """The name of the bucket for file assets."""
    return f"cdk-{_QUALIFIER}-assets-{endpoint.account}-{endpoint.region}"


def bootstrap(clients: Clients, endpoint: Endpoint) -> None:
    """Bootstrap the account; blocks."""
    clients.client("s3").create_bucket(Bucket=assets_bucket(endpoint))
    clients.client("ssm").put_parameter(Name=VERSION_PARAMETER, Value=_VERSION, Type="String")
