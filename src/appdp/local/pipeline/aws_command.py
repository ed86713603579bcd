"""Stands for the ``aws`` command in builds that run on this machine: the one subcommand that appdp's builds call."""

from __future__ import annotations

import base64
import sys


def main() -> None:
    """``aws ecr get-login-password``: prints the registry's password."""
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    if words[:2] != ["ecr", "get-login-password"]:
        sys.stderr.write(f"aws {' '.join(sys.argv[1:])}: only 'aws ecr get-login-password' runs here.\n")
        raise SystemExit(252)
    import boto3

    client = boto3.client("ecr")
    try:
        (given,) = client.get_authorization_token()["authorizationData"]
    finally:
        client.close()
    sys.stdout.write(base64.b64decode(given["authorizationToken"]).decode().partition(":")[2] + "\n")
