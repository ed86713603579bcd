"""What a dead embedded AWS can leave outside its directory.

Containers, networks and processes are found by its id, images by the port of its registry.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from appdp.errors import LocalError
from appdp.local.docker_daemon import connected

LABEL = "appdp.local.instance"
"""Label of every container and network; its value is the instance's id."""
MARKER = "APPDP_LOCAL_INSTANCE"
"""Environment variable of every process; its value is the instance's id."""

_KILL_SECONDS = 5.0
_DOCKER_SECONDS = 30


def end_processes(instance: str) -> tuple[int, ...]:
    """Kill the processes that carry the instance's marker, which have no state of their own; returns their ids."""
    found = tuple(pid for pid in _marked(instance) if pid != os.getpid())
    for pid in found:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + _KILL_SECONDS
    while found and set(found) & set(_marked(instance)) and time.monotonic() < deadline:
        time.sleep(0.02)  # until then one may still write into the directory
    return found


def remove_containers(instance: str, docker: str) -> None:
    """Remove the instance's containers and networks.

    Raises:
        LocalError: the Docker daemon does not answer.
    """
    from docker.errors import NotFound

    wanted: dict[str, str | list[str] | bool] = {"label": f"{LABEL}={instance}"}
    try:
        with connected(docker, timeout_seconds=_DOCKER_SECONDS) as client:
            for container in client.containers.list(all=True, sparse=True, filters=wanted):
                with suppress(NotFound):
                    container.remove(force=True, v=True)
            for network in client.networks.list(filters=wanted):
                with suppress(NotFound):
                    network.remove()
    except LocalError as error:
        raise LocalError(
            f"The containers of embedded AWS {instance} could not be removed: {error}",
            hint=f"Start Docker, or remove them: docker ps -aq --filter label={LABEL}={instance} | xargs docker rm -f",
        ) from error


def remove_images(port: int, docker: str) -> None:
    """Remove the images that were pulled from, or named for, a registry that is gone.

    Does nothing while something listens on the port: then the names are another one's.

    Args:
        port: the port on which the registry answered.
        docker: the Docker daemon's address.

    Raises:
        LocalError: the Docker daemon does not answer.
    """
    from docker.errors import APIError

    if _listens(port):
        return
    try:
        with connected(docker, timeout_seconds=_DOCKER_SECONDS) as client:
            for name in _image_names(client.api.images(), f"localhost:{port}/"):
                with suppress(APIError):  # gone with its last other name, or in use by somebody's container
                    client.images.remove(name)
    except LocalError as error:
        raise LocalError(
            f"The images of localhost:{port} could not be removed: {error}",
            hint=f"Start Docker, or remove those that this lists: docker images 'localhost:{port}/*'",
        ) from error


def _image_names(images: list[dict[str, Any]], prefix: str) -> list[str]:
    names = (name for image in images for kind in ("RepoTags", "RepoDigests") for name in image.get(kind) or ())
    return [name for name in names if name.startswith(prefix)]


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        connection.settimeout(0.5)
        return connection.connect_ex(("127.0.0.1", port)) == 0


def _marked(instance: str) -> Iterator[int]:
    wanted = f"{MARKER}={instance}"
    if Path("/proc/self/environ").exists():
        yield from _marked_in_proc(wanted.encode())
    elif ps := shutil.which("ps"):
        listing = subprocess.run([ps, "-A", "-E", "-o", "pid=,command="], capture_output=True, text=True, check=False)  # noqa: S603 - fixed arguments, no shell
        for line in listing.stdout.splitlines():
            pid, _, command = line.strip().partition(" ")
            if wanted in command.split():
                yield int(pid)


def _marked_in_proc(wanted: bytes) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):  # another user's process, or one that has just ended
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)
