"""The ``docker`` command, as far as ``appdp hotswap`` builds with it."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from appdp.cli.sources import context_of, dockerfile_of
from appdp.errors import AppdpError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appdp.engine.hotswap import BuildOrder, RegistryAccess

PROGRAM: Final = "docker"
ASK_SECONDS: Final = 60.0
"""A login asks the registry, over the network."""

SHOWN_LINES: Final = 10
"""How many lines an error shows of a command whose output was not shown as it came."""

STDERR: Final = 2
"""Talk goes there, so whatever docker prints while it builds."""


class DockerBuilder:
    """Implements :class:`appdp.engine.hotswap.Builder` with ``docker buildx build``, on whatever builder is in use.

    Args:
        ask_seconds: how long docker may take to answer a question or to log in.
    """

    def __init__(self, *, ask_seconds: float = ASK_SECONDS) -> None:
        self._ask_seconds = ask_seconds

    def check(self) -> None:
        """Whether this machine can build.

        Raises:
            ConfigurationError: docker or its buildx is missing, or its daemon does not answer.
        """
        program = self._program()
        if self._asked(program, "buildx", "version").returncode != 0:
            raise ConfigurationError(
                "The docker command has no buildx, with which images are built.",
                hint="Install it: https://docs.docker.com/build/install-buildx/",
            )
        daemon = self._asked(program, "version", "--format", "{{.Server.Version}}")
        if daemon.returncode != 0:
            raise ConfigurationError(
                f"The Docker daemon does not answer: {_last_lines(daemon.stderr, 1) or 'docker gives no reason'}",
                hint="Start Docker, or set DOCKER_HOST to its address.",
            )

    def build(self, order: BuildOrder, access: RegistryAccess) -> str:
        """Log in, build and push; docker's output is shown as it comes.

        Raises:
            ConfigurationError: docker is missing.
            AppdpError: the login, the build or the push failed.
        """
        program = self._program()
        self._log_in(program, access)
        with tempfile.TemporaryDirectory(prefix="appdp-hotswap-") as folder:
            metadata = Path(folder) / "metadata.json"
            done = subprocess.run(build_words(program, order, access.host, metadata), stdout=STDERR, check=False)  # noqa: S603 - no shell; the words are ours
            if done.returncode != 0:
                raise AppdpError(
                    f"The build failed: docker ended with code {done.returncode}; its output is above. No service was "
                    "touched.",
                    hint="Mend the cause and run the same command again.",
                )
            return _digest(metadata)

    def _program(self) -> str:
        found = shutil.which(PROGRAM)
        if found is None:
            raise ConfigurationError(
                f"Images are built with the program {PROGRAM!r}, which is not on the PATH.",
                hint="Install Docker with buildx: https://docs.docker.com/get-started/get-docker/",
            )
        return found

    def _asked(self, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(  # noqa: S603 - no shell; the words are ours
                words, input=stdin, capture_output=True, text=True, timeout=self._ask_seconds, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise AppdpError(
                f"{' '.join(words[1:3])!r} of docker did not answer within {self._ask_seconds:g} s.",
                hint="Restart Docker, then run the same command again.",
            ) from error

    def _log_in(self, program: str, access: RegistryAccess) -> None:
        # On stdin, because other users of the machine can read a command line.
        words = (program, "login", "--username", access.user, "--password-stdin", access.host)
        done = self._asked(*words, stdin=access.password)
        if done.returncode != 0:
            raise AppdpError(
                f"docker could not log in to {access.host}:\n{_last_lines(done.stderr, SHOWN_LINES)}",
                hint="Check docker's credential store and the network, then run the same command again.",
            )


def build_words(program: str, order: BuildOrder, host: str, metadata: Path) -> Sequence[str]:
    """The command that builds and pushes one image, as one manifest: no index, so no attestations."""
    recipe, context = order.recipe, context_of(order.recipe, order.source)
    arguments = [word for name, value in recipe.build_args.items() for word in ("--build-arg", f"{name}={value}")]
    return [
        *(program, "buildx", "build", "--platform", order.platform),
        *("--file", str(dockerfile_of(recipe, order.source))),
        *(("--target", recipe.target) if recipe.target else ()),
        *arguments,
        "--provenance=false",
        *("--tag", f"{host}/{order.repository}:{order.tag}", "--push", "--metadata-file", str(metadata)),
        str(context),
    ]


def _digest(metadata: Path) -> str:
    try:
        return str(json.loads(metadata.read_text(encoding="utf-8"))["containerimage.digest"])
    except (OSError, ValueError, KeyError) as error:
        raise AppdpError(
            "docker buildx did not say what it pushed. No service was touched.",
            hint="Use a newer buildx: its --metadata-file must name containerimage.digest.",
        ) from error


def _last_lines(text: str, count: int) -> str:
    return "\n".join(text.strip().splitlines()[-count:])
