"""From CloudFormation's properties to the API's parameters.

Both are in the same case and shape; but a template may hold numbers and booleans as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_NUMBERS = frozenset(
    {
        "DurationSeconds",
        "HealthCheckIntervalSeconds",
        "HealthCheckTimeoutSeconds",
        "HealthyThresholdCount",
        "Order",
        "Port",
        "Priority",
        "UnhealthyThresholdCount",
        "Weight",
    }
)
_BOOLEANS = frozenset({"Enabled", "HealthCheckEnabled"})
# A redirect's port is text, since it may be ``#{port}``; an attribute's value is always text.
_TEXTS = frozenset({"Value", "HealthCheckPort", "StatusCode"})


def api_params(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The same properties with the API's types."""
    return {name: _typed(name, value) for name, value in properties.items() if value is not None}


def changed_tags(
    before: Sequence[Mapping[str, str]] | None, after: Sequence[Mapping[str, str]] | None
) -> tuple[list[dict[str, str]], list[str]]:
    """Tags to add or to overwrite, and keys to remove."""
    old = {tag["Key"]: tag["Value"] for tag in before or ()}
    new = {tag["Key"]: tag["Value"] for tag in after or ()}
    added = [{"Key": key, "Value": value} for key, value in new.items() if old.get(key) != value]
    return added, [key for key in old if key not in new]


def _typed(name: str, value: Any) -> Any:  # noqa: ANN401 - a template's value is of any JSON type
    if isinstance(value, Mapping):
        return {
            **api_params(value),
            **({"Port": str(value["Port"])} if name == "RedirectConfig" and "Port" in value else {}),
        }
    if isinstance(value, list):
        return [_typed("", item) if isinstance(item, Mapping | list) else item for item in value]
    if name in _NUMBERS and isinstance(value, str) and value.isdigit():
        return int(value)
    if name in _BOOLEANS and isinstance(value, str):
        return value.lower() == "true"
    if name in _TEXTS and isinstance(value, bool):
        return "true" if value else "false"
    if name in _TEXTS and isinstance(value, int | float):
        return str(value)
    return value
