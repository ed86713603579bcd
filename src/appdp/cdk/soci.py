"""Images that Fargate starts before it has loaded them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from appdp.cdk.pinned import Pinned
from appdp.errors import ConfigurationError

SOCI_FILES: Final = {"amd64": "linux-amd64-static", "arm64": "linux-arm64-static"}
"""How the release files of the SOCI snapshotter call an architecture; static ones run in any build image."""

FIRST_VERSION: Final = (0, 15, 0)
"""The first that converts images of several forms without containerd, and without being root."""

_MIB: Final = 1 << 20
_SOCI: Final = Pinned(
    option="Soci",
    archives={name: f"soci-snapshotter-{{version}}-{file}.tar.gz" for name, file in SOCI_FILES.items()},
    published="beside the archive, in a file with .sha256sum at its end",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Soci:
    """SOCI (Seekable OCI), index manifest v2: Fargate starts a task while its image is still being loaded.

    The build converts each large image before it is pushed. Converting the same image again gives the same digest, but
    another version of SOCI may give another one: then every converted image counts as changed once. Layers must be
    compressed with gzip, as BuildKit does unless told otherwise. The build image needs ``python3``, 3.9 or newer, as
    AWS's have.

    appdp cannot know the checksum of a version of yours, and runs nothing unverified: so it must be given.

    Fargate uses it on platform version 1.4.0, from private repositories of ECR. A container that starts sooner may
    still read slowly at first: give its health check time.

    See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html

    Args:
        version: of the SOCI snapshotter, 0.15.0 or newer, without ``v``.
        sha256: architecture → SHA-256 of ``soci-snapshotter-VERSION-linux-ARCHITECTURE-static.tar.gz``; for every
            architecture that is built.
        min_image_mib: images whose layers have less than that, compressed, in MiB, are left as they are. Default: 250,
            as AWS advises.
        min_layer_mib: layers with less than that, compressed, in MiB, are always loaded whole. Default: 10.

    Raises:
        ConfigurationError: a version, checksum or size that cannot be one.
    """

    version: str
    sha256: Mapping[str, str]
    min_image_mib: int = 250
    min_layer_mib: int = 10

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", MappingProxyType(dict(self.sha256)))
        _SOCI.check(self.version, self.sha256)
        if tuple(int(number) for number in self.version.split(".")) < FIRST_VERSION:
            raise ConfigurationError(
                f"Soci(version={self.version!r}): allowed is 0.15.0 or newer, which needs no containerd to convert."
            )
        if self.min_image_mib < 0 or self.min_layer_mib < 0:
            raise ConfigurationError(
                f"Soci(min_image_mib={self.min_image_mib}, min_layer_mib={self.min_layer_mib}): a size is 0 or more."
            )

    def variables(self, architecture: str) -> dict[str, str]:
        """The environment variables of a build that converts.

        Raises:
            ConfigurationError: there is no checksum for the architecture.
        """
        return {
            "APPDP_SOCI_VERSION": self.version,
            "APPDP_SOCI_FILE": SOCI_FILES[architecture],
            "APPDP_SOCI_SHA256": _SOCI.checksum(self.version, self.sha256, architecture),
            "APPDP_SOCI_MIN_IMAGE_BYTES": str(self.min_image_mib * _MIB),
            "APPDP_SOCI_MIN_LAYER_BYTES": str(self.min_layer_mib * _MIB),
        }
