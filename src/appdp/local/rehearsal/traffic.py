"""What the load generator saw, kept in compact arrays, and counted. Pure."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from appdp.local.rehearsal.load import NO_ANSWER, Row, Target
from appdp.local.rehearsal.record import ActTraffic, ServiceTraffic

BIN_SECONDS: Final = 0.5
FAILED: Final = "failed"
BOTH_SECONDS: Final = 2.0
"""How long two releases must have answered side by side for one of them to be a canary."""


@dataclass(frozen=True, slots=True)
class Response:
    """One request and what came of it. ``at`` is when the answer (or its absence) was known."""

    at: float
    seconds: float
    release: str
    status: int

    @property
    def failed(self) -> bool:
        """Anything but a 2xx that says which release it comes from."""
        return not (200 <= self.status < 300 and self.release)

    @property
    def problem(self) -> str:
        """Its status, for the count of failures."""
        if self.status == NO_ANSWER:
            return "no answer"
        return str(self.status) if not 200 <= self.status < 300 else f"{self.status} without release"


class Traffic:
    """Rows of one run of the load generator. A row takes 23 bytes, so an hour at 250 requests/s takes 20 MB."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self.targets = tuple(targets)
        self._due = array("d")
        self._seconds = array("f")
        self._target = array("B")
        self._release = array("H")
        self._status = array("H")
        self._names: dict[str, int] = {}
        self._failed = 0
        self._answered = 0

    def __len__(self) -> int:
        return len(self._status)

    def add(self, rows: Iterable[Row]) -> None:
        """Keep rows, in the order in which they came."""
        for due, taken, target, release, status in rows:
            self._due.append(due)
            self._seconds.append(taken)
            self._target.append(target)
            self._release.append(self._names.setdefault(release, len(self._names)))
            self._status.append(status)  # last: __len__ counts whole rows
            if not self.targets[target].test:
                self._answered += 1
                self._failed += Response(due, taken, release, status).failed

    @property
    def totals(self) -> tuple[int, int]:
        """How many production requests were answered so far, and how many of them failed."""
        return self._answered, self._failed

    def responses(self, *, service: str, test: bool) -> list[Response]:
        """All responses to one service on one listener, in the order in which they came."""
        wanted = {
            index for index, target in enumerate(self.targets) if (target.service, target.test) == (service, test)
        }
        names = list(self._names)
        return [
            Response(self._due[i] + self._seconds[i], self._seconds[i], names[self._release[i]], self._status[i])
            for i in range(len(self))
            if self._target[i] in wanted
        ]

    def recent(self, since: float) -> Counter[tuple[str, str]]:
        """(service, release or ``failed``) → production responses since a time, for the live display."""
        counts: Counter[tuple[str, str]] = Counter()
        names = list(self._names)
        for i in range(len(self) - 1, -1, -1):
            if self._due[i] < since:
                break
            target = self.targets[self._target[i]]
            if not target.test:
                response = Response(0.0, 0.0, names[self._release[i]], self._status[i])
                counts[target.service, FAILED if response.failed else response.release] += 1
        return counts


def count(traffic: Traffic, *, release: str, start: float, end: float) -> ActTraffic:
    """Count what an act's load saw.

    Args:
        release: what responses of the act's release say.
        start: when the load began.
        end: when it stopped; answers that came later count as the last ones.
    """
    services = list(dict.fromkeys(target.service for target in traffic.targets if not target.test))
    bins = max(1, ceil((end - start) / BIN_SECONDS))
    counted = tuple(_service(traffic, service, release=release, start=start, bins=bins) for service in services)
    return ActTraffic(
        bins_from=start,
        bin_seconds=BIN_SECONDS,
        seconds=end - start,
        services=counted,
        test_requests=sum(len(traffic.responses(service=service, test=True)) for service in services),
    )


def _service(traffic: Traffic, service: str, *, release: str, start: float, bins: int) -> ServiceTraffic:
    production = traffic.responses(service=service, test=False)
    good = [response for response in production if not response.failed]
    new = [response.at for response in good if response.release == release]
    old = [response.at for response in good if response.release != release]
    tested = [
        response.at
        for response in traffic.responses(service=service, test=True)
        if not response.failed and response.release == release
    ]
    latencies = sorted(response.seconds for response in production)
    return ServiceTraffic(
        service=service,
        sent=len(production),
        releases=dict(Counter(response.release for response in good)),
        failures=dict(Counter(response.problem for response in production if response.failed)),
        p50=percentile(latencies, 50),
        p99=percentile(latencies, 99),
        slowest=latencies[-1] if latencies else 0.0,
        switched_at=min(new, default=None),
        last_before_at=max(old, default=None),
        tested_at=min(tested, default=None),
        series=_series(production, start, bins),
        canary_percent=_share(good, release),
    )


def _share(good: Iterable[Response], release: str) -> float | None:
    """The release's share of the requests, in percent, from the first to the last that were sent while both answered.

    By when they were due: an old answer that is late would draw what came after the canary into its share.
    """
    new: list[float] = []
    old: list[float] = []
    for response in good:
        (new if response.release == release else old).append(response.at - response.seconds)
    if not new or not old or max(old) - min(new) < BOTH_SECONDS:
        return None
    first, last = min(new), max(old)
    before, after = (sum(first <= at <= last for at in moments) for moments in (old, new))
    return 100 * after / (before + after)


def _series(responses: Sequence[Response], start: float, bins: int) -> dict[str, tuple[int, ...]]:
    series: dict[str, list[int]] = {}
    for response in responses:
        key = FAILED if response.failed else response.release
        position = min(bins - 1, max(0, int((response.at - start) / BIN_SECONDS)))
        series.setdefault(key, [0] * bins)[position] += 1
    return {key: tuple(counts) for key, counts in sorted(series.items())}


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile of values in ascending order; 0 when there are none."""
    if not ordered:
        return 0.0
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]
