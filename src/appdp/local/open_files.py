"""How many files and connections a process of ours may have open."""

from __future__ import annotations

import contextlib
import resource
from typing import Final

WANTED: Final = 8192
"""More than a load of 250 requests/s needs at both ends, and less than macOS's ``kern.maxfilesperproc``."""


def allow_many_open_files() -> None:
    """Raise this process's soft limit as far as the hard one allows, to :data:`WANTED` at most.

    Shells start with 256 (macOS) or 1024 (Linux), which is meant for programs that use ``select``. Ours do not, and a
    server that may open no connection more answers nobody and says nothing.
    See: https://www.man7.org/linux/man-pages/man2/getrlimit.2.html
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < possible:
        with contextlib.suppress(ValueError, OSError):  # what the system refuses is as it was
            resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
