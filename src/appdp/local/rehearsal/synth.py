"""Synthesises a CDK program as the CDK's own command would, but without that command and without any AWS account."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appdp.errors import ConfigurationError, LocalError
from appdp.local.rehearsal.child import Command, run

SHOWN_LINES = 30


def synthesise(directory: Path, output: Path, context: Mapping[str, Any]) -> None:
    """Run the program that ``cdk.json`` names, so that its templates are in ``output``.

    Args:
        directory: holds ``cdk.json``; the program runs there.
        output: where the cloud assembly goes.
        context: context values on top of those in ``cdk.json``.

    Raises:
        ConfigurationError: there is no ``cdk.json``, or it names no program.
        LocalError: the program failed; the message shows its last lines.
    """
    settings = read_settings(directory)
    merged = {**settings.get("context", {}), **context}
    words = command_of(str(settings["app"]))
    ended = run(Command(words=words, environment=_environment(output, merged), directory=directory))
    if ended.code != 0:
        shown = "\n".join(f"  {line}" for line in ended.stderr[-SHOWN_LINES:])
        raise LocalError(f"The CDK program {settings['app']!r} in {directory} ended with code {ended.code}:\n{shown}")


def read_settings(directory: Path) -> dict[str, Any]:
    """The content of ``cdk.json``."""
    path = directory / "cdk.json"
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(f"{directory} has no cdk.json, so there is no CDK program to synthesise.") from error
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"{path} is not JSON: {error}.") from error
    if not isinstance(settings, dict) or not isinstance(settings.get("app"), str):
        raise ConfigurationError(f"{path} names no program.", hint='Add "app": "python3 app.py" there.')
    return settings


def command_of(app: str) -> tuple[str, ...]:
    """The program's command line; a bare ``python`` is ours, which has the CDK installed."""
    words = shlex.split(app)
    if words and words[0] in ("python", "python3"):
        words[0] = sys.executable
    return tuple(words)


def _environment(output: Path, context: Mapping[str, Any]) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    tools = os.path.dirname(sys.executable)
    return {
        **mine,
        "PATH": os.pathsep.join([tools, mine.get("PATH", os.defpath)]),
        "CDK_OUTDIR": str(output),
        "CDK_CONTEXT_JSON": json.dumps(dict(context)),
    }
