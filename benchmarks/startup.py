"""How long a user waits for nothing: ``import appdp`` and ``appdp --help``, each in a fresh interpreter.

The goal is a median of 150 ms or less. Run ``python benchmarks/startup.py [RUNS]``; prints a Markdown table.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

GOAL_MS = 150.0
SCRIPTS = Path(sys.executable).parent

CASES: dict[str, tuple[str | Path, ...]] = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "import appdp": (sys.executable, "-c", "import appdp"),
    "appdp --help": (SCRIPTS / "appdp", "--help"),
    "appdp deploy --help": (SCRIPTS / "appdp", "deploy", "--help"),
}


def measure(command: Sequence[str | Path], runs: int) -> list[float]:
    """Milliseconds that each run took, fastest first. One run before them fills the caches."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        taken.append((time.perf_counter() - started) * 1000)
    return sorted(taken)


def main() -> None:
    """Print the table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    print(f"Start-up, {runs} runs each, Python {sys.version.split()[0]}, goal {GOAL_MS:.0f} ms\n")
    print("| command | median ms | fastest | slowest | |\n| --- | ---: | ---: | ---: | --- |")
    for name, command in CASES.items():
        taken = measure(command, runs)
        verdict = "within the goal" if median(taken) <= GOAL_MS else "above the goal"
        print(f"| `{name}` | {median(taken):.0f} | {taken[0]:.0f} | {taken[-1]:.0f} | {verdict} |")


if __name__ == "__main__":
    main()
