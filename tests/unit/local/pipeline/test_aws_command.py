"""The stand-in for the ``aws`` command, as a build runs it."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.unit.aws.server import AwsServer, serving

PROGRAM = "from appdp.local.pipeline.aws_command import main; main()"
QUERY = "authorizationData[0].[authorizationToken,proxyEndpoint]"
GIVEN = {"authorizationToken": "QVdTOnNlY3JldA==", "proxyEndpoint": "http://127.0.0.1:4566"}


def aws(server: AwsServer, *words: str) -> subprocess.CompletedProcess[str]:
    server.answers["GetAuthorizationToken"] = lambda _payload: {"authorizationData": [GIVEN]}
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": server.url,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "key",
    }
    command = [sys.executable, "-c", PROGRAM, *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_registrys_password() -> None:
    with serving() as server:
        assert aws(server, "ecr", "get-login-password").stdout == "secret\n"


def test_the_token_and_the_registrys_address() -> None:
    with serving() as server:
        result = aws(server, "ecr", "get-authorization-token", "--output", "text", "--query", QUERY)
    assert result.stdout == "QVdTOnNlY3JldA==\thttp://127.0.0.1:4566\n"


def test_anything_else_is_refused_with_what_runs() -> None:
    with serving() as server:
        result = aws(server, "ecr", "get-authorization-token")
        assert server.received == []
    assert result.returncode == 252
    assert result.stderr.startswith("aws ecr get-authorization-token: only 'aws ecr get-login-password' and ")
    assert QUERY in result.stderr
