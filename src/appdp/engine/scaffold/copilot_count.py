"""``count``: how many tasks, on what, and how their number follows the load.

See: https://aws.github.io/copilot-cli/docs/manifest/lb-web-service/#count
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appdp.engine.scaffold.code import call
from appdp.engine.scaffold.program import Source

_TARGETS = {"cpu_percentage": "cpu_percent", "memory_percentage": "memory_percent", "requests": "requests_per_target"}


def read_count(count: Any, notes: list[str], *, shifts: bool) -> dict[str, Source]:  # noqa: ANN401  (whatever stands there)
    """``desired_count``, or ``scaling``, and ``capacity``.

    Args:
        count: what the manifest says.
        notes: takes what cannot be carried over.
        shifts: whether the service is blue/green, which cannot scale on requests.
    """
    if count is None:
        return {}
    if not isinstance(count, Mapping):
        return _fixed(int(count), notes)
    known = {"range", "spot", *_TARGETS}
    notes += [f"count.{key} = {value}" for key, value in count.items() if key not in known]
    if count.get("range") is not None:
        return _scaled(count, notes, shifts=shifts)
    if count.get("spot") is not None:
        return {**_fixed(int(count["spot"]), notes), "capacity": "Capacity.spot()"}
    return {}


def _fixed(count: int, notes: list[str]) -> dict[str, Source]:
    if count < 1:
        notes.append(f"count = {count}: a service has at least 1 task")
    return {"desired_count": str(max(1, count))}


def _scaled(count: Mapping[str, Any], notes: list[str], *, shifts: bool) -> dict[str, Source]:
    bounds, found = count["range"], {}
    if isinstance(bounds, Mapping):
        least, most = int(bounds.get("min", 1)), int(bounds.get("max", 1))
        if (spot := bounds.get("spot_from")) is not None:
            base = {"base": str(int(spot) - 1)} if int(spot) > 1 else None
            found["capacity"] = call("Capacity.mix", (), base) if base else "Capacity.spot()"
    else:
        least, most = (int(part) for part in str(bounds).split("-"))
    if least < 1:
        notes.append(f"count.range from {least}: a service has at least 1 task")
    scaling: dict[str, Source] = {"min": str(max(1, least)), "max": str(max(1, most))}
    for theirs, ours in _TARGETS.items():
        value = count.get(theirs)
        if isinstance(value, Mapping):
            notes += [f"count.{theirs}.{key} = {item}" for key, item in value.items() if key != "value"]
            value = value.get("value")
        if value is None:
            continue
        if theirs == "requests" and shifts:
            notes.append(f"count.requests = {value}: blue/green services cannot scale on it")
        else:
            scaling[ours] = str(int(value))
    if len(scaling) == 2:
        notes.append("what count.range scales on: the average CPU use is held at 60 percent instead")
    return {**found, "scaling": call("Scaling", (), scaling)}
