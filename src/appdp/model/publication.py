"""What a pipeline publishes: the manifest that its stack writes, and the record of the release published last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from appdp.errors import ConfigurationError
from appdp.model.environment import ImageRepository
from appdp.model.known_fields import known_fields

VERSION: Final = 1
"""Version of the values' shape. A reader refuses a newer one."""

ABOUT_LIMIT: Final = 260
"""Characters of what an approval is told about one environment. Those of a stage share the 1,000 of an action's value.

See: https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
"""

ScanKind = Literal["ecr_basic", "ecr_enhanced"]
Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"]

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
"""The worst first. What ECR calls INFORMATIONAL or UNDEFINED never stops a release."""

SHORTEST_SCAN_SECONDS: Final = 60
LONGEST_SCAN_SECONDS: Final = 82_800
"""CodePipeline ends a Lambda action after 24 hours; an hour of them is left for all that is not the scan.

See: https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedImage(ImageRepository):
    """One image of the application: where it lives, and what it is built for.

    Args:
        platforms: the platforms that every release has, such as ``linux/arm64``, in the order of the index.
    """

    platforms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRule:
    """When findings of Amazon ECR's scan keep a release from being registered.

    Args:
        kind: ``ecr_basic``, or ``ecr_enhanced`` (Amazon Inspector; costs money per image).
        severity: findings this severe or worse stop the release.
        ignore_unfixed: leave out findings that no newer version of the package corrects. Enhanced scans only: a basic
            scan does not say whether there is a correction.
        timeout_seconds: how long the scan may take, 60 to 82,800.

    Raises:
        ConfigurationError: a value that cannot be one, or ``ignore_unfixed`` with a basic scan.
    """

    kind: ScanKind
    severity: Severity
    ignore_unfixed: bool
    timeout_seconds: int

    def __post_init__(self) -> None:
        _check_one_of("kind", self.kind, get_args(ScanKind))
        _check_one_of("severity", self.severity, SEVERITIES)
        if self.ignore_unfixed and self.kind == "ecr_basic":
            raise ConfigurationError(
                "A basic scan cannot ignore what is unfixed: its findings do not say whether there is a correction.",
                hint="Use the enhanced scan, or Trivy, or leave ignore_unfixed out.",
            )
        if not SHORTEST_SCAN_SECONDS <= self.timeout_seconds <= LONGEST_SCAN_SECONDS:
            raise ConfigurationError(
                f"A scan may not take {self.timeout_seconds} s: "
                f"allowed are {SHORTEST_SCAN_SECONDS} to {LONGEST_SCAN_SECONDS:,} s."
            )

    @property
    def severities(self) -> tuple[Severity, ...]:
        """The severities that stop a release, the worst first."""
        return SEVERITIES[: SEVERITIES.index(self.severity) + 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an environment is whose account or region is not the pipeline's.

    Args:
        region: its region; empty when it is the pipeline's.
        role: the ARN of the role that its account has for pipelines; empty in the pipeline's own account.
    """

    region: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineManifest:
    """One pipeline of an application.

    Args:
        application: the application's name.
        pipeline: the pipeline's name.
        images: image name → where it lives and what it is built for.
        scan: what the scan must not find, or None for no scan.
        environments: the environments that a release is compared with.
        elsewhere: those of another account or region → where they are.
    """

    application: str
    pipeline: str
    images: Mapping[str, PublishedImage]
    scan: ScanRule | None = None
    environments: tuple[str, ...] = ()
    elsewhere: Mapping[str, Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "images", MappingProxyType(dict(self.images)))
        object.__setattr__(self, "environments", tuple(self.environments))
        object.__setattr__(self, "elsewhere", MappingProxyType(dict(self.elsewhere)))

    def to_json(self) -> str:
        """The parameter's value. Each registry is written once, so that 40 images fit into 4 KiB.

        The values may be CDK tokens: they are written as they are.
        """
        registries: list[dict[str, str]] = []
        images: dict[str, dict[str, Any]] = {}
        for name, image in self.images.items():
            registry = {"registry": image.registry, "registry_id": image.registry_id, "region": image.region}
            if registry not in registries:
                registries.append(registry)
            images[name] = {
                "in": registries.index(registry),
                "repository": image.repository,
                "platforms": list(image.platforms),
            }
        return _compact(
            {
                "version": VERSION,
                "application": self.application,
                "pipeline": self.pipeline,
                "registries": registries,
                "images": images,
                "scan": None if self.scan is None else asdict(self.scan),
                "environments": list(self.environments),
                "elsewhere": {name: asdict(place) for name, place in self.elsewhere.items()},
            }
        )

    @classmethod
    def from_json(cls, text: str) -> PipelineManifest:
        """Read a parameter's value; unknown keys are left out, a newer version is refused.

        Raises:
            ConfigurationError: it is of a newer version, or no manifest of a pipeline.
        """
        data = _read("The manifest of this pipeline", text)
        try:
            scan = data.get("scan")
            return cls(
                application=data["application"],
                pipeline=data["pipeline"],
                images={name: _image(image, data["registries"]) for name, image in data["images"].items()},
                scan=None if scan is None else ScanRule(**known_fields(ScanRule, scan)),
                environments=tuple(data.get("environments", ())),
                elsewhere={
                    name: Place(**known_fields(Place, place)) for name, place in data.get("elsewhere", {}).items()
                },
            )
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise _malformed("The manifest of this pipeline", text) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestRelease:
    """The release that was published last.

    Args:
        release: its tag.
        published_at: seconds since the epoch.
        pipeline: the pipeline that published it.
    """

    release: str
    published_at: float
    pipeline: str

    def to_json(self) -> str:
        """The parameter's value."""
        return _compact({"version": VERSION, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> LatestRelease:
        """Read a parameter's value; unknown keys are left out, a newer version is refused.

        Raises:
            ConfigurationError: it is of a newer version, or no record of a release.
        """
        data = _read("The record of the latest release", text)
        try:
            return cls(**known_fields(cls, data))
        except TypeError as error:
            raise _malformed("The record of the latest release", text) from error


def _image(data: Mapping[str, Any], registries: list[dict[str, str]]) -> PublishedImage:
    registry = registries[data["in"]]
    return PublishedImage(
        registry=registry["registry"],
        registry_id=registry["registry_id"],
        region=registry["region"],
        repository=data["repository"],
        platforms=tuple(data["platforms"]),
    )


def _check_one_of(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigurationError(f"A scan cannot have {what}={value!r}: allowed are {', '.join(allowed)}.")


def _compact(data: Mapping[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":"))


def _read(what: str, text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise _malformed(what, text) from error
    if not isinstance(data, dict):
        raise _malformed(what, text)
    version = data.get("version", VERSION)
    if not isinstance(version, int):
        raise _malformed(what, text)
    if version > VERSION:
        raise ConfigurationError(
            f"{what} was written by a newer appdp (version {version}; this one reads {VERSION}).",
            hint="Upgrade appdp and deploy the pipeline's stack again.",
        )
    return data


def _malformed(what: str, text: str) -> ConfigurationError:
    return ConfigurationError(f"{what} cannot be read: {text[:200]!r}.", hint="Deploy the pipeline's stack again.")
