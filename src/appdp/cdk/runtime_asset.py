"""The code of the Lambda functions: this very package, without what only a laptop needs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aws_cdk import IgnoreMode, SymlinkFollowMode
from aws_cdk import aws_lambda as lambda_

import appdp

PARTS: Final = ("errors.py", "model", "engine", "aws", "runtime")
"""What the functions run. The Lambda runtime brings boto3; nothing else of third parties is needed."""

LAPTOP_ONLY: Final = (
    "engine/hotswap",
    "engine/scaffold",
    "engine/verify",
    "aws/facts",
    "aws/blueprints.py",
    "aws/registry_logins.py",
)
"""What is below them for the command line alone."""

_PACKAGE: Final = Path(appdp.__file__).parent


def runtime_code() -> lambda_.AssetCode:
    """The asset: ``appdp`` with :data:`PARTS` only.

    Its hash depends on the files' names and contents alone, so it is the same on every machine with the same version of
    appdp, and another ``cdk deploy`` uploads nothing.
    """
    return lambda_.Code.from_asset(
        str(_PACKAGE.parent),
        exclude=_everything_but_our_parts(),
        ignore_mode=IgnoreMode.GIT,
        # Installers such as uv may link files from their cache; a zip needs the files themselves.
        follow_symlinks=SymlinkFollowMode.ALWAYS,
    )


def _everything_but_our_parts() -> list[str]:
    kept = ["__init__.py", *PARTS]
    # Git's rules: the last matching pattern wins, and a folder must be let in before what is in it.
    own = [f"/appdp/{part}" for part in LAPTOP_ONLY]
    return ["/*", "!/appdp", "/appdp/*", *(f"!/appdp/{part}" for part in kept), *own, "__pycache__", "*.pyc"]
