"""The scan gate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appdp.engine.publish import publish
from appdp.engine.publish.ports import Finding, Scan, ScanStatus
from appdp.engine.publish.scanning import NAMED_FINDINGS
from appdp.errors import Refused
from appdp.model.publication import ScanRule, Severity
from tests.fakes.publishing import BASIC, BOTH, ENHANCED, FakePublishing


def built(rule: ScanRule = BASIC) -> FakePublishing:
    publishing = FakePublishing("web", "api", scan=rule)
    publishing.build("c1")
    return publishing


def refused(publishing: FakePublishing) -> Refused:
    """Why the gate stays shut; nothing may be registered."""
    with pytest.raises(Refused) as raised:
        publishing.drive(publishing.begin("c1"))
    assert publishing.registrations == []
    assert publishing.events.sent == []
    return raised.value


def test_every_image_is_waited_for_on_every_platform() -> None:
    publishing = built()
    step = publish(publishing.begin("c1"), publishing.manifest, publishing.ports)
    assert not step.done
    assert step.wait_seconds > 0
    assert step.summary == (
        "Waiting for the scan of web (linux/amd64): PENDING; web (linux/arm64): PENDING; "
        "api (linux/amd64): PENDING and 1 more"
    )
    assert publishing.registrations == []
    assert publishing.drive(step.state).done


def test_one_scan_that_is_late_holds_the_release() -> None:
    publishing = built()
    late = publishing.platform_digest("api", "c1", BOTH[1])
    publishing.scans.ends[late] = Scan(status="IN_PROGRESS")
    state = publishing.begin("c1")
    publish(state, publishing.manifest, publishing.ports)
    publishing.clock.sleep(60)
    step = publish(state, publishing.manifest, publishing.ports)
    assert step.summary == "Waiting for the scan of api (linux/arm64): IN_PROGRESS"


def test_a_basic_scan_that_did_not_start_by_itself_is_started() -> None:
    publishing = built()
    publishing.scans.on_push = False
    assert publishing.drive(publishing.begin("c1")).done
    assert sorted(publishing.scans.starts) == sorted(
        publishing.platform_digest(name, "c1", platform) for name in ("web", "api") for platform in BOTH
    )


def test_an_enhanced_scan_is_never_started_by_us() -> None:
    publishing = built(ENHANCED)
    publishing.scans.on_push = False
    error = refused(publishing)
    assert "The scan did not end within 600 s: web (linux/amd64): not started" in error.message
    assert "Check that Amazon Inspector is on for the registry" in error.hint
    assert publishing.scans.starts == []


@pytest.mark.parametrize("status", ["COMPLETE", "ACTIVE"])
def test_a_scan_without_findings_yet_is_not_taken_for_a_clean_one(status: str) -> None:
    publishing = built(ENHANCED)
    digest = publishing.platform_digest("web", "c1")
    publishing.scans.ends[digest] = Scan(status=status)
    assert f"did not end within 600 s: web (linux/amd64): {status}." in refused(publishing).message
    publishing.scans.ends[digest] = Scan(status=status, findings=())
    assert publishing.drive(publishing.begin("c1")).done


def test_a_scan_that_never_ends_fails_at_its_time_and_not_before() -> None:
    publishing = built()
    publishing.scans.takes_seconds = 10_000
    state = publishing.begin("c1")
    publishing.clock.jump(BASIC.timeout_seconds)
    assert not publish(state, publishing.manifest, publishing.ports).done
    publishing.clock.jump(1)
    with pytest.raises(Refused, match="The scan did not end within 600 s: web"):
        publish(state, publishing.manifest, publishing.ports)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("FAILED", "aws ecr start-image-scan"),
        ("UNSUPPORTED_IMAGE", "scan with Trivy"),
        ("SCAN_ELIGIBILITY_EXPIRED", "publish a new commit"),
        ("FINDINGS_UNAVAILABLE", "Amazon Inspector"),
        ("LIMIT_EXCEEDED", "quota"),
        ("IMAGE_ARCHIVED", "Restore"),
        ("SOMETHING_NEW", "Amazon ECR console"),
    ],
)
def test_a_scan_without_a_result_fails(status: str, advice: str) -> None:
    publishing = built()
    digest = publishing.platform_digest("api", "c1")
    publishing.scans.ends[digest] = Scan(status=status, description="because", findings=())
    message = refused(publishing).message
    assert message.startswith(f"Image api (linux/amd64) has no result of its scan: {status} (because). ")
    assert advice in message


def test_every_status_of_ecr_is_decided() -> None:
    for status in ScanStatus:
        publishing = built()
        digest = publishing.platform_digest("api", "c1")
        publishing.scans.ends[digest] = Scan(status=status, findings=())
        if status in (ScanStatus.COMPLETE, ScanStatus.ACTIVE):
            assert publishing.drive(publishing.begin("c1")).done
        else:
            refused(publishing)


@pytest.mark.parametrize(
    ("severity", "found", "stops"),
    [
        ("CRITICAL", "CRITICAL", True),
        ("CRITICAL", "HIGH", False),
        ("HIGH", "CRITICAL", True),
        ("HIGH", "HIGH", True),
        ("HIGH", "MEDIUM", False),
        ("MEDIUM", "MEDIUM", True),
        ("LOW", "LOW", True),
        ("LOW", "INFORMATIONAL", False),
        ("LOW", "UNDEFINED", False),
        ("LOW", "UNTRIAGED", False),
    ],
)
def test_severities(severity: Severity, found: str, stops: bool) -> None:
    publishing = built(replace(BASIC, severity=severity))
    publishing.scans.findings[publishing.platform_digest("web", "c1")] = (Finding(name="CVE-1", severity=found),)
    if stops:
        assert f"Image web (linux/amd64) has 1 {found}: CVE-1." in refused(publishing).message
    else:
        assert publishing.drive(publishing.begin("c1")).done


@pytest.mark.parametrize(
    ("ignore_unfixed", "fixed", "stops"),
    [(True, False, False), (True, True, True), (True, None, True), (False, False, True), (False, True, True)],
)
def test_what_cannot_be_corrected_is_ignored_when_asked_for(
    ignore_unfixed: bool, fixed: bool | None, stops: bool
) -> None:
    publishing = built(replace(ENHANCED, ignore_unfixed=ignore_unfixed))
    finding = Finding(name="CVE-1", severity="HIGH", fixed=fixed)
    publishing.scans.findings[publishing.platform_digest("web", "c1")] = (finding,)
    if stops:
        refused(publishing)
    else:
        assert publishing.drive(publishing.begin("c1")).done


def test_findings_are_counted_and_the_worst_are_named_for_every_image() -> None:
    publishing = built()
    high = [Finding(name=f"CVE-{number}", severity="HIGH") for number in range(9)]
    worst = Finding(name="CVE-X", severity="CRITICAL")
    publishing.scans.findings[publishing.platform_digest("web", "c1")] = (*high, worst, worst)
    publishing.scans.findings[publishing.platform_digest("api", "c1", BOTH[1])] = (high[0],)
    error = refused(publishing)
    assert error.message.splitlines() == [
        "Image web (linux/amd64) has 2 CRITICAL, 9 HIGH: CVE-X, CVE-0, CVE-1, CVE-2, CVE-3, …. "
        "Allowed is nothing of HIGH or worse. Update the base image or the packages.",
        "Image api (linux/arm64) has 1 HIGH: CVE-0. "
        "Allowed is nothing of HIGH or worse. Update the base image or the packages.",
    ]
    assert NAMED_FINDINGS == 5
    assert "not registered" in error.hint


def test_the_gate_holds_also_when_the_index_is_there_already() -> None:
    publishing = built()
    publishing.scans.findings[publishing.platform_digest("web", "c1")] = (Finding(name="CVE-1", severity="HIGH"),)
    refused(publishing)
    assert publishing.distribution.digest("shop/web", "c1") is not None
    assert "CVE-1" in refused(publishing).message


def test_without_a_rule_nothing_is_scanned() -> None:
    publishing = FakePublishing("web")
    publishing.scans.on_push = False
    publishing.build("c1")
    assert publishing.drive(publishing.begin("c1")).done
    assert publishing.scans.starts == []
