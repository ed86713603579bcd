"""What a release's images must pass before they are published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from aws_cdk import Duration

from appdp.cdk.pinned import Pinned
from appdp.errors import ConfigurationError
from appdp.model.publication import SEVERITIES, ScanRule, Severity

ScanKind = Literal["ecr_basic", "ecr_enhanced", "trivy"]

TRIVY_FILES: Final = {"amd64": "Linux-64bit", "arm64": "Linux-ARM64"}
"""How Trivy's release files call an architecture."""

_TRIVY: Final = Pinned(
    option="Scan.trivy",
    archives={name: f"trivy_{{version}}_{file}.tar.gz" for name, file in TRIVY_FILES.items()},
    published="with each version of Trivy, in trivy_VERSION_checksums.txt",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A scan for known vulnerabilities. Use the class methods.

    Args:
        kind: who scans.
        severity: ``LOW``, ``MEDIUM``, ``HIGH`` or ``CRITICAL``: it, and all that is worse, refuses a release.
        ignore_unfixed: whether a vulnerability without a fix is let through.
        timeout_seconds: how long the publication waits for ECR's findings.
        version: Trivy's version.
        sha256: Trivy's checksums.

    Raises:
        ConfigurationError: a severity, version, checksum or time that cannot be one.
    """

    kind: ScanKind
    severity: Severity
    ignore_unfixed: bool = False
    timeout_seconds: int = 0
    version: str = ""
    sha256: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", MappingProxyType(dict(self.sha256)))
        if self.kind == "trivy":
            self._check_trivy()
        # ECR's rule says what is allowed, and refuses the rest.
        _ = self.rule

    def _check_trivy(self) -> None:
        if self.severity not in SEVERITIES:
            raise ConfigurationError(
                f"Scan.trivy(severity={self.severity!r}): allowed are {', '.join(SEVERITIES)}; it, and "
                "all that is worse, refuses a release."
            )
        _TRIVY.check(self.version, self.sha256)

    @classmethod
    def trivy(
        cls, *, version: str, sha256: Mapping[str, str], severity: Severity = "HIGH", ignore_unfixed: bool = False
    ) -> Scan:
        """Trivy scans each image after its build, in the same CodeBuild project.

        appdp cannot know the checksum of a version of yours, and runs nothing unverified: so it must be given. Trivy
        fetches its database of vulnerabilities from the internet; that needs a way there if the build is in a VPC.

        What it finds is in the build's log, and for 30 days in CodeBuild's report group of the pipeline and the
        architecture. A list of all that is in an image is kept with the image: see ``sbom`` of :class:`Build`.

        Args:
            version: of Trivy, without ``v``.
            sha256: architecture → SHA-256 of ``trivy_VERSION_Linux-64bit.tar.gz`` (``amd64``) or
                ``trivy_VERSION_Linux-ARM64.tar.gz`` (``arm64``); for every architecture that is built.
            severity: the least that refuses a release. Default: ``HIGH``.
            ignore_unfixed: whether what has no fix is let through. Default: it is not.
        """
        return cls(kind="trivy", severity=severity, ignore_unfixed=ignore_unfixed, version=version, sha256=sha256)

    @classmethod
    def ecr_basic(cls, *, severity: Severity = "HIGH", timeout: Duration | None = None) -> Scan:
        """ECR scans the packages of the operating system; the repositories are scanned on push. It is free.

        Args:
            severity: the least that refuses a release. Default: ``HIGH``.
            timeout: how long the publication waits for it, 1 minute to 23 hours. Default: 15 minutes.
        """
        return cls(kind="ecr_basic", severity=severity, timeout_seconds=_seconds(timeout, 15 * 60))

    @classmethod
    def ecr_enhanced(
        cls, *, severity: Severity = "HIGH", ignore_unfixed: bool = False, timeout: Duration | None = None
    ) -> Scan:
        """Amazon Inspector scans the packages of the operating system and of languages.

        It must be switched on for the account's registry, which is no part of an application; Inspector costs money per
        image.

        See: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced.html

        Args:
            severity: the least that refuses a release. Default: ``HIGH``.
            ignore_unfixed: whether what has no fix is let through. Default: it is not.
            timeout: how long the publication waits for it, 1 minute to 23 hours. Default: 30 minutes.
        """
        return cls(
            kind="ecr_enhanced",
            severity=severity,
            ignore_unfixed=ignore_unfixed,
            timeout_seconds=_seconds(timeout, 30 * 60),
        )

    @property
    def rule(self) -> ScanRule | None:
        """What the publication is told; None if the build scans."""
        if self.kind == "trivy":
            return None
        return ScanRule(
            kind=self.kind,
            severity=self.severity,
            ignore_unfixed=self.ignore_unfixed,
            timeout_seconds=self.timeout_seconds,
        )

    def variables(self, architecture: str) -> dict[str, str]:
        """The environment variables of a build that scans; none if ECR does.

        Raises:
            ConfigurationError: there is no checksum for the architecture.
        """
        if self.kind != "trivy":
            return {}
        return {
            "APPDP_TRIVY_VERSION": self.version,
            "APPDP_TRIVY_FILE": TRIVY_FILES[architecture],
            "APPDP_TRIVY_SHA256": _TRIVY.checksum(self.version, self.sha256, architecture),
            "APPDP_TRIVY_SEVERITY": ",".join(SEVERITIES[: SEVERITIES.index(self.severity) + 1]),
            "APPDP_TRIVY_IGNORE_UNFIXED": str(self.ignore_unfixed).lower(),
        }


def _seconds(duration: Duration | None, default: int) -> int:
    return default if duration is None else int(duration.to_seconds())
