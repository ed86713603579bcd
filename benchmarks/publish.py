"""What publishing costs as an application grows: time of our own code, and calls of AWS, for 1, 10 and 50 images.

Each image is built for two architectures with an attestation each, scanned, and compared with one environment. The
ports are in memory, so the time is our share; on AWS each call adds its own. Run ``python benchmarks/publish.py
[RUNS]``; prints a Markdown table.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for the fakes

from tests.fakes.interruptions import Interruptions
from tests.fakes.publishing import BASIC, FakePublishing

IMAGES = (1, 10, 50)


def standing(images: int) -> FakePublishing:
    """An environment runs c0, and c1 is built; every scan has its result at once."""
    publishing = FakePublishing(*(f"image-{number}" for number in range(images)), scan=BASIC)
    publishing.scans.takes_seconds = 0
    for commit in ("c0", "c1"):
        publishing.build(commit)
    publishing.drive(publishing.begin("c0"))
    publishing.runs("dev", "c0")
    return publishing


def measure(images: int, runs: int) -> tuple[list[float], int, int]:
    """Milliseconds of each run, fastest first; the calls of the first publication, and of one more."""
    taken = []
    for _ in range(runs):
        publishing = standing(images)
        started = time.perf_counter()
        publishing.drive(publishing.begin("c1"))
        taken.append((time.perf_counter() - started) * 1000)
    publishing, first, again = standing(images), Interruptions(), Interruptions()
    publishing.drive(publishing.begin("c1"), first.around(publishing.ports))
    publishing.drive(publishing.begin("c1"), again.around(publishing.ports))
    return sorted(taken), len(first.calls), len(again.calls)


def main() -> None:
    """Print the table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    print(f"Publishing, {runs} runs each, Python {sys.version.split()[0]}\n")
    print("| images | median ms | fastest | slowest | ms per image | calls | per image | calls when published before |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for images in IMAGES:
        taken, calls, again = measure(images, runs)
        middle = median(taken)
        print(
            f"| {images} | {middle:.2f} | {taken[0]:.2f} | {taken[-1]:.2f} | {middle / images:.3f} "
            f"| {calls} | {calls / images:.1f} | {again} |"
        )


if __name__ == "__main__":
    main()
