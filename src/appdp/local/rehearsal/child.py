"""Commands that the rehearsal runs: each in a session of its own, followed line by line, ended whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from appdp.errors import LocalError

GRACE_SECONDS: Final = 5.0
"""How long a command may take to end after SIGTERM, before SIGKILL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command to run.

    Args:
        words: the program and its arguments.
        environment: all of its environment variables.
        directory: where it runs. Default: the current directory.
        stdin: what it reads.
        hold: keep its stdin open until it ends, so that it can see from it whether we still live.
        timeout_seconds: when to end it. Default: never.
    """

    words: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path | None = None
    stdin: str = ""
    hold: bool = False
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended. ``stderr`` holds its lines, as they came."""

    code: int
    stdout: str
    stderr: tuple[str, ...]


def _ignore(_line: str) -> None:
    """Follow nothing."""


def run(command: Command, follow: Callable[[str], None] = _ignore) -> Ended:
    """Run a command to its end.

    The command gets a session of its own, so Ctrl-C reaches only us, and then everything it started is ended with it.

    Args:
        command: what to run.
        follow: called with each line of stderr as it comes, on another thread.

    Raises:
        LocalError: there is no such program.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell; the words are ours and the scenario's
            command.words,
            env=dict(command.environment),
            cwd=command.directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except FileNotFoundError as error:
        program = command.words[0]
        raise LocalError(f"There is no program {program!r}.", hint=f"Install {program}.") from error
    with _time_limit(process, command.timeout_seconds):
        return _follow(process, command, follow)


class _time_limit:  # noqa: N801 - reads as a statement
    def __init__(self, process: subprocess.Popen[str], seconds: float | None) -> None:
        self._timer = threading.Timer(seconds, _end, [process]) if seconds else None

    def __enter__(self) -> None:
        if self._timer:
            self._timer.daemon = True
            self._timer.start()

    def __exit__(self, *_exc: object) -> None:
        if self._timer:
            self._timer.cancel()


def _follow(process: subprocess.Popen[str], command: Command, follow: Callable[[str], None]) -> Ended:
    lines: list[str] = []
    reader = threading.Thread(target=_read, args=(_pipe(process.stderr), lines, follow), daemon=True)
    reader.start()
    try:
        with suppress(BrokenPipeError):  # it need not read
            _pipe(process.stdin).write(command.stdin)
            if not command.hold:
                _pipe(process.stdin).close()
        stdout = _pipe(process.stdout).read()
        code = process.wait()
    finally:
        _end(process)
        reader.join()
        for pipe in (process.stdin, process.stdout, process.stderr):
            with suppress(BrokenPipeError):
                _pipe(pipe).close()
    return Ended(code=code, stdout=stdout, stderr=tuple(lines))


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None  # noqa: S101 - all three are asked for
    return pipe


def _read(pipe: IO[str], lines: list[str], follow: Callable[[str], None]) -> None:
    for line in pipe:
        lines.append(line.rstrip("\n"))
        follow(lines[-1])


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    with suppress(ProcessLookupError):  # it may end just now
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
