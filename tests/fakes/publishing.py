"""A pipeline that publishes, in memory: application ``shop``, images ``web`` and ``api``, environment ``dev``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from appdp.engine.publish import Publication, Step, publish
from appdp.engine.publish.ports import PublishPorts
from appdp.model.handoff import (
    pipeline_parameter,
    release_parameter,
    release_registry_parameter,
    schedule_parameter,
)
from appdp.model.publication import PipelineManifest, Place, PublishedImage, ScanRule
from appdp.model.schedule import ScheduleManifest
from tests.fakes.clock import FakeClock
from tests.fakes.distribution import FakeDistribution, FakeDistributionRegistry
from tests.fakes.elsewhere import FakeElsewhere
from tests.fakes.events import FakeEvents
from tests.fakes.parameters import FakeParameters
from tests.fakes.scans import FakeScans

APPLICATION = "shop"
PIPELINE = "main"
BOTH = ("linux/amd64", "linux/arm64")
HOST = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
CREATED = "2026-11-24T09:30:00+00:00"
BASIC = ScanRule(kind="ecr_basic", severity="HIGH", ignore_unfixed=False, timeout_seconds=600)
ENHANCED = ScanRule(kind="ecr_enhanced", severity="HIGH", ignore_unfixed=True, timeout_seconds=600)


def published_image(name: str, platforms: tuple[str, ...] = BOTH) -> PublishedImage:
    """An image of the application."""
    return PublishedImage(
        registry=HOST,
        repository=f"{APPLICATION}/{name}",
        registry_id="000000000000",
        region="us-east-1",
        platforms=platforms,
    )


class FakePublishing:
    """The ports, the manifest, and what a test does around them."""

    def __init__(
        self,
        *images: str,
        scan: ScanRule | None = None,
        environments: tuple[str, ...] = ("dev",),
        elsewhere: Mapping[str, Place] | None = None,
        distribution: FakeDistribution | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.distribution = distribution or FakeDistribution()
        self.registry = FakeDistributionRegistry(self.distribution)
        self.scans = FakeScans(self.clock)
        self.parameters = FakeParameters(self.clock)
        self.elsewhere = FakeElsewhere()
        self.events = FakeEvents()
        self.manifest = PipelineManifest(
            application=APPLICATION,
            pipeline=PIPELINE,
            images={name: published_image(name) for name in images or ("web", "api")},
            scan=scan,
            environments=environments,
            elsewhere=elsewhere or {},
        )
        self.parameters.put(pipeline_parameter(APPLICATION, PIPELINE), self.manifest.to_json())
        for environment in set(environments) - set(self.manifest.elsewhere):
            self.parameters.put(release_parameter(APPLICATION, environment), "none")

    @property
    def ports(self) -> PublishPorts:
        return PublishPorts(
            distribution=self.distribution,
            scans=self.scans,
            registry=self.registry,
            parameters=self.parameters,
            elsewhere=self.elsewhere,
            events=self.events,
            clock=self.clock,
        )

    def build(self, commit: str, *, attested: bool = True, **contents: str) -> None:
        """What the builds push: each image for each platform. ``contents`` says what is in an image."""
        for name, image in self.manifest.images.items():
            for platform in image.platforms:
                tag = f"{commit}-{platform.rpartition('/')[2]}"
                self.distribution.build(image, tag, platform, content=contents.get(name, commit), attested=attested)

    def begin(self, commit: str) -> Publication:
        """A publication that starts now."""
        return Publication(commit=commit, created=CREATED, source="acme/shop", started_at=self.clock.now())

    def drive(
        self,
        state: Publication,
        ports: PublishPorts | None = None,
        each: Callable[[Step], None] = lambda step: None,
    ) -> Step:
        """Publish to the end; the state goes through its token each time."""
        for _ in range(1000):
            step = publish(state, self.manifest, ports or self.ports)
            each(step)
            if step.done:
                return step
            state = Publication.from_json(step.state.to_json())
            self.clock.sleep(step.wait_seconds)
        raise AssertionError(f"no end: {state}")

    def runs(self, environment: str, release: str) -> None:
        """Let an environment run a release."""
        name, place = release_parameter(APPLICATION, environment), self.manifest.elsewhere.get(environment)
        if place is None:
            self.parameters.put(name, release)
        else:
            self.elsewhere.values.setdefault(place, {})[name] = release

    def schedules(self, environment: str, **images: str) -> None:
        """Let an environment have schedules, each of which runs an image."""
        place = self.manifest.elsewhere.get(environment)
        values = None if place is None else self.elsewhere.values.setdefault(place, {})
        for name, image in images.items():
            schedule = ScheduleManifest(
                name=name, group="g", schedule=name, cluster="arn:c", task_definition="arn:t:1", containers={"c": image}
            )
            parameter = schedule_parameter(APPLICATION, environment, name)
            if values is None:
                self.parameters.put(parameter, schedule.to_json())
            else:
                values[parameter] = schedule.to_json()

    def platform_digest(self, name: str, commit: str, platform: str = BOTH[0]) -> str:
        """Digest of what a release runs on a platform."""
        found = self.registry.resolve("", "", f"{APPLICATION}/{name}", f"{commit}-{platform.rpartition('/')[2]}")
        assert found is not None
        return found.platforms[platform]

    @property
    def registrations(self) -> list[str]:
        """Every value that the record of the latest release had."""
        return [entry.value for entry in self.parameters.history(release_registry_parameter(APPLICATION))]
