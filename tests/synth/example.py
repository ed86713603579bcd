"""Runs the example, or the program that is named, then cdk-nag on it; prints what was found as JSON.

A process of its own, because Node reads ``CDK_OUTDIR`` and ``CDK_CONTEXT_JSON`` when it starts.
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

from aws_cdk import App
from aws_cdk.cx_api import CloudAssembly
from cdk_nag import AwsSolutionsChecks

EXAMPLE = Path(__file__).parents[2] / "examples" / "shop" / "app.py"


def findings(app: App) -> list[str]:
    """cdk-nag's findings that nobody explained."""
    report = AwsSolutionsChecks(app).validate_scope(app)
    return [violation.rule_name for violation in report.violations]


def warnings(assembly: CloudAssembly) -> list[str]:
    """The CDK's own warnings and errors that nobody explained."""
    return [
        f"{message.id}: {message.entry.data}"
        for stack in assembly.stacks
        for message in stack.messages
        if message.level.value != "info"
    ]


def main() -> None:
    """Run it."""
    app: App = runpy.run_path(sys.argv[1] if len(sys.argv) > 1 else str(EXAMPLE))["app"]
    json.dump({"findings": findings(app), "warnings": warnings(app.synth())}, sys.stdout)


if __name__ == "__main__":
    main()
