"""Marker and PageSize of the Describe operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from appdp.local.wire import ServiceError

MAX_PAGE_SIZE = 400
"""See: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetGroups.html (PageSize)"""

Item = TypeVar("Item")


def page(
    key: str, items: Sequence[Item], params: Mapping[str, Any], describe: Callable[[Item], dict[str, Any]]
) -> dict[str, Any]:
    """One page of an answer under ``key``, with ``NextMarker`` when there is more."""
    start, size = _start(params.get("Marker")), int(params.get("PageSize") or MAX_PAGE_SIZE)
    if not 1 <= size <= MAX_PAGE_SIZE:
        raise ServiceError("ValidationError", f"Page size '{size}' must be between 1 and {MAX_PAGE_SIZE}")
    answer: dict[str, Any] = {key: [describe(item) for item in items[start : start + size]]}
    if start + size < len(items):
        answer["NextMarker"] = str(start + size)
    return answer


def _start(marker: str | None) -> int:
    if not marker:
        return 0
    if not marker.isdigit():
        raise ServiceError(
            "ValidationError", f"'{marker}' is not a valid marker; use NextMarker of the previous answer"
        )
    return int(marker)
