"""The lock's parameter."""

from __future__ import annotations

import pytest

from appdp.model.deployment import Owner
from appdp.model.lock import Lock


@pytest.mark.parametrize("execution", ["arn:execution", None])
def test_a_lock_survives_its_parameter(execution: str | None) -> None:
    owner = Owner(execution=execution, requested_by="arn:me")
    lock = Lock(deployment="d1", owner=owner, renewed_at=2.5)
    assert Lock.from_json(lock.to_json()) == lock
