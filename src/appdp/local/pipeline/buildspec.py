"""A build specification as one shell script.

Only what a build project's own, inline specification in JSON (which is YAML, too) needs: ``env.variables``,
``env.shell``, ``env.exported-variables``, ``env.secrets-manager``, and the commands of the four phases. All commands
run in one shell; a command that fails ends its phase; ``post_build`` runs also after a ``build`` that failed.

See: https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html and view-build-details-phases.html
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from appdp.local.pipeline.performing import ActionFailed

PHASES: Final = ("install", "pre_build", "build", "post_build")
_SHELLS: Final = ("sh", "bash")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSpec:
    """What is run.

    Args:
        commands: phase → its commands.
        shell: ``sh`` or ``bash``.
        variables: environment variables of the specification itself.
        secrets: environment variable → secret in Secrets Manager, as ``id[:json key]``.
        exported: variables that the action gives on.
    """

    commands: Mapping[str, tuple[str, ...]]
    shell: str = "sh"
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    exported: tuple[str, ...] = ()

    def script(self, exported_to: str) -> str:
        """One script; the exported variables are written to the file ``exported_to`` at its end."""
        lines = ["exec 2>&1", "_failed="]
        for phase in PHASES:
            lines += _phase(phase, self.commands.get(phase, ()))
        lines += [f'printf "%s=%s\\0" {name} "${{{name}-}}" >> {shlex.quote(exported_to)}' for name in self.exported]
        return "\n".join([*lines, '[ -z "$_failed" ]', ""])


def read(text: str) -> BuildSpec:
    """Read a specification.

    Raises:
        ActionFailed: it is not one that can be run here; the message says why.
    """
    try:
        spec: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise ActionFailed(
            f"The build specification is not inline JSON, which is all that runs here: {error}"
        ) from error
    environment = spec.get("env") or {}
    phases = spec.get("phases") or {}
    if unknown := sorted(set(phases) - set(PHASES)):
        raise ActionFailed(f"The build specification has unknown phases: {', '.join(unknown)}.")
    shell = environment.get("shell", "sh")
    if shell not in _SHELLS:
        raise ActionFailed(f"The build specification's shell is {shell!r}; {' and '.join(_SHELLS)} run here.")
    return BuildSpec(
        commands={name: tuple(phase.get("commands") or ()) for name, phase in phases.items()},
        shell=shell,
        variables=dict(environment.get("variables") or {}),
        secrets=dict(environment.get("secrets-manager") or {}),
        exported=tuple(environment.get("exported-variables") or ()),
    )


def _phase(name: str, commands: tuple[str, ...]) -> list[str]:
    # What failed before keeps a phase from starting, except that post_build follows every build.
    condition = '[ -z "$_failed" ] || [ "$_failed" = build ]' if name == "post_build" else '[ -z "$_failed" ]'
    lines = [f"if {condition}; then", f'echo "[Container] Entering phase {name.upper()}"', "_here="]
    for command in commands:
        lines += [f'if [ -z "$_here" ]; then eval {shlex.quote(command)}', f"[ $? -eq 0 ] || _here={name}; fi"]
    lines += [
        f'echo "[Container] Phase complete: {name.upper()} State: $([ -z "$_here" ] && echo SUCCEEDED || echo FAILED)"',
        '_failed="${_failed:-$_here}"',
        "fi",
    ]
    return lines
