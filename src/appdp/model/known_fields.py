"""How values are read that another version of appdp may have written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def known_fields(cls: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """What of ``data`` the dataclass ``cls`` has a field for. The rest is of a newer appdp, and is left out."""
    return {key: value for key, value in data.items() if key in cls.__dataclass_fields__}
