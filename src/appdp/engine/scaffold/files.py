"""All files of a program: path → content."""

from __future__ import annotations

import json

from appdp.engine.scaffold.app_file import app_file
from appdp.engine.scaffold.program import Program
from appdp.engine.scaffold.sample import sample_files

CONNECTION = "arn:aws:codeconnections:us-east-1:111122223333:connection/00000000-0000-4000-8000-000000000000"
"""Stands for the connection that its owner makes once, in the console."""


def files_of(program: Program, *, version: str) -> dict[str, str]:
    """Every file, with its content.

    Args:
        program: what to write.
        version: the version of appdp that the program needs at least.
    """
    files = {
        "app.py": app_file(program),
        "cdk.json": _cdk(program),
        "requirements.txt": f"aws-cdk-appdp[cdk]>={version}\n",
        "README.md": _readme(program),
    }
    return files | (sample_files(program) if program.sample else {})


def _cdk(program: Program) -> str:
    context: dict[str, str | bool] = {}
    if program.github:
        context = {"repository": program.github, "connection": CONNECTION}
    # With this flag tags stay off the listener rules, whose text must hold still (see Traffic).
    context["@aws-cdk/core:explicitStackTags"] = True
    # CloudFormation exports between stacks: what is in use cannot be deleted.
    context["@aws-cdk/core:defaultCrossStackReferences"] = "strong"
    return json.dumps({"app": "python3 app.py", "context": context}, indent=2) + "\n"


def _readme(program: Program) -> str:
    first = program.environments[0]
    lines = [
        f"# {program.name}",
        "",
        "`app.py` describes the application for the CDK: its images, and per environment a deployer and the services.",
        "",
        "```sh",
        "pip install -r requirements.txt",
        "```",
        "",
        "The next two commands:",
        "",
        "```sh",
        "cdk deploy --all        # services stand at zero until the first release",
        *_release(program),
        "```",
        "",
    ]
    if program.github:
        lines += [
            "Before that, put the ARN of your connection to GitHub into `cdk.json` (`aws codeconnections "
            "list-connections` shows it).",
            "",
        ]
    if program.rehearsed:
        lines += ["`appdp rehearse .` plays it on this machine, with no AWS account.", ""]
    if program.all_notes:
        lines += ["## Not carried over", "", *(f"- {note}" for note in program.all_notes), ""]
    lines += [f"Then `appdp status {first}` says how it stands, and `appdp --help` what else there is.", ""]
    return "\n".join(lines)


def _release(program: Program) -> list[str]:
    if program.github:
        return ["git push                # to main: built, published and released"]
    return [f"appdp deploy {program.environments[0]} TAG    # once every image is in its repository with that tag"]
