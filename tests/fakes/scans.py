"""Amazon ECR's scans in dictionaries."""

from __future__ import annotations

from appdp.engine.publish.ports import Finding, Scan
from appdp.model.environment import ImageRepository
from tests.fakes.clock import FakeClock


class FakeScans:
    """Scans that take some time.

    Args:
        clock: the time.

    ``on_push`` says whether scans start by themselves, ``takes_seconds`` how long they take, ``findings`` what they
    find by digest, ``ends`` what they say instead of COMPLETE by digest; ``starts`` lists the scans started by hand.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}
        self.on_push = True
        self.takes_seconds = 25.0
        self.findings: dict[str, tuple[Finding, ...]] = {}
        self.ends: dict[str, Scan] = {}
        self.starts: list[str] = []

    def read(self, at: ImageRepository, digest: str) -> Scan | None:
        if digest in self.ends:
            return self.ends[digest]
        if self.on_push:
            self._since.setdefault(digest, self._clock.now())
        if digest not in self._since:
            return None
        age = self._clock.now() - self._since[digest]
        if age < self.takes_seconds:
            return Scan(status="PENDING" if age < 5 else "IN_PROGRESS")
        return Scan(status="COMPLETE", findings=self.findings.get(digest, ()))

    def start(self, at: ImageRepository, digest: str) -> None:
        # Amazon ECR scans an image once a day; the adapter takes its refusal for "started before".
        if digest not in self._since:
            self.starts.append(digest)
            self._since[digest] = self._clock.now()
