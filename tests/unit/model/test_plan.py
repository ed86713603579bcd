"""A plan says whether it changes anything."""

from __future__ import annotations

import json

import pytest

from appdp.model.environment import StrategyKind
from appdp.model.plan import Plan, ServicePlan


def plan(previous: str | None, *, changes: bool) -> Plan:
    service = ServicePlan(
        name="web", strategy=StrategyKind.ROLLING, changes=changes, reason="r", running={}, wanted={"web": "sha256:0"}
    )
    return Plan(application="shop", environment="dev", release="r1", previous=previous, services=(service,))


@pytest.mark.parametrize(
    ("previous", "service", "changes"),
    [("r1", False, False), ("r1", True, True), ("r0", False, True), (None, True, True)],
)
def test_a_plan_changes_something(previous: str | None, service: bool, changes: bool) -> None:
    assert plan(previous, changes=service).changes is changes
    assert json.loads(json.dumps(plan(previous, changes=service).to_dict()))["changes"] is changes
