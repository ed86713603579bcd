"""Many ARNs in little space: short hashes that tell whether an ARN is one of them.

A gate names every revision of a deployment in one parameter of 4,096 characters, because it must open for all of them
in one write. The ARNs of about 40 revisions fit; of more, their fingerprints do. Two ARNs share one with a probability
of 2⁻⁴⁸; then a deployment that is not ours would wait at the gate until it is gone, and no longer.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterator
from typing import Final

WIDTH: Final = 8
"""Characters of a fingerprint; each stands for 6 bits."""


def fingerprint(text: str) -> str:
    """The fingerprint of one ARN."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[: WIDTH * 6 // 8]).decode()


class Fingerprints(Collection[str]):
    """A collection that knows its members by their fingerprints: ``arn in Fingerprints(…)``.

    Args:
        joined: the fingerprints, one after the other.
    """

    def __init__(self, joined: str) -> None:
        self.joined = joined
        self._all = frozenset(joined[start : start + WIDTH] for start in range(0, len(joined), WIDTH))

    @classmethod
    def of(cls, texts: Collection[str]) -> Fingerprints:
        """The fingerprints of these."""
        return cls("".join(fingerprint(text) for text in texts))

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and fingerprint(text) in self._all

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._all))

    def __len__(self) -> int:
        return len(self._all)
