"""Which Docker daemon runs the containers, if any does."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Final

from appdp.errors import LocalError

_DEFAULT: Final = "unix:///var/run/docker.sock"


def choose(wanted: bool | None) -> str | None:
    """The address of the daemon to use; None to use none.

    Args:
        wanted: True insists on one, False uses none, None takes one if it answers.

    Raises:
        LocalError: one was insisted on, and none answers.
    """
    if wanted is False:
        return None
    address = address_of_daemon()
    problem = _problem(address)
    if not problem:
        return address
    if wanted:
        raise LocalError(
            f"Docker was asked for, but no daemon answers at {address}: {problem}",
            hint="Start Docker, or set DOCKER_HOST to its address.",
        )
    return None


def address_of_daemon() -> str:
    """``DOCKER_HOST``, or the default socket, or what the Docker command's current context says (Docker Desktop's way).

    See: https://docs.docker.com/engine/manage-resources/contexts/
    """
    if set_by_user := os.environ.get("DOCKER_HOST"):
        return set_by_user
    if os.path.exists(_DEFAULT.removeprefix("unix://")):
        return _DEFAULT
    return _address_of_context() or _DEFAULT


def _address_of_context() -> str:
    command = shutil.which("docker")
    if not command:
        return ""
    asked = [command, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=10)  # noqa: S603 - fixed arguments, no shell
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _problem(address: str) -> str:
    if address.startswith("unix://") and not os.path.exists(address.removeprefix("unix://")):
        return "there is no such socket"
    from docker import DockerClient
    from docker.errors import DockerException

    try:
        client = DockerClient(base_url=address, timeout=5)
        try:
            client.ping()
        finally:
            client.close()
    except (DockerException, OSError) as error:
        return str(error)
    return ""
