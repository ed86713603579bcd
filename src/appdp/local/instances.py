"""The directories of running embedded AWSs, and what is left of those that were killed.

Each instance has a directory with a lock file. The server process holds the lock for as long as it lives, so a free
lock means that the instance is dead, however it died: the next start removes its containers, processes and directory.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from appdp.errors import LocalError
from appdp.local.leftovers import end_processes, remove_containers, remove_images

_LOCK = "lock"
_RECORD = "instance.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One embedded AWS on this machine.

    Args:
        id: names it on containers, networks and processes.
        directory: everything that it writes is in here.
        docker: the Docker daemon that it uses, or None.
        port: where it answers, once it does.
    """

    id: str
    directory: Path
    docker: str | None
    port: int | None = None

    @property
    def log(self) -> Path:
        """What the server process says."""
        return self.directory / "server.log"

    def answers_at(self, port: int) -> Instance:
        """The instance with its port, which is written down for whoever has to sweep it."""
        written = self.directory / f"{_RECORD}.new"
        written.write_text(json.dumps({"docker": self.docker, "port": port}))
        written.replace(self.directory / _RECORD)
        return replace(self, port=port)

    def remove(self) -> None:
        """Remove everything that a dead instance left: containers, images, processes, files.

        Raises:
            LocalError: the Docker daemon that ran its containers does not answer; the next start tries again.
        """
        end_processes(self.id)
        if self.docker:
            remove_containers(self.id, self.docker)
            if self.port:
                remove_images(self.port, self.docker)
        shutil.rmtree(self.directory, ignore_errors=True)


def root() -> Path:
    """The directory of all instances of this user, made if need be; only this user may enter it."""
    directory = Path(tempfile.gettempdir()) / f"appdp-local-{os.getuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
        raise LocalError(
            f"{directory} is not a directory of this user.", hint="Remove it, or set TMPDIR to another directory."
        )
    return directory


def create(directory: Path, docker: str | None) -> tuple[Instance, int]:
    """Make a new instance; returns it with the descriptor that holds its lock, for the server process to inherit."""
    with _alone(directory):
        instance_id = uuid4().hex[:12]
        instance = Instance(id=instance_id, directory=directory / instance_id, docker=docker)
        (instance.directory / "tmp").mkdir(parents=True)
        (instance.directory / _RECORD).write_text(json.dumps({"docker": docker}))
        held = os.open(instance.directory / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return instance, held


def sweep(directory: Path) -> tuple[str, ...]:
    """Remove what dead instances left; returns their ids. One that cannot be removed now is left for the next sweep."""
    removed = []
    with _alone(directory):
        for instance in _dead(directory):
            try:
                instance.remove()
            except LocalError:
                continue
            removed.append(instance.id)
    return tuple(removed)


def _dead(directory: Path) -> Iterator[Instance]:
    for path in sorted(directory.iterdir()):
        if path.is_dir() and _is_free(path / _LOCK):
            docker, port = _recorded(path / _RECORD)
            yield Instance(id=path.name, directory=path, docker=docker, port=port)


def _is_free(lock: Path) -> bool:
    try:
        descriptor = os.open(lock, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _recorded(record: Path) -> tuple[str | None, int | None]:
    """The Docker daemon and the port."""
    try:
        told = dict(json.loads(record.read_text()))
    except (OSError, ValueError):
        return None, None  # killed before it was written, so no container was started either
    docker, port = told.get("docker"), told.get("port")
    return (docker if isinstance(docker, str) else None), (port if isinstance(port, int) else None)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One process at a time makes or removes instances."""
    descriptor = os.open(directory / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
