"""The scan gate: every image of the release, on every platform, has a result, and nothing in it is too severe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from appdp.engine.publish.compose import ReleasedImage
from appdp.engine.publish.ports import Finding, PublishPorts, Scan, ScanStatus
from appdp.engine.publish.state import Publication
from appdp.errors import Refused
from appdp.model.publication import SEVERITIES, PublishedImage, ScanRule

NAMED_FINDINGS: Final = 5
"""How many findings of one image are named; the counts tell the rest."""

_WAITING: Final = frozenset({ScanStatus.PENDING, ScanStatus.IN_PROGRESS})
_ENDED: Final = frozenset({ScanStatus.COMPLETE, ScanStatus.ACTIVE})

_ADVICE: Final = {
    ScanStatus.FAILED: "Start it again with 'aws ecr start-image-scan', then retry this stage.",
    ScanStatus.UNSUPPORTED_IMAGE: "Build on a base that ECR can scan, or scan with Trivy in the build instead.",
    ScanStatus.SCAN_ELIGIBILITY_EXPIRED: "Lengthen Amazon Inspector's re-scan duration, or publish a new commit.",
    ScanStatus.FINDINGS_UNAVAILABLE: "Look at the image in Amazon Inspector, then retry this stage.",
    ScanStatus.LIMIT_EXCEEDED: "Raise the quota or wait for a day, then retry this stage.",
    ScanStatus.IMAGE_ARCHIVED: "Restore the image from the archive, then retry this stage.",
}

_LATE: Final[Mapping[str, str]] = {
    "ecr_basic": "Look at the image's scan in the Amazon ECR console.",
    "ecr_enhanced": "Check that Amazon Inspector is on for the registry and its filters name these repositories.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """One manifest that is scanned, under the names by which users know it."""

    image: str
    platform: str
    at: PublishedImage
    digest: str

    def __str__(self) -> str:
        return f"{self.image} ({self.platform})"


def waiting_for_scans(
    state: Publication,
    rule: ScanRule,
    images: Mapping[str, PublishedImage],
    released: Mapping[str, ReleasedImage],
    ports: PublishPorts,
) -> tuple[str, ...]:
    """What has no result yet; empty when the gate is open.

    Raises:
        Refused: a finding is too severe, a scan cannot have a result, or it took too long.
    """
    waiting: list[str] = []
    faults: list[str] = []
    for subject in _subjects(images, released):
        scan = _look(rule, subject, ports)
        if scan is None or scan.status in _WAITING or (scan.status in _ENDED and scan.findings is None):
            waiting.append(f"{subject}: {scan.status if scan else 'not started'}")
        else:
            faults += _faults(rule, subject, scan)
    if faults:
        raise Refused("\n".join(faults), hint="The release was not registered; no environment was changed.")
    if waiting and ports.clock.now() - state.started_at > rule.timeout_seconds:
        raise Refused(
            f"The scan did not end within {rule.timeout_seconds} s: {'; '.join(waiting)}.",
            hint=f"{_LATE[rule.kind]} Then retry this stage, or allow more time with timeout= of the pipeline's Scan. "
            "Without a result nothing is registered.",
        )
    return tuple(waiting)


def _subjects(images: Mapping[str, PublishedImage], released: Mapping[str, ReleasedImage]) -> Iterator[_Subject]:
    for name, image in images.items():
        for platform, digest in released[name].platforms.items():
            yield _Subject(image=name, platform=platform, at=image, digest=digest)


def _look(rule: ScanRule, subject: _Subject, ports: PublishPorts) -> Scan | None:
    found = ports.scans.read(subject.at, subject.digest)
    # Amazon Inspector starts by itself and takes no orders; a basic scan may be started by hand.
    if found is None and rule.kind == "ecr_basic":
        ports.scans.start(subject.at, subject.digest)
    return found


def _faults(rule: ScanRule, subject: _Subject, scan: Scan) -> Iterator[str]:
    if scan.status not in _ENDED:
        because = f" ({scan.description})" if scan.description else ""
        advice = _ADVICE.get(ScanStatus(scan.status), "") if scan.status in set(ScanStatus) else ""
        yield (
            f"Image {subject} has no result of its scan: {scan.status}{because}. "
            f"{advice or 'Look at the image in the Amazon ECR console.'}"
        )
        return
    severe = [finding for finding in scan.findings or () if _stops(rule, finding)]
    if severe:
        yield _too_severe(rule, subject, severe)


def _stops(rule: ScanRule, finding: Finding) -> bool:
    # What is not known to be without a correction counts.
    return finding.severity in rule.severities and not (rule.ignore_unfixed and finding.fixed is False)


def _too_severe(rule: ScanRule, subject: _Subject, severe: Iterable[Finding]) -> str:
    ordered = sorted(severe, key=lambda finding: (_rank(finding), finding.name))
    counts = Counter(finding.severity for finding in ordered)
    told = ", ".join(f"{counts[severity]} {severity}" for severity in rule.severities if counts[severity])
    names = list(dict.fromkeys(finding.name for finding in ordered))
    more = ", …" if len(names) > NAMED_FINDINGS else ""
    return (
        f"Image {subject} has {told}: {', '.join(names[:NAMED_FINDINGS])}{more}. "
        f"Allowed is nothing of {rule.severity} or worse. Update the base image or the packages."
    )


def _rank(finding: Finding) -> int:
    return next(at for at, severity in enumerate(SEVERITIES) if severity == finding.severity)
