"""Keeps a large state small enough to travel through the state machine, which takes 256 KiB.

A state of 200 services has 400 KB in the worst case, most of it the same ARNs again and again; compressed it has a
tenth of that. Small states stay readable in the Step Functions console.

See: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html (maximum input or output size)
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any, Final

STATE_LIMIT: Final = 262_144
"""Bytes of a state's input or output."""

PACKED_ABOVE: Final = 65_536
"""Bytes of JSON from which on it is packed: a quarter of the limit."""

_PACKED: Final = "packed"
_READABLE: Final = frozenset({"id", "application", "environment", "release", "previous", "phase", "outcome"})
"""What stays readable of a packed state."""


def pack(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same data, compressed if it is large."""
    text = json.dumps(data, separators=(",", ":"))
    if len(text) <= PACKED_ABOVE:
        return dict(data)
    readable = {key: value for key, value in data.items() if key in _READABLE}
    return {**readable, _PACKED: base64.b64encode(zlib.compress(text.encode(), 6)).decode()}


def unpack(data: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of :func:`pack`."""
    if _PACKED not in data:
        return dict(data)
    unpacked: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(data[_PACKED])))
    return unpacked
