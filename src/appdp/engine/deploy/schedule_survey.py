"""Look at an environment's schedules before a deployment: what each one runs, and whether the release can run there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from appdp.engine.deploy.clone import container_names
from appdp.engine.deploy.content import Contents, platform_of
from appdp.engine.deploy.manifests import check_images, read_all
from appdp.engine.ports import Ports
from appdp.errors import Refused
from appdp.model.environment import DeployerManifest, ImageRepository
from appdp.model.handoff import schedules_path
from appdp.model.schedule import ScheduleManifest, SchedulePlan
from appdp.model.schedule_state import ScheduleProgress, ScheduleState

ENABLED: Final = "ENABLED"
DISABLED: Final = "DISABLED"
"""See: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html (State)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenSchedule:
    """One schedule as it stands.

    Args:
        manifest: what the constructs say of it.
        live: what EventBridge Scheduler says of it, as GetSchedule answered.
        definition: the manifest's task definition, raw.
        running: container name → digest that its next task would run; ones that are not known are left out.
    """

    manifest: ScheduleManifest
    live: Mapping[str, Any]
    definition: Mapping[str, Any]
    running: Mapping[str, str]

    @property
    def target(self) -> str:
        """ARN of the task definition that it runs."""
        return target_of(self.live)

    @property
    def enabled(self) -> bool:
        """Whether it runs anything at all."""
        return bool(self.live.get("State") == ENABLED)

    @property
    def platform(self) -> str:
        """The platform that it runs on."""
        return platform_of(self.definition)


def target_of(live: Mapping[str, Any]) -> str:
    """ARN of the task definition that a schedule runs."""
    return str(live["Target"].get("EcsParameters", {}).get("TaskDefinitionArn", ""))


def read_schedules(
    application: str, environment: str, deployer: DeployerManifest, ports: Ports
) -> tuple[ScheduleManifest, ...]:
    """The environment's schedules, by name.

    Raises:
        Refused: they use images that the deployer does not know.
    """
    manifests = read_all(schedules_path(application, environment), ScheduleManifest.from_json, ports)
    check_images("schedule", manifests, deployer)
    return manifests


def look_at_schedules(
    manifests: tuple[ScheduleManifest, ...], deployer: DeployerManifest, contents: Contents, ports: Ports
) -> tuple[SeenSchedule, ...]:
    """The schedules as they stand.

    Raises:
        Refused: one is gone although its parameter is there.
    """
    live = {one.name: ports.schedules.get(one.group, one.schedule) for one in manifests}
    gone = [one for one in manifests if live[one.name] is None]
    if gone:
        raise Refused(
            "\n".join(f"Schedule {one.name!r} ({one.group}/{one.schedule}) does not exist any more." for one in gone),
            hint="Deploy its stack again, or delete its parameter if the schedule is not wanted any more.",
        )
    return tuple(look_at(one, live[one.name] or {}, deployer, contents, ports) for one in manifests)


def look_at(
    manifest: ScheduleManifest, live: Mapping[str, Any], deployer: DeployerManifest, contents: Contents, ports: Ports
) -> SeenSchedule:
    """One schedule as it stands."""
    definition = ports.task_definitions.read(manifest.task_definition)
    target = target_of(live)
    runs = definition if target == manifest.task_definition else ports.task_definitions.read(target)
    references = {container["name"]: str(container["image"]) for container in runs["containerDefinitions"]}
    running = {
        container: digest
        for container, image in manifest.containers.items()
        if (digest := _digest(references.get(container, ""), image, deployer.images[image], contents))
    }
    return SeenSchedule(manifest=manifest, live=live, definition=definition, running=running)


def plan_schedule(
    schedule: SeenSchedule, release: str, previous: str | None, digests: Mapping[str, str], contents: Contents
) -> SchedulePlan:
    """What a deployment of a release would change in one schedule, and why."""
    containers = schedule.manifest.containers
    wanted = {image: digests[image] for image in containers.values()}
    different = sorted({image for name, image in containers.items() if not _same(schedule, name, wanted, contents)})
    reason = f"{', '.join(different)} changed" if different else f"it already runs the images of {release}"
    if previous is None:
        reason = "the first release switches it on" if schedule.manifest.enabled else "the first release points it"
    return SchedulePlan(
        name=schedule.manifest.name,
        changes=previous is None or bool(different),
        reason=reason,
        running={image: schedule.running[name] for name, image in containers.items() if name in schedule.running},
        wanted=wanted,
    )


def starting_schedule(
    schedule: SeenSchedule, release: str, previous: str | None, digests: Mapping[str, str], contents: Contents
) -> ScheduleState:
    """One schedule at the beginning of a deployment, with the way back.

    It leads to CloudFormation's own revision, which names the environment's tag, where the schedule does not run the
    recorded release because a deployment died on it.
    """
    changes = plan_schedule(schedule, release, previous, digests, contents).changes
    manifest = schedule.manifest
    right = previous is not None and runs_release(schedule, previous, contents)
    return ScheduleState(
        name=manifest.name,
        group=manifest.group,
        schedule=manifest.schedule,
        found=schedule.target,
        previous=schedule.target if right else manifest.task_definition,
        first=previous is None,
        progress=ScheduleProgress.WAITING if changes else ScheduleProgress.UNCHANGED,
    )


def runs_release(schedule: SeenSchedule, release: str, contents: Contents) -> bool:
    """Whether it runs a release's images; also when these are gone, as nothing better is known."""
    found = {image: contents.resolve(image, release) for image in schedule.manifest.containers.values()}
    wanted = {image: one.digest for image, one in found.items() if one is not None}
    return all(
        image not in wanted or _same(schedule, container, wanted, contents)
        for container, image in schedule.manifest.containers.items()
    )


def schedule_faults(schedule: SeenSchedule, release: str, contents: Contents) -> Iterator[str]:
    """Why a release cannot run there."""
    name, there = schedule.manifest.name, container_names(schedule.definition)
    for missing in sorted(schedule.manifest.containers.keys() - set(there)):
        yield (
            f"Schedule {name!r} wants its image in container {missing!r}, but {schedule.manifest.task_definition} has "
            f"only {', '.join(there)}. Deploy its stack again."
        )
    for image in sorted(set(schedule.manifest.containers.values())):
        found = contents.resolve(image, release)
        platforms = {} if found is None else found.platforms
        if platforms and schedule.platform not in platforms:
            yield (
                f"Schedule {name!r} runs on {schedule.platform}, but image {image!r} of release {release!r} was built "
                f"for {', '.join(sorted(platforms))} only. Build it for {schedule.platform} too, or change the "
                f"schedule's architecture."
            )


def _same(schedule: SeenSchedule, container: str, wanted: Mapping[str, str], contents: Contents) -> bool:
    image = schedule.manifest.containers[container]
    running = schedule.running.get(container)
    return running is not None and contents.same(image, running, wanted[image], schedule.platform)


def _digest(reference: str, image: str, at: ImageRepository, contents: Contents) -> str | None:
    """The digest that an image reference stands for; None when it is not the application's image."""
    there = reference.removeprefix(f"{at.registry}/{at.repository}")
    if there.startswith("@"):
        return there[1:]
    found = contents.resolve(image, there[1:]) if there.startswith(":") else None
    return None if found is None else found.digest
