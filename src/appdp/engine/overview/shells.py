"""Where a command is to run: which task of a service, and which of its containers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from appdp.engine.deploy.manifests import read_all, read_deployer
from appdp.engine.live import DeploymentStatus, LiveService
from appdp.engine.ports import Ports
from appdp.engine.shells import Shells, ShellTask
from appdp.errors import ConfigurationError, NotFound, Refused
from appdp.model.environment import ServiceManifest
from appdp.model.handoff import services_path

DOCUMENTATION: Final = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html"

_RUNNING: Final = "RUNNING"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellPlace:
    """A container that takes a command."""

    cluster: str
    task: ShellTask
    container: str

    @property
    def target(self) -> str:
        """The container as Session Manager names it."""
        cluster = self.cluster.rpartition("/")[2]
        return f"ecs:{cluster}_{self.task.id}_{self.task.runtimes.get(self.container, '')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellWish:
    """What was asked for: a service, and maybe which task (its id, the beginning of it, or its ARN) and container."""

    service: str
    task: str | None = None
    container: str | None = None


def shell_place(application: str, environment: str, wish: ShellWish, ports: Ports, shells: Shells) -> ShellPlace:
    """The newest running task of the released revision, or the one that was asked for. Reads only.

    Raises:
        NotFound: no such environment, service, task or container; lists those that there are.
        ConfigurationError: the service has several containers of the application, or several tasks begin like that.
        Refused: no task runs, or it takes no commands.
    """
    manifest = _manifest(application, environment, wish.service, ports)
    live = ports.services.describe([(manifest.cluster, manifest.service)]).get(manifest.service)
    if live is None:
        raise Refused(f"Service {manifest.name!r} does not exist any more.", hint="Deploy its stack again.")
    running = [task for task in shells.tasks(manifest.cluster, manifest.service) if task.status == _RUNNING]
    if not running:
        raise Refused(f"No task of service {manifest.name!r} is running.", hint=f"See: appdp status {environment}.")
    task = _newest(running, _released(live, ports)) if wish.task is None else _named(running, wish.task)
    container = _container(manifest, task, wish.container)
    _check(manifest.name, task, container)
    return ShellPlace(cluster=manifest.cluster, task=task, container=container)


def _manifest(application: str, environment: str, service: str, ports: Ports) -> ServiceManifest:
    read_deployer(application, environment, ports)
    found = read_all(services_path(application, environment), ServiceManifest.from_json, ports)
    manifests = {one.name: one for one in found}
    if service not in manifests:
        raise NotFound("service", service, tuple(sorted(manifests)))
    return manifests[service]


def _released(live: LiveService, ports: Ports) -> str:
    """The task definition that has the traffic: while a deployment is under way, the service names the next one."""
    for one in ports.services.newest_deployments(live.cluster, live.arn):
        if one.status is DeploymentStatus.SUCCESSFUL and one.target_revision:
            revision = ports.services.revisions([one.target_revision]).get(one.target_revision)
            if revision is not None:
                return revision.task_definition
    return live.task_definition


def _newest(running: Sequence[ShellTask], released: str) -> ShellTask:
    found = [task for task in running if task.task_definition == released]
    if not found:
        raise Refused(
            f"No task of {released.rpartition('/')[2]}, which is released, is running; those that run are "
            f"{', '.join(_described(task) for task in running)}.",
            hint="Wait for the deployment to end, or name one of them with --task.",
        )
    return max(found, key=lambda task: task.started_at)


def _described(task: ShellTask) -> str:
    return f"{task.id} ({task.task_definition.rpartition('/')[2]})"


def _named(running: Sequence[ShellTask], name: str) -> ShellTask:
    found = [task for task in running if name in (task.id, task.arn)]
    found = found or [task for task in running if task.id.startswith(name)]
    if len(found) > 1:
        raise ConfigurationError(
            f"Several running tasks begin with {name!r}: {', '.join(task.id for task in found)}.",
            hint="Give more of the id.",
        )
    if not found:
        raise NotFound("running task", name, tuple(sorted(task.id for task in running)))
    return found[0]


def _container(manifest: ServiceManifest, task: ShellTask, wanted: str | None) -> str:
    if wanted is None and len(manifest.containers) > 1:
        raise ConfigurationError(
            f"Service {manifest.name!r} has several containers of the application: "
            f"{', '.join(sorted(manifest.containers))}.",
            hint="Choose one with --container.",
        )
    name = wanted if wanted is not None else next(iter(manifest.containers))
    if name not in task.agents:
        raise NotFound("container", name, tuple(sorted(task.agents)))
    return name


def _check(service: str, task: ShellTask, container: str) -> None:
    if not task.enabled:
        raise Refused(
            f"Task {task.id} of service {service!r} was started without ECS Exec.",
            hint="Give the service enable_execute_command=True and run 'cdk deploy', which starts new tasks: those "
            f"that run cannot be changed. See {DOCUMENTATION}.",
        )
    status, reason = task.agents[container]
    if status == "PENDING":
        raise Refused(
            f"The ExecuteCommandAgent in container {container!r} of task {task.id} is starting.",
            hint="Run the same command again in a few seconds.",
        )
    if status != _RUNNING:
        what = f"is {status}{f' ({reason})' if reason else ''}" if status else "is not there"
        raise Refused(
            f"The ExecuteCommandAgent in container {container!r} of task {task.id} {what}.",
            hint="It needs the ssmmessages actions on the task's role (enable_execute_command=True gives them), a way "
            f"to Session Manager from the task's subnets, and a file system that it may write. See {DOCUMENTATION}.",
        )
