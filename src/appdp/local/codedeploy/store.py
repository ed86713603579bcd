"""What the embedded CodeDeploy holds: applications, deployment groups, deployment configurations, deployments."""

from __future__ import annotations

import asyncio
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from appdp.local.codedeploy.app_spec import AppSpec
from appdp.local.codedeploy.configs import BUILT_IN, Config
from appdp.local.ecs.names import now
from appdp.local.ecs.store import Service, TaskSet
from appdp.local.wire import Caller, ServiceError

EVENTS = (
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "AllowTestTraffic",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AllowTraffic",
    "AfterAllowTraffic",
)
"""Lifecycle events of a deployment to ECS, in their order.

See: https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-ecs.html
"""

_ID_LETTERS = string.ascii_uppercase + string.digits


def deployment_id() -> str:
    """A deployment's id, such as ``d-A1B2C3D4E``."""
    return "d-" + "".join(secrets.choice(_ID_LETTERS) for _ in range(9))


@dataclass(slots=True, eq=False)
class Revision:
    """What may be deployed: a revision with its content, as it was given."""

    location: Mapping[str, Any]
    description: str = ""
    registered: datetime = field(default_factory=now)
    first_used: datetime | None = None
    last_used: datetime | None = None


@dataclass(slots=True, eq=False)
class Application:
    """An application: a name for deployment groups and revisions."""

    name: str
    caller: Caller
    tags: list[Mapping[str, str]] = field(default_factory=list)
    id: str = field(default_factory=lambda: str(uuid4()))
    created: datetime = field(default_factory=now)
    groups: dict[str, Group] = field(default_factory=dict)
    revisions: dict[str, Revision] = field(default_factory=dict)
    """SHA-256 hash of a revision's content → the revision."""


@dataclass(slots=True, eq=False)
class Group:
    """A deployment group. ``settings`` are the API's own, as given to CreateDeploymentGroup."""

    application: Application
    name: str
    settings: dict[str, Any]
    id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def service(self) -> tuple[str, str]:
        """Cluster and name of the ECS service."""
        told = self.settings["ecsServices"][0]
        return str(told.get("clusterName") or "default"), str(told["serviceName"])

    @property
    def config(self) -> str:
        """Name of its deployment configuration."""
        return str(self.settings["deploymentConfigName"])


@dataclass(slots=True)
class LifecycleEvent:
    """One lifecycle event of a deployment."""

    name: str
    status: str = "Pending"
    started: datetime | None = None
    ended: datetime | None = None
    error: str = ""
    """Why it failed."""
    message: str = ""


@dataclass(slots=True, eq=False)
class Deployment:
    """A deployment to an ECS service. ``settings`` are its group's at the time when it was made."""

    application: str
    group: str
    settings: Mapping[str, Any]
    config: Config
    revision: Mapping[str, Any]
    spec: AppSpec
    caller: Caller
    target_id: str
    """The cluster and the service, as ``cluster:service``."""
    auto_rollback: Mapping[str, Any]
    alarms: Mapping[str, Any]
    previous_revision: Mapping[str, Any] | None = None
    description: str = ""
    creator: str = "user"
    id: str = field(default_factory=deployment_id)
    status: str = "Created"
    created: datetime = field(default_factory=now)
    started: datetime | None = None
    completed: datetime | None = None
    updated: datetime = field(default_factory=now)
    error: tuple[str, str] | None = None
    """An error code and its message."""
    rollback: dict[str, str] = field(default_factory=dict)
    """``rollbackInfo``."""
    events: list[LifecycleEvent] = field(default_factory=lambda: [LifecycleEvent(name) for name in EVENTS])
    service: Service | None = None
    blue: TaskSet | None = None
    green: TaskSet | None = None
    percent: int = 0
    """Production traffic of the replacement task set."""
    waits_for_termination: bool = False
    traffic_may_shift: asyncio.Event = field(default_factory=asyncio.Event)
    blue_may_go: asyncio.Event = field(default_factory=asyncio.Event)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    stop_rolls_back: bool = False

    @property
    def running(self) -> bool:
        """Whether it still does something."""
        return self.completed is None

    def become(self, status: str) -> None:
        """Give it a status."""
        self.status = status
        self.updated = now()

    def finish(self, status: str) -> None:
        """Give it its last status."""
        self.become(status)
        self.completed = self.updated


class Store:
    """Everything, by name or id."""

    def __init__(self) -> None:
        self.applications: dict[str, Application] = {}
        self.configs: dict[str, Config] = dict(BUILT_IN)
        self.deployments: dict[str, Deployment] = {}
        self.hooks: dict[str, asyncio.Future[str]] = {}
        """Id of a running hook → the status that its function reports."""

    def application(self, name: str) -> Application:
        """An application by name; raises :class:`ServiceError`."""
        if not name:
            raise ServiceError("ApplicationNameRequiredException", "Application name is missing")
        if name not in self.applications:
            raise ServiceError("ApplicationDoesNotExistException", f"No application found for name: {name}")
        return self.applications[name]

    def group(self, application: str, name: str) -> Group:
        """A deployment group; raises :class:`ServiceError`."""
        groups = self.application(application).groups
        if not name:
            raise ServiceError("DeploymentGroupNameRequiredException", "Deployment Group name is missing")
        if name not in groups:
            raise ServiceError("DeploymentGroupDoesNotExistException", f"No Deployment Group found for name: {name}")
        return groups[name]

    def config(self, name: str) -> Config:
        """A deployment configuration; raises :class:`ServiceError`."""
        if name not in self.configs:
            message = f"No Deployment Configuration found for name: {name}"
            raise ServiceError("DeploymentConfigDoesNotExistException", message)
        return self.configs[name]

    def deployment(self, name: str) -> Deployment:
        """A deployment by id; raises :class:`ServiceError`."""
        if not name:
            raise ServiceError("DeploymentIdRequiredException", "Deployment ID is missing")
        if name not in self.deployments:
            message = f"The deployment {name} could not be found"
            raise ServiceError("DeploymentDoesNotExistException", message)
        return self.deployments[name]

    def of_group(self, application: str, group: str) -> list[Deployment]:
        """A group's deployments, newest first."""
        return [
            found
            for found in reversed(self.deployments.values())
            if (found.application, found.group) == (application, group)
        ]
