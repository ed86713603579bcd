"""A Lambda function made from a few lines, for tests."""

from __future__ import annotations

import io
import zipfile

from appdp.local.lifecycle import EmbeddedAws

ROLE = "arn:aws:iam::000000000000:role/test"


def create_function(aws: EmbeddedAws, name: str, code: str, *, timeout: int = 30) -> str:
    """Make a function whose handler is ``index.handler``; returns its ARN."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("index.py", code)
    made = aws.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=ROLE,
        Handler="index.handler",
        Code={"ZipFile": archive.getvalue()},
        Timeout=timeout,
    )
    return str(made["FunctionArn"])
