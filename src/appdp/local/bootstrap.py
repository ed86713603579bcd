"""What ``cdk bootstrap`` puts into an account, as far as a deployment asks for it: the assets bucket and a version.

See: https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-customizing.html
"""

from __future__ import annotations

from typing import Final

from appdp.local.wire import Caller, Clients

_QUALIFIER: Final = "hnb659fds"
_VERSION: Final = "30"
VERSION_PARAMETER: Final = f"/cdk-bootstrap/{_QUALIFIER}/version"
"""Read by the parameter ``BootstrapVersion``, and so by the rule ``CheckBootstrapVersion``, of every template."""


def assets_bucket(place: Caller) -> str:
    """The name of the bucket for file assets."""
    return f"cdk-{_QUALIFIER}-assets-{place.account}-{place.region}"


def bootstrap(clients: Clients, place: Caller) -> None:
    """Bootstrap an account in one region, unless it is; blocks."""
    ssm = clients.client("ssm", place)
    if ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [VERSION_PARAMETER]}])["Parameters"]:
        return
    configuration = {} if place.region == "us-east-1" else {"LocationConstraint": place.region}
    more = {"CreateBucketConfiguration": configuration} if configuration else {}
    clients.client("s3", place).create_bucket(Bucket=assets_bucket(place), **more)
    ssm.put_parameter(Name=VERSION_PARAMETER, Value=_VERSION, Type="String")
