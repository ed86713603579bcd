"""How many files a process of ours may have open."""

from __future__ import annotations

import subprocess
import sys

import pytest

_TRY = """
import resource, sys
from appdp.local.open_files import allow_many_open_files
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
allow_many_open_files()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "then"),
    [
        pytest.param(256, 1024, 1024, id="as far as the hard limit"),
        pytest.param(1024, 1024, 1024, id="no further than the hard limit"),
        pytest.param(256, 10_000, 8192, id="no further than is wanted"),
        pytest.param(9000, 10_000, 9000, id="never down"),
    ],
)
def test_the_soft_limit_is_raised(soft: int, hard: int, then: int) -> None:
    tried = subprocess.run(
        [sys.executable, "-c", _TRY, str(soft), str(hard)], capture_output=True, text=True, check=True
    )
    assert tried.stdout.split() == [str(then), str(hard)]
