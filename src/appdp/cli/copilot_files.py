"""Reads a directory of AWS Copilot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from appdp.errors import ConfigurationError

if TYPE_CHECKING:
    from appdp.engine.scaffold import CopilotWorkspace


def read_workspace(directory: Path) -> CopilotWorkspace:
    """What ``.workspace`` and the manifests say.

    Raises:
        ConfigurationError: it is no directory of Copilot, or a file in it is not YAML.
        click.UsageError: there is nothing to read YAML with.
    """
    from appdp.engine.scaffold import CopilotWorkspace

    workspace = directory / ".workspace"
    if not workspace.is_file():
        raise ConfigurationError(
            f"{directory} has no file .workspace, so it is not a directory of AWS Copilot.",
            hint="Give the directory called copilot, in the root of the repository.",
        )
    found = {path.parent.name: _read(path) for path in sorted(directory.glob("*/manifest.yml"))}
    places = {path.parent.name: _read(path) for path in sorted(directory.glob("environments/*/manifest.yml"))}
    return CopilotWorkspace(
        application=str(_read(workspace).get("application") or directory.resolve().parent.name),
        manifests=found,
        environments=places,
        others=tuple(_others(directory)),
    )


def _others(directory: Path) -> Iterator[str]:
    for path in sorted((*directory.glob("*/addons"), *directory.glob("*/overrides"), *directory.glob("*/*/overrides"))):
        yield f"{path}: what is in it"
    for path in sorted((*directory.glob("environments/addons/*"), *directory.glob("pipelines/*"))):
        yield f"{path}: what is in it"


def _read(path: Path) -> dict[str, Any]:
    try:
        import yaml
    except ModuleNotFoundError as error:
        raise click.UsageError("Reading YAML needs an extra. Install it: pip install 'aws-cdk-appdp[init]'.") from error
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not YAML: {error}", hint="Correct the file and start again.") from error
    if not isinstance(data, dict):
        raise ConfigurationError(f"{path} holds no settings but {type(data).__name__}.", hint="Correct the file.")
    found: dict[str, Any] = _with_texts_as_keys(data)
    return found


def _with_texts_as_keys(value: Any) -> Any:  # noqa: ANN401  (whatever YAML holds)
    """YAML 1.1 takes the key "on" of a scheduled job for a truth value, also below an environment."""
    match value:
        case dict():
            return {"on" if key is True else str(key): _with_texts_as_keys(item) for key, item in value.items()}
        case list():
            return [_with_texts_as_keys(item) for item in value]
        case _:
            return value
