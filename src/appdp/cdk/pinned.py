"""Programs that a build downloads: of one version, and with a checksum that only the user can vouch for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from appdp.errors import ConfigurationError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """A program that is published as one archive for each architecture.

    Args:
        option: how the user writes it, such as ``Scan.trivy``.
        archives: architecture → the archive's name, with ``{version}`` in it.
        published: where the checksums are, after "Trivy publishes them".
    """

    option: str
    archives: Mapping[str, str]
    published: str

    def check(self, version: str, sha256: Mapping[str, str]) -> None:
        """Refuse what cannot be a version, or a checksum.

        Raises:
            ConfigurationError: one of them cannot be one.
        """
        if not _VERSION.fullmatch(version):
            raise ConfigurationError(f"{self.option}(version={version!r}): a version is three numbers, as in 1.2.3.")
        for architecture, checksum in sha256.items():
            if architecture not in self.archives or not _SHA256.fullmatch(checksum):
                raise ConfigurationError(
                    f"{self.option}(sha256={{{str(architecture)!r}: {checksum!r}}}): a checksum is 64 of 0-9 and a-f, "
                    f"for {' or '.join(self.archives)}.",
                    hint=f"They are published {self.published}.",
                )

    def checksum(self, version: str, sha256: Mapping[str, str], architecture: str) -> str:
        """The checksum for one architecture.

        Raises:
            ConfigurationError: there is none.
        """
        if architecture not in sha256:
            raise ConfigurationError(
                f"{self.option}(sha256=…) has no checksum for {architecture}, which is built; it has "
                f"{', '.join(sha256) or 'none'}.",
                hint=f"Add the SHA-256 of {self.archives[architecture].format(version=version)}; it is published "
                f"{self.published}.",
            )
        return sha256[architecture]
