"""What the checks look at: an environment, and what runs tasks in it. Everything is read when it is first asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Protocol

from appdp.engine.deploy.manifests import UsesImages
from appdp.engine.ports import Ports
from appdp.engine.verify.check import Skip
from appdp.engine.verify.memo import Memo
from appdp.engine.verify.ports import Facts, Item
from appdp.errors import RemoteError
from appdp.model.environment import DeployerManifest, ServiceManifest
from appdp.model.job import JobManifest
from appdp.model.schedule import ScheduleManifest

NO_DEFINITION: Final = frozenset({"ClientException", "InvalidParameterException"})
"""What DescribeTaskDefinition answers where there is none.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTaskDefinition.html
"""


class RunsTasks(UsesImages, Protocol):
    """What a service's, a job's and a schedule's manifest have in common."""

    @property
    def cluster(self) -> str:
        """ARN of the ECS cluster."""

    @property
    def task_definition(self) -> str:
        """ARN, with revision, of the task definition that CloudFormation registered last."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """An environment.

    Args:
        manifests: of its services.
        jobs: its jobs, those too that only ``appdp run`` runs.
        schedules: its schedules.
        release: the release that is looked at: the one that was named, or the recorded one, or None before the first.
        recorded: the recorded release, or None before the first one.
        services: ARN → service, as ECS describes it.
    """

    deployer: DeployerManifest
    manifests: tuple[ServiceManifest, ...]
    jobs: tuple[JobManifest, ...]
    schedules: tuple[ScheduleManifest, ...]
    release: str | None
    recorded: str | None
    services: Mapping[str, Item]
    ports: Ports
    facts: Facts
    memo: Memo = field(default_factory=Memo)

    @property
    def service_subjects(self) -> tuple[ServiceSubject, ...]:
        """Its services."""
        return tuple(ServiceSubject(scene=self, manifest=manifest) for manifest in self.manifests)

    @property
    def schedule_subjects(self) -> tuple[ScheduleSubject, ...]:
        """Its schedules."""
        return tuple(ScheduleSubject(scene=self, manifest=manifest) for manifest in self.schedules)

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Everything that runs tasks: services, jobs and schedules."""
        jobs = tuple(JobSubject(scene=self, manifest=manifest) for manifest in self.jobs)
        return (*self.service_subjects, *jobs, *self.schedule_subjects)


@dataclass(frozen=True, kw_only=True)
class Subject(ABC):
    """Something of an environment that runs tasks."""

    kind: ClassVar[str]
    """What people call it."""
    scene: Scene
    manifest: RunsTasks

    @property
    def facts(self) -> Facts:
        """What AWS is asked through."""
        return self.scene.facts

    @property
    def memo(self) -> Memo:
        """What AWS answered already."""
        return self.scene.memo

    @property
    def region(self) -> str:
        """Where its tasks run."""
        return self.manifest.cluster.split(":")[3]

    @property
    def definition(self) -> dict[str, Any]:
        """The task definition that a deployment of the release is a copy of.

        Raises:
            Skip: it does not exist.
        """
        try:
            return self.memo.ask(self.scene.ports.task_definitions.read, self.manifest.task_definition)
        except RemoteError as error:
            if error.code not in NO_DEFINITION:
                raise
            raise Skip("the task definition does not exist") from error

    @property
    def containers(self) -> list[dict[str, Any]]:
        """The containers of the task definition."""
        return list(self.definition.get("containerDefinitions", ()))

    @property
    @abstractmethod
    def network(self) -> dict[str, Any]:
        """The ``awsvpcConfiguration`` of its tasks, with the names of ECS's API; empty where there is none."""


@dataclass(frozen=True, kw_only=True)
class ServiceSubject(Subject):
    """One service."""

    kind = "service"
    manifest: ServiceManifest

    @property
    def live(self) -> Item:
        """The service as ECS describes it.

        Raises:
            Skip: it is gone.
        """
        found = self.scene.services.get(self.manifest.service)
        if found is None or found.get("status") == "INACTIVE":
            raise Skip("the service does not exist")
        return found

    @property
    def network(self) -> dict[str, Any]:
        """As ECS describes the service."""
        return awsvpc(self.live.get("networkConfiguration"))

    @property
    def configuration(self) -> Item:
        """The service's ``deploymentConfiguration``."""
        return dict(self.live.get("deploymentConfiguration") or {})

    @property
    def shifts(self) -> bool:
        """Whether the live service moves traffic from one target group to another."""
        return bool(self.configuration.get("strategy", "ROLLING") != "ROLLING")

    @property
    def changing(self) -> bool:
        """Whether ECS is deploying the service."""
        newest_deployments = self.scene.ports.services.newest_deployments
        newest = self.memo.ask(newest_deployments, self.manifest.cluster, self.manifest.service, 1)
        return any(not one.status.ended for one in newest)


@dataclass(frozen=True, kw_only=True)
class JobSubject(Subject):
    """One job."""

    kind = "job"
    manifest: JobManifest

    @property
    def network(self) -> dict[str, Any]:
        """What RunTask is sent."""
        return awsvpc(self.manifest.network)


@dataclass(frozen=True, kw_only=True)
class ScheduleSubject(Subject):
    """One schedule."""

    kind = "schedule"
    manifest: ScheduleManifest

    @property
    def live(self) -> Item:
        """What GetSchedule answers.

        Raises:
            Skip: there is no such schedule.
        """
        found = self.memo.ask(self.scene.ports.schedules.get, self.manifest.group, self.manifest.schedule)
        if found is None:
            raise Skip("the schedule does not exist")
        return found

    @property
    def network(self) -> dict[str, Any]:
        """What EventBridge Scheduler sends; its API begins the same names with a capital letter.

        See: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_AwsVpcConfiguration.html
        """
        found = awsvpc((self.live["Target"].get("EcsParameters") or {}).get("NetworkConfiguration"))
        return {f"{name[0].lower()}{name[1:]}": value for name, value in found.items()}


def awsvpc(network: Item | None) -> dict[str, Any]:
    """The ``awsvpcConfiguration`` of a network configuration; empty where there is none."""
    return dict((network or {}).get("awsvpcConfiguration") or {})
