"""A whole fake account: the example application ``shop`` in environment ``dev``, with its ports."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from appdp.engine.ports import Ports
from appdp.model.environment import DeployerManifest, ImageRepository, ServiceManifest, StrategyKind
from appdp.model.handoff import (
    SENTINEL,
    deployer_parameter,
    environment_tag,
    job_parameter,
    release_parameter,
    schedule_parameter,
    service_parameter,
)
from appdp.model.job import JobManifest, JobRun, OnRollback
from appdp.model.schedule import ScheduleManifest
from tests.fakes.alarms import FakeAlarms
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import Service, Shift
from tests.fakes.codedeploy import group_name
from tests.fakes.events import FakeEvents
from tests.fakes.gate_hook import GateHook
from tests.fakes.jobs import FakeJobs
from tests.fakes.logs import FakeLogs
from tests.fakes.owners import FakeOwners
from tests.fakes.parameters import FakeParameters
from tests.fakes.registry import BOTH, Behaviour, FakeRegistry
from tests.fakes.rollouts import Rollouts
from tests.fakes.schedules import GROUP, FakeSchedules
from tests.fakes.services import FakeServices
from tests.fakes.targets import FakeTargets
from tests.fakes.task_definitions import ACCOUNT, FakeTaskDefinitions
from tests.fakes.tasks import FakeTasks

APPLICATION = "shop"
ENVIRONMENT = "dev"
REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
CLUSTER = f"{ACCOUNT}:cluster/shop"
SHOP_WITH_CODEDEPLOY = {
    "api": StrategyKind.CODEDEPLOY,
    "storefront": StrategyKind.BLUE_GREEN,
    "worker": StrategyKind.ROLLING,
}
SHOP = {"api": StrategyKind.BLUE_GREEN, "storefront": StrategyKind.BLUE_GREEN, "worker": StrategyKind.ROLLING}


_WORDS = {
    StrategyKind.ROLLING: "ROLLING",
    StrategyKind.BLUE_GREEN: "BLUE_GREEN",
    StrategyKind.CANARY: "CANARY",
    StrategyKind.LINEAR: "LINEAR",
    StrategyKind.CODEDEPLOY: "BLUE_GREEN",
}
"""Strategy → ECS's word for it."""


class FakeAws:
    """Everything that the engine touches, and what CloudFormation would have made before it comes.

    Args:
        services: service name → strategy; each has an image of its own name, and a sidecar that is somebody else's.
    """

    def __init__(self, services: dict[str, StrategyKind] | None = None) -> None:
        self.clock = FakeClock()
        self.parameters = FakeParameters(self.clock)
        self.registry = FakeRegistry()
        self.definitions = FakeTaskDefinitions()
        self.logs = FakeLogs()
        self.alarms = FakeAlarms()
        self.schedules = FakeSchedules()
        self.events = FakeEvents()
        self.owners = FakeOwners(self.clock)
        self.rollouts = Rollouts(GateHook(self.parameters, APPLICATION, ENVIRONMENT), self.logs)
        self.services = FakeServices(self.clock, self.definitions, self.registry, self.rollouts)
        self.jobs = FakeJobs(self.clock, self.definitions, self.logs)
        self.ports = Ports(
            services=self.services,
            task_definitions=self.definitions,
            tasks=FakeTasks(self.services),
            jobs=self.jobs,
            targets=FakeTargets(self.services),
            alarms=self.alarms,
            logs=self.logs,
            registry=self.registry,
            schedules=self.schedules,
            parameters=self.parameters,
            events=self.events,
            owners=self.owners,
            clock=self.clock,
        )
        self.registry.push("mirror/sidecar", "1")
        self._deploy_stacks(SHOP if services is None else services)

    def _deploy_stacks(self, services: dict[str, StrategyKind]) -> None:
        images = {name: repository(name) for name in services}
        deployer = DeployerManifest(
            application=APPLICATION,
            environment=ENVIRONMENT,
            state_machine="arn:aws:states:us-east-1:000000000000:stateMachine:appdp-shop-dev",
            images=images,
        )
        self.parameters.put(deployer_parameter(APPLICATION, ENVIRONMENT), deployer.to_json())
        self.parameters.put(release_parameter(APPLICATION, ENVIRONMENT), SENTINEL)
        for name, strategy in services.items():
            self._add(name, strategy)

    def _add(self, name: str, strategy: StrategyKind) -> None:
        arn = self.definitions.add(definition(name))
        count = 0 if strategy is StrategyKind.ROLLING else 2
        groups = tuple(f"arn:tg/{name}-{color}" for color in ("blue", "green")[:count])
        word = _WORDS[strategy]
        service = self.services.add(name, cluster=CLUSTER, strategy=word, task_definition=arn, target_groups=groups)
        if strategy is StrategyKind.CODEDEPLOY:
            service.controller = "CODE_DEPLOY"
        manifest = ServiceManifest(
            name=name,
            cluster=CLUSTER,
            service=service.arn,
            task_definition=arn,
            containers={name: name},
            strategy=strategy,
            desired_count=2,
            target_groups=groups,
            deployment_group=group_name(name) if strategy is StrategyKind.CODEDEPLOY else None,
        )
        self.write_manifest(manifest)

    def add_schedule(self, name: str, *, image: str | None = None) -> None:
        """What a schedule's stack makes, and again when it is deployed later; an image that is new is added."""
        image = image or name
        path = deployer_parameter(APPLICATION, ENVIRONMENT)
        deployer = DeployerManifest.from_json(self.parameters.values[path])
        images = {**deployer.images, image: repository(image)}
        self.parameters.put(path, replace(deployer, images=images).to_json())
        arn = self.definitions.add(definition(name, image=image))
        self.schedules.add(name, cluster=CLUSTER, task_definition=arn, enabled=self.release != SENTINEL)
        manifest = ScheduleManifest(
            name=name, group=GROUP, schedule=name, cluster=CLUSTER, task_definition=arn, containers={name: image}
        )
        self.parameters.put(schedule_parameter(APPLICATION, ENVIRONMENT, name), manifest.to_json())

    def scheduled(self, name: str) -> ScheduleManifest:
        """A schedule's manifest."""
        return ScheduleManifest.from_json(self.parameters.values[schedule_parameter(APPLICATION, ENVIRONMENT, name)])

    def would_run(self, name: str) -> str | None:
        """The digest that a schedule's next task runs, or None while it is off."""
        reference = self.definitions.images(self.schedules.target(name))[name]
        return self.registry.pull(reference) if self.schedules.enabled(name) else None

    def add_job(
        self,
        name: str,
        *,
        image: str = "api",
        run: JobRun = JobRun.BEFORE_TRAFFIC,
        order: int = 0,
        timeout_seconds: int = 600,
        on_rollback: OnRollback = OnRollback.SKIP,
    ) -> JobManifest:
        """What a stack with a job makes."""
        made = definition(name)
        made["containerDefinitions"][0] |= {"name": "main", "image": f"{REGISTRY}/{APPLICATION}/{image}:env-dev"}
        job = JobManifest(
            name=name,
            cluster=CLUSTER,
            task_definition=self.definitions.add(made),
            containers={"main": image},
            network={"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "DISABLED"}},
            deciding_container="main",
            timeout_seconds=timeout_seconds,
            run=run,
            order=order,
            on_rollback=on_rollback,
        )
        self.parameters.put(job_parameter(APPLICATION, ENVIRONMENT, name), job.to_json())
        return job

    def write_manifest(self, manifest: ServiceManifest) -> None:
        """What a service's stack writes."""
        self.parameters.put(service_parameter(APPLICATION, ENVIRONMENT, manifest.name), manifest.to_json())

    def manifest(self, name: str) -> ServiceManifest:
        """A service's manifest."""
        return ServiceManifest.from_json(self.parameters.values[service_parameter(APPLICATION, ENVIRONMENT, name)])

    def service(self, name: str) -> Service:
        """A service by its short name."""
        return next(service for service in self.services.services.values() if service.name == name)

    def publish(
        self,
        release: str,
        *,
        same: dict[str, str] | None = None,
        broken: dict[str, Behaviour] | None = None,
        only: tuple[str, ...] | None = None,
        platforms: tuple[str, ...] = BOTH,
    ) -> None:
        """Push a release's images.

        Args:
            same: image → the release whose content it has.
            broken: image → how it behaves.
            only: the images that are pushed. Default: all.
        """
        for name in self.images if only is None else only:
            self.registry.push(
                f"{APPLICATION}/{name}",
                release,
                content=(same or {}).get(name, release),
                platforms=platforms,
                behaviour=(broken or {}).get(name, Behaviour.RUNS),
            )

    def standing_at(self, release: str) -> None:
        """Bring the environment to a published release, as its first release would have left it."""
        for name in self.images:
            digest = self.registry.tag(f"{APPLICATION}/{name}", release) or ""
            self.registry.move_tag("", "", f"{APPLICATION}/{name}", digest=digest, tag=environment_tag(ENVIRONMENT))
        for service in self.services.services.values():
            group = group_name(service.name) if service.controller == "CODE_DEPLOY" else None
            self.services.update(
                service.cluster,
                service.arn,
                task_definition=service.task_definition,
                desired_count=2,
                force=True,
                group=group,
            )
            service.rollouts[-1].continued = True
        self.clock.sleep(60)
        self.parameters.put(release_parameter(APPLICATION, ENVIRONMENT), release)
        for schedule in self.schedules.stored.values():
            schedule["State"] = "ENABLED"
        self.shifts.clear()
        for service in self.services.services.values():
            service.count_writes.clear()

    @property
    def images(self) -> tuple[str, ...]:
        """The names of the application's images."""
        text = self.parameters.values[deployer_parameter(APPLICATION, ENVIRONMENT)]
        return tuple(sorted(DeployerManifest.from_json(text).images))

    @property
    def release(self) -> str:
        """The release parameter."""
        return self.parameters.values[release_parameter(APPLICATION, ENVIRONMENT)]

    @property
    def shifts(self) -> list[Shift]:
        """Every shift of production traffic, oldest first."""
        return self.rollouts.shifts

    def runs(self, name: str) -> str | None:
        """The digest of a service's image that has production traffic, or None at zero."""
        service = self.service(name)
        return service.production.digests.get(name) if service.production and service.desired_count else None

    def digest(self, image: str, release: str) -> str | None:
        """The digest of a release's image."""
        return self.registry.tag(f"{APPLICATION}/{image}", release)


def repository(image: str) -> ImageRepository:
    """Where an image lives."""
    return ImageRepository(
        registry=REGISTRY, repository=f"{APPLICATION}/{image}", registry_id="000000000000", region="us-east-1"
    )


def definition(name: str, image: str | None = None) -> dict[str, Any]:
    """A task definition as CloudFormation registers it: the application's container and a sidecar."""
    logging = {
        "logDriver": "awslogs",
        "options": {"awslogs-group": "/appdp/shop/dev", "awslogs-region": "us-east-1", "awslogs-stream-prefix": name},
    }
    reference = f"{REGISTRY}/{APPLICATION}/{image or name}:{environment_tag(ENVIRONMENT)}"
    return {
        "family": f"shop-dev-{name}",
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "requiresCompatibilities": ["FARGATE"],
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "containerDefinitions": [
            {"name": name, "image": reference, "essential": True, "logConfiguration": logging},
            {"name": "sidecar", "image": f"{REGISTRY}/mirror/sidecar:1", "essential": False},
        ],
        "tags": [{"key": "aws:cloudformation:stack-name", "value": "shop-dev"}, {"key": "team", "value": "shop"}],
    }
