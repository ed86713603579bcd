"""EventBridge Scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from appdp.aws.errors import translated

if TYPE_CHECKING:
    from appdp.aws.session import Session


class EventBridgeSchedules:
    """Implements :class:`appdp.engine.ports.Schedules`. Needs ``scheduler:GetSchedule``,
    ``scheduler:UpdateSchedule`` and ``iam:PassRole``.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @translated("scheduler")
    def get(self, group: str, name: str) -> dict[str, Any] | None:
        """What GetSchedule answers, or None."""
        scheduler = self._session.scheduler
        try:
            answer: dict[str, Any] = {**scheduler.get_schedule(GroupName=group, Name=name)}
        except scheduler.exceptions.ResourceNotFoundException:
            return None
        answer.pop("ResponseMetadata", None)
        return answer

    @translated("scheduler")
    def update(self, schedule: Mapping[str, Any]) -> None:
        """UpdateSchedule with ``schedule`` as it is, which replaces it whole."""
        self._session.scheduler.update_schedule(**schedule)
