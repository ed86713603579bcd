"""Which schedules of an environment a release would repoint, as far as what is recorded tells."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from appdp.engine.publish.ports import PublishPorts
from appdp.errors import ConfigurationError, RemoteError
from appdp.model.handoff import schedules_path
from appdp.model.publication import PipelineManifest
from appdp.model.schedule import ScheduleManifest


def repointed_schedules(
    manifest: PipelineManifest, environment: str, same: Collection[str], ports: PublishPorts
) -> tuple[str, ...] | None:
    """The schedules, by name, that run an image which the release changes. They follow it with the services.

    Args:
        manifest: the pipeline's.
        environment: one that runs a release.
        same: the images that the release leaves as they are there.
        ports: AWS.

    Returns:
        None when they cannot be read elsewhere, as with the role of an older deployer, or when a newer appdp wrote
        them: the comparison only informs, so it keeps no release back.

    Raises:
        RemoteError: the pipeline's own account and region cannot be read.
    """
    try:
        found = _read(manifest, environment, ports)
        schedules = [ScheduleManifest.from_json(found[name]) for name in sorted(found)]
    except RemoteError:
        if environment not in manifest.elsewhere:
            raise
        return None
    except ConfigurationError:
        return None
    return tuple(schedule.name for schedule in schedules if set(schedule.containers.values()) - set(same))


def _read(manifest: PipelineManifest, environment: str, ports: PublishPorts) -> Mapping[str, str]:
    path, place = schedules_path(manifest.application, environment), manifest.elsewhere.get(environment)
    return ports.parameters.under(path) if place is None else ports.elsewhere.parameters(place, path)
