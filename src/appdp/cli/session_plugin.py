"""Session Manager's plugin: the program that is the terminal of a session in a task."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING, Final

from appdp.errors import ConfigurationError

if TYPE_CHECKING:
    from appdp.engine.shells import Shell

PROGRAM: Final = "session-manager-plugin"

INSTALL: Final = (
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"
)


def find_plugin() -> str:
    """Where the plugin is.

    Raises:
        ConfigurationError: it is not on the PATH; says how to get it.
    """
    found = shutil.which(PROGRAM)
    if found is None:
        raise ConfigurationError(
            f"A command in a task needs AWS's program {PROGRAM!r}, which is not on the PATH.",
            hint=f"Install it: {INSTALL}",
        )
    return found


def attach(plugin: str, shell: Shell, *, target: str, profile: str | None) -> int:
    """Hand the terminal to the plugin, which takes the same arguments from the AWS command line.

    Args:
        plugin: where it is.
        shell: the session.
        target: the container as Session Manager names it, with which a session that broke off is resumed.
        profile: with which credentials that is done. Default: what the plugin finds.

    Returns:
        The plugin's exit code; the command's own stays in the task.
    """
    words = [
        plugin,
        json.dumps(dict(shell.session)),
        shell.region,
        "StartSession",
        profile or "",
        json.dumps({"Target": target}),
        shell.endpoint,
    ]
    # Ctrl-C belongs to the program in the task: the plugin takes it there, and we wait until the plugin ends. It is
    # handled and not ignored, because what is ignored stays so in a program that is started.
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        return subprocess.run(words, check=False).returncode  # noqa: S603 - the plugin that was found
    finally:
        signal.signal(signal.SIGINT, before)
