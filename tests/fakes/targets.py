"""The port to fake target groups: the tasks of a service are their targets."""

from __future__ import annotations

from appdp.engine.live import TargetHealth
from tests.fakes.services import FakeServices

_DESCRIPTIONS = {"unhealthy": "Health checks failed with these codes: [503]"}


class FakeTargets:
    """Target health as the tasks of a :class:`FakeServices` have it."""

    def __init__(self, services: FakeServices) -> None:
        self._services = services

    def health(self, target_group: str) -> tuple[TargetHealth, ...]:
        owners = [one for one in self._services.services.values() if target_group in one.target_groups[:1]]
        return tuple(
            TargetHealth(
                address=task.address,
                port=80,
                state=task.target,
                reason="Target.ResponseCodeMismatch" if task.target == "unhealthy" else "",
                description=_DESCRIPTIONS.get(task.target, ""),
            )
            for owner in owners
            for task in owner.tasks
            if task.status == "RUNNING"
        )
