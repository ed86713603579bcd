"""Which Docker daemon runs the containers, if any does, and how it is asked."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from appdp.errors import LocalError

if TYPE_CHECKING:
    from docker import DockerClient

_UNIX: Final = "unix://"
_DEFAULT: Final = f"{_UNIX}/var/run/docker.sock"


@contextmanager
def connected(address: str, *, timeout_seconds: int) -> Iterator[DockerClient]:
    """A client of the daemon at ``address``, closed afterwards.

    Raises:
        LocalError: the daemon does not answer, or refuses what the body asks of it.
    """
    from docker import DockerClient
    from docker.errors import DockerException

    try:
        _knock(address, timeout_seconds)
        client = DockerClient(base_url=address, timeout=timeout_seconds)
        try:
            yield client
        finally:
            client.close()
    except (DockerException, OSError) as error:
        raise LocalError(str(error)) from error


def _knock(address: str, timeout_seconds: int) -> None:
    """Find out whether anybody listens. Docker's SDK would leave its socket open where nobody does."""
    if address.startswith(_UNIX):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout_seconds)
            connection.connect(address.removeprefix(_UNIX))


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
    if os.path.exists(_DEFAULT.removeprefix(_UNIX)):
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
    if address.startswith(_UNIX) and not os.path.exists(address.removeprefix(_UNIX)):
        return "there is no such socket"
    try:
        with connected(address, timeout_seconds=5) as client:
            client.ping()
    except LocalError as error:
        return str(error)
    return ""
