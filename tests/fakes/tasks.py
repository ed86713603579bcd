"""The port to a fake ECS's tasks."""

from __future__ import annotations

from appdp.engine.live import LiveTask
from tests.fakes.services import FakeServices


class FakeTasks:
    """The tasks of the services of a :class:`FakeServices`."""

    def __init__(self, services: FakeServices) -> None:
        self._services = services

    def of_service(self, cluster: str, service: str, *, stopped: bool) -> tuple[LiveTask, ...]:
        tasks = self._services.services[service].tasks
        return tuple(task.live() for task in tasks if (task.status == "STOPPED") == stopped)
