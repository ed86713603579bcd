"""Stands for the ``aws`` command in builds that run on this machine: the two ways to ask for the registry's login."""

from __future__ import annotations

import base64
import sys
from typing import Final

RUNS: Final = (
    "ecr get-login-password",
    "ecr get-authorization-token --output text --query authorizationData[0].[authorizationToken,proxyEndpoint]",
)


def main() -> None:
    """Print the registry's password; or the token, and the registry's address."""
    asked = " ".join(sys.argv[1:])
    if asked not in RUNS:
        sys.stderr.write(f"aws {asked}: only 'aws {RUNS[0]}' and 'aws {RUNS[1]}' run here.\n")
        raise SystemExit(252)
    import boto3

    client = boto3.client("ecr")
    try:
        (given,) = client.get_authorization_token()["authorizationData"]
    finally:
        client.close()
    token, address = given["authorizationToken"], given["proxyEndpoint"]
    password = base64.b64decode(token).decode().partition(":")[2]
    sys.stdout.write(f"{password}\n" if asked == RUNS[0] else f"{token}\t{address}\n")
