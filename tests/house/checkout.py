"""The checkout as git sees it: what is committed, and what would be."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(sys.executable).parent
"""Where the commands of this virtual environment are."""


@cache
def files() -> tuple[Path, ...]:
    """Every file that git tracks or would add, relative to the checkout."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(sorted(path for name in listed.split("\0") if name and (ROOT / (path := Path(name))).is_file()))


def python_files(*folders: str) -> tuple[Path, ...]:
    """The Python files below some folders."""
    return tuple(path for path in files() if path.suffix == ".py" and path.parts[0] in folders)


def texts() -> dict[Path, str]:
    """Every text file with its content."""
    found = {}
    for path in files():
        try:
            found[path] = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def lines_matching(pattern: str, *, only: str = "*", but: frozenset[str] = frozenset()) -> list[str]:
    """Where a pattern occurs, as ``path:line: text``, in files that match ``only`` and are not in ``but``."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return [
        f"{path}:{number}: {line.strip()[:120]}"
        for path, text in texts().items()
        if path.match(only) and str(path) not in but
        for number, line in enumerate(text.splitlines(), start=1)
        if compiled.search(line)
    ]
