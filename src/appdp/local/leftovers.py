"""What a dead embedded AWS can leave outside its directory: containers, networks and processes, found by its id."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from appdp.errors import LocalError

LABEL = "appdp.local.instance"
"""Label of every container and network; its value is the instance's id."""
MARKER = "APPDP_LOCAL_INSTANCE"
"""Environment variable of every process; its value is the instance's id."""


_KILL_SECONDS = 5.0


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
    from docker import DockerClient
    from docker.errors import DockerException, NotFound

    wanted: dict[str, str | list[str] | bool] = {"label": f"{LABEL}={instance}"}
    try:
        client = DockerClient(base_url=docker, timeout=30)
        try:
            for container in client.containers.list(all=True, sparse=True, filters=wanted):
                with suppress(NotFound):
                    container.remove(force=True, v=True)
            for network in client.networks.list(filters=wanted):
                with suppress(NotFound):
                    network.remove()
        finally:
            client.close()
    except (DockerException, OSError) as error:
        raise LocalError(
            f"The containers of embedded AWS {instance} could not be removed: {error}",
            hint=f"Start Docker, or remove them: docker ps -aq --filter label={LABEL}={instance} | xargs docker rm -f",
        ) from error


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
