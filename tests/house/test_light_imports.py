"""What is imported when: starting a command, or a Lambda function, does not pay for what it does not use."""

from __future__ import annotations

import json
import subprocess
import sys

# Importing aws_cdk starts Node; boto3 alone takes longer than all of --help may.
HEAVY = {"aiohttp", "aws_cdk", "boto3", "botocore", "constructs", "docker", "hypercorn", "jsii", "ministack", "yaml"}

# What Lambda's Python runtime has: boto3 with what it needs.
# certifi is taken by botocore where it is there, and missed by nobody where it is not.
LAMBDA_HAS = {"appdp", "boto3", "botocore", "certifi", "dateutil", "jmespath", "s3transfer", "six", "urllib3"}

REPORT = """
import atexit, json, os, sys
before = set(sys.modules)
def report():
    tops = {name.partition(".")[0] for name in set(sys.modules) - before}
    os.write(2, b"\\n" + json.dumps(sorted(tops - set(sys.stdlib_module_names) - {"__mp_main__"})).encode())
atexit.register(report)
"""


def imported_by(program: str, *arguments: str) -> set[str]:
    """Top-level packages outside the standard library that a program imports in a fresh interpreter."""
    command = [sys.executable, "-W", "ignore", "-c", REPORT + program, *arguments]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    return set(json.loads(result.stderr.splitlines()[-1]))


def test_the_root_package_imports_nothing_else() -> None:
    assert imported_by("import appdp") == {"appdp"}


def test_the_model_and_the_engine_import_nothing_else() -> None:
    assert imported_by("import appdp.engine.deploy, appdp.engine.publish, appdp.model.environment") == {"appdp"}


def test_help_imports_neither_aws_nor_cdk() -> None:
    assert not imported_by("from appdp.cli.main import main; main()", "--help") & HEAVY


def test_a_lambda_function_imports_only_what_lambda_has() -> None:
    assert imported_by("import appdp.runtime.advance, appdp.runtime.gate, appdp.runtime.publish") <= LAMBDA_HAS


def test_the_embedded_aws_does_not_import_the_cdk() -> None:
    assert not imported_by("import appdp.local.server, appdp.local.lifecycle") & {"aws_cdk", "constructs", "jsii"}
