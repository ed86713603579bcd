"""Amazon ECR's scans, on the wire."""

from __future__ import annotations

from typing import Any

import pytest

from appdp.aws.scans import PAGE, EcrScans
from appdp.aws.session import Session
from appdp.engine.publish.ports import Finding, Scan
from appdp.errors import Refused, RemoteError
from appdp.model.environment import ImageRepository
from tests.unit.aws.server import Answer, AwsSays, AwsServer

AT = ImageRepository(registry="h", repository="shop/api", registry_id="000000000000", region="us-east-1")
DIGEST = "sha256:1"
READ = "DescribeImageScanFindings"


def refusing(code: str) -> Answer:
    def answer(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays(code)

    return answer


def test_a_basic_scan_in_pages(aws: AwsServer, session: Session) -> None:
    def page(asked: dict[str, Any]) -> dict[str, Any]:
        last = asked.get("nextToken") == "2"
        finding = {"name": f"CVE-{'2' if last else '1'}", "severity": "HIGH"}
        return {
            "imageScanStatus": {"status": "COMPLETE", "description": "done"},
            "imageScanFindings": {"findings": [finding]},
            **({} if last else {"nextToken": "2"}),
        }

    aws.answers[READ] = page
    assert EcrScans(session).read(AT, DIGEST) == Scan(
        status="COMPLETE",
        description="done",
        findings=(Finding(name="CVE-1", severity="HIGH"), Finding(name="CVE-2", severity="HIGH")),
    )
    assert aws.received[0].payload == {
        "registryId": "000000000000",
        "repositoryName": "shop/api",
        "imageId": {"imageDigest": DIGEST},
        "maxResults": PAGE,
    }


@pytest.mark.parametrize(("told", "fixed"), [("YES", True), ("PARTIAL", True), ("NO", False), (None, None)])
def test_an_enhanced_scan(aws: AwsServer, session: Session, told: str | None, fixed: bool | None) -> None:
    finding = {
        "severity": "CRITICAL",
        "title": "CVE-1 - openssl",
        "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-1"},
        **({"fixAvailable": told} if told else {}),
    }
    aws.answers[READ] = lambda _: {
        "imageScanStatus": {"status": "ACTIVE"},
        "imageScanFindings": {"enhancedFindings": [finding, {"title": "other"}]},
    }
    assert EcrScans(session).read(AT, DIGEST) == Scan(
        status="ACTIVE",
        findings=(
            Finding(name="CVE-1", severity="CRITICAL", fixed=fixed),
            Finding(name="other", severity="UNDEFINED"),
        ),
    )


def test_a_scan_without_a_result_has_no_findings_rather_than_none_found(aws: AwsServer, session: Session) -> None:
    aws.answers[READ] = lambda _: {"imageScanStatus": {"status": "PENDING"}}
    assert EcrScans(session).read(AT, DIGEST) == Scan(status="PENDING")
    aws.answers[READ] = lambda _: {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {}}
    assert EcrScans(session).read(AT, DIGEST) == Scan(status="COMPLETE", findings=())


def test_no_scan(aws: AwsServer, session: Session) -> None:
    aws.answers[READ] = refusing("ScanNotFoundException")
    assert EcrScans(session).read(AT, DIGEST) is None


def test_an_image_that_is_not_there_is_an_error(aws: AwsServer, session: Session) -> None:
    aws.answers[READ] = refusing("ImageNotFoundException")
    with pytest.raises(RemoteError, match="ecr:DescribeImageScanFindings with ImageNotFoundException"):
        EcrScans(session).read(AT, DIGEST)


@pytest.mark.parametrize("code", ["", "LimitExceededException"])
def test_starting_a_scan(aws: AwsServer, session: Session, code: str) -> None:
    aws.answers["StartImageScan"] = refusing(code) if code else lambda _: {}
    EcrScans(session).start(AT, DIGEST)
    assert aws.last("StartImageScan").payload == {
        "registryId": "000000000000",
        "repositoryName": "shop/api",
        "imageId": {"imageDigest": DIGEST},
    }


def test_what_cannot_be_scanned(aws: AwsServer, session: Session) -> None:
    aws.answers["StartImageScan"] = refusing("UnsupportedImageTypeException")
    with pytest.raises(Refused, match=r"cannot scan h/shop/api@sha256:1"):
        EcrScans(session).start(AT, DIGEST)


def test_a_scan_that_is_refused_is_an_error(aws: AwsServer, session: Session) -> None:
    aws.answers["StartImageScan"] = refusing("AccessDeniedException")
    with pytest.raises(RemoteError, match="AWS refused ecr:StartImageScan"):
        EcrScans(session).start(AT, DIGEST)
