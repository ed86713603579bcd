"""Lengths of time as Copilot writes them, which are those of Go: ``90s``, ``1m30s``, or a number of seconds."""

from __future__ import annotations

import re
from typing import Any, Final

from appdp.errors import ConfigurationError

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def to_seconds(value: Any) -> float:  # noqa: ANN401  (whatever YAML holds)
    """The length in seconds.

    Raises:
        ConfigurationError: it is none.
    """
    if isinstance(value, int | float):
        return float(value)
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", str(value))
    if not parts or "".join(number + unit for number, unit in parts) != str(value):
        raise ConfigurationError(f"{value!r} is not a length of time such as 90s or 1m30s.")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
