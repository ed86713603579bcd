"""EventBridge as a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class FakeEvents:
    """The events that were put."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def put(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        self.sent.append((detail_type, dict(detail)))
