"""Amazon ECR's scans, basic and enhanced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from appdp.aws.errors import code_of, translated
from appdp.engine.publish.ports import Finding, Scan
from appdp.errors import Refused
from appdp.model.environment import ImageRepository

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import (
        DescribeImageScanFindingsRequestTypeDef,
        DescribeImageScanFindingsResponseTypeDef,
        ImageScanFindingsTypeDef,
    )

    from appdp.aws.session import Session

PAGE: Final = 1000
"""The most findings of one answer.

See: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
"""


class EcrScans:
    """Implements :class:`appdp.engine.publish.ports.Scans`. Needs ``ecr:DescribeImageScanFindings`` and, for basic
    scans, ``ecr:StartImageScan``; for enhanced ones Inspector's ``inspector2:ListCoverage`` and
    ``inspector2:ListFindings``, too.

    See: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @translated("ecr")
    def read(self, at: ImageRepository, digest: str) -> Scan | None:
        """The newest scan of an image; None when there was none."""
        try:
            pages = list(self._pages(at, digest))
        except ClientError as error:
            if code_of(error) == "ScanNotFoundException":
                return None
            raise
        status = pages[-1].get("imageScanStatus", {})
        found = [page["imageScanFindings"] for page in pages if "imageScanFindings" in page]
        return Scan(
            status=status.get("status", "PENDING"),
            description=status.get("description", ""),
            findings=tuple(_findings(found)) if found else None,
        )

    @translated("ecr")
    def start(self, at: ImageRepository, digest: str) -> None:
        """Start a basic scan. One that was started before is not an error.

        Raises:
            Refused: ECR cannot scan what the digest names.
        """
        try:
            self._ecr(at).start_image_scan(
                registryId=at.registry_id, repositoryName=at.repository, imageId={"imageDigest": digest}
            )
        except ClientError as error:
            if code_of(error) == "UnsupportedImageTypeException":
                raise Refused(
                    f"Amazon ECR cannot scan {at.by_digest(digest)}: it is no image of a type that it knows.",
                    hint="Scan with Trivy in the build instead.",
                ) from error
            # An image is scanned once in 24 hours, so this says: it was started already. Its result comes.
            if code_of(error) != "LimitExceededException":
                raise

    def _ecr(self, at: ImageRepository) -> ECRClient:
        return self._session.ecr(at.region)

    def _pages(self, at: ImageRepository, digest: str) -> Iterator[DescribeImageScanFindingsResponseTypeDef]:
        request: DescribeImageScanFindingsRequestTypeDef = {
            "registryId": at.registry_id,
            "repositoryName": at.repository,
            "imageId": {"imageDigest": digest},
            "maxResults": PAGE,
        }
        while True:
            page = self._ecr(at).describe_image_scan_findings(**request)
            yield page
            if not page.get("nextToken"):
                return
            request["nextToken"] = page["nextToken"]


def _findings(pages: Iterable[ImageScanFindingsTypeDef]) -> Iterator[Finding]:
    for page in pages:
        for basic in page.get("findings", ()):
            yield Finding(name=basic.get("name", "unnamed"), severity=basic.get("severity", "UNDEFINED"))
        for one in page.get("enhancedFindings", ()):
            details = one.get("packageVulnerabilityDetails", {})
            yield Finding(
                name=details.get("vulnerabilityId") or one.get("title") or "unnamed",
                severity=one.get("severity", "UNDEFINED"),
                # YES, PARTIAL (for some of the packages) or NO; see Inspector's API_Finding.html.
                fixed={"YES": True, "PARTIAL": True, "NO": False}.get(one.get("fixAvailable", "")),
            )
