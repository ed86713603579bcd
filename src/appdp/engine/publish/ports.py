"""What publishing needs from AWS, as Protocols, besides those of :mod:`appdp.engine.ports`.

Every method may raise :class:`appdp.errors.RemoteError` (or its children). A write that was killed may have happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from appdp.engine.ports import Clock, Events, Parameters, Registry
from appdp.errors import Refused
from appdp.model.environment import ImageRepository
from appdp.model.publication import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest or index, byte for byte: its digest covers its bytes."""

    content: bytes
    media_type: str
    digest: str


class TagTaken(Refused):
    """The tag is immutable, and names another image already."""


class Distribution(Protocol):
    """A registry's OCI distribution API."""

    def manifest(self, at: ImageRepository, reference: str) -> Manifest | None:
        """What a tag, or a digest ``sha256:…``, names; None when there is no such thing in the repository."""

    def put(self, at: ImageRepository, tag: str, content: bytes, media_type: str) -> str:
        """Push a manifest under a tag; returns its digest. Doing it again changes nothing.

        Raises:
            TagTaken: the tag names something else, and may not move.
        """


class ScanStatus(StrEnum):
    """Amazon ECR's states of a scan.

    See: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanStatus.html
    """

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETE = "COMPLETE"
    ACTIVE = "ACTIVE"
    FAILED = "FAILED"
    UNSUPPORTED_IMAGE = "UNSUPPORTED_IMAGE"
    SCAN_ELIGIBILITY_EXPIRED = "SCAN_ELIGIBILITY_EXPIRED"
    FINDINGS_UNAVAILABLE = "FINDINGS_UNAVAILABLE"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    IMAGE_ARCHIVED = "IMAGE_ARCHIVED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One vulnerability of an image.

    Args:
        name: such as ``CVE-2024-1234``.
        severity: ECR's word, such as ``HIGH``.
        fixed: whether a newer version of the package corrects it; None when the scan does not say.
    """

    name: str
    severity: str
    fixed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What Amazon ECR says about the scan of one image.

    Args:
        status: of :class:`ScanStatus`, or a newer word of ECR's.
        description: ECR's explanation.
        findings: all of them; None until there is a result.
    """

    status: str
    description: str = ""
    findings: tuple[Finding, ...] | None = None


class Scans(Protocol):
    """Amazon ECR's scans."""

    def read(self, at: ImageRepository, digest: str) -> Scan | None:
        """The newest scan of an image; None when there was none."""

    def start(self, at: ImageRepository, digest: str) -> None:
        """Start a basic scan. One that was started before is not an error."""


class Elsewhere(Protocol):
    """Environments of other accounts and regions."""

    def parameter(self, at: Place, name: str) -> str | None:
        """A Systems Manager parameter over there, or None."""

    def parameters(self, at: Place, path: str) -> Mapping[str, str]:
        """All parameters below a path over there, at any depth: full name → value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishPorts:
    """Everything that publishing touches, in one value."""

    distribution: Distribution
    scans: Scans
    registry: Registry
    parameters: Parameters
    elsewhere: Elsewhere
    events: Events
    clock: Clock


FailureKind = Literal["ConfigurationError", "JobFailed"]
"""CodePipeline's words for why a job failed.

See: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_FailureDetails.html
"""


class PipelineJobs(Protocol):
    """CodePipeline's jobs: how an action's function says what became of its work."""

    def goes_on(self, job: str, *, token: str, summary: str) -> None:
        """The work goes on: call again with this token."""

    def succeeded(self, job: str, *, variables: Mapping[str, str], summary: str) -> None:
        """The work is done; ``variables`` are the action's output variables."""

    def failed(self, job: str, *, kind: FailureKind, message: str) -> None:
        """The work failed."""
