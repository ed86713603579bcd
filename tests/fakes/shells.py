"""The port to a fake ECS's sessions in tasks."""

from __future__ import annotations

from dataclasses import dataclass, field

from appdp.engine.shells import Shell, ShellTask
from tests.fakes.cluster import Task
from tests.fakes.services import FakeServices


@dataclass
class FakeShells:
    """Sessions in the tasks of a :class:`FakeServices`.

    Args:
        enabled: whether the tasks were started for it.
        agent: the agents' status and reason, in every container; None where there is none.
        opened: (task id, container, command) of every session.
    """

    services: FakeServices
    enabled: bool = True
    agent: tuple[str, str] | None = ("RUNNING", "")
    opened: list[tuple[str, str, str]] = field(default_factory=list)

    def tasks(self, cluster: str, service: str) -> tuple[ShellTask, ...]:
        return tuple(self._task(task) for task in self.services.services[service].tasks if task.status != "STOPPED")

    def open(self, cluster: str, task: str, container: str, command: str) -> Shell:
        self.opened.append((task.rpartition("/")[2], container, command))
        session = {"sessionId": "s1", "streamUrl": "wss://127.0.0.1:1/s1", "tokenValue": "secret"}
        return Shell(session=session, region="us-east-1", endpoint="http://127.0.0.1:1")

    def _task(self, task: Task) -> ShellTask:
        names = tuple(task.revision.digests)
        return ShellTask(
            arn=task.arn,
            task_definition=task.revision.task_definition,
            status=task.status,
            started_at=task.started_at or 0.0,
            enabled=self.enabled,
            agents=dict.fromkeys(names, self.agent or ("", "")),
            runtimes={name: f"runtime-of-{name}" for name in names},
        )
