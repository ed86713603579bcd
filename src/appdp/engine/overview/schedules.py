"""How an environment's schedules stand."""

from __future__ import annotations

from dataclasses import dataclass

from appdp.engine.deploy.content import Contents
from appdp.engine.deploy.schedule_survey import look_at, read_schedules, runs_release
from appdp.engine.ports import Ports
from appdp.model.environment import DeployerManifest
from appdp.model.schedule import ScheduleManifest


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleStatus:
    """One schedule.

    Args:
        expression: when it runs, such as ``cron(0 6 * * ? *)``, and ``time_zone`` of what place; empty when it is gone.
        enabled: whether it runs at all.
        digests: container name → digest that its next task would run.
        released: whether those digests hold what the recorded release holds; None when there is nothing to compare.
        detail: what stands out, as a sentence; empty when nothing does.
    """

    name: str
    expression: str
    time_zone: str
    enabled: bool
    digests: dict[str, str]
    released: bool | None
    detail: str = ""


def schedules_of(
    deployer: DeployerManifest, release: str | None, contents: Contents, ports: Ports
) -> tuple[ScheduleStatus, ...]:
    """The environment's schedules, by name."""
    manifests = read_schedules(deployer.application, deployer.environment, deployer, ports)
    return tuple(_schedule(manifest, deployer, release, contents, ports) for manifest in manifests)


def _schedule(
    manifest: ScheduleManifest, deployer: DeployerManifest, release: str | None, contents: Contents, ports: Ports
) -> ScheduleStatus:
    live = ports.schedules.get(manifest.group, manifest.schedule)
    if live is None:
        return ScheduleStatus(
            name=manifest.name,
            expression="",
            time_zone="",
            enabled=False,
            digests={},
            released=None,
            detail="the schedule does not exist any more",
        )
    seen = look_at(manifest, live, deployer, contents, ports)
    released = None if release is None else runs_release(seen, release, contents)
    return ScheduleStatus(
        name=manifest.name,
        expression=str(live.get("ScheduleExpression", "")),
        time_zone=str(live.get("ScheduleExpressionTimezone", "")),
        enabled=seen.enabled,
        digests=dict(seen.running),
        released=released,
        detail="its next task does not run the release; deploy it again" if released is False else "",
    )
