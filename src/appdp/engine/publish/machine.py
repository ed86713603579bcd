"""The order of a publication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from appdp.engine.deploy.faults import passes
from appdp.engine.publish.compose import ReleasedImage, release_images
from appdp.engine.publish.ports import PublishPorts
from appdp.engine.publish.registering import register
from appdp.engine.publish.scanning import waiting_for_scans
from appdp.engine.publish.state import Publication, Step
from appdp.engine.publish.unchanged import Unchanged, unchanged_images
from appdp.errors import ConfigurationError, RemoteError
from appdp.model.handoff import pipeline_parameter
from appdp.model.publication import PipelineManifest

POLL_SECONDS: Final = 10.0
"""Between two looks at a scan, where CodePipeline does not decide: a basic scan takes some seconds to minutes."""

PATIENCE_SECONDS: Final = 900
"""How long errors that pass may go on, besides the time that the scan may take."""

_NAMED_WAITING: Final = 3


def publish(state: Publication, manifest: PipelineManifest, ports: PublishPorts) -> Step:
    """Do what can be done now.

    Raises:
        Refused: the release cannot be registered, and why.
        RemoteError: AWS said no; see :func:`may_pass`.
    """
    released = release_images(state, manifest.images, ports)
    if manifest.scan is not None:
        waiting = waiting_for_scans(state, manifest.scan, manifest.images, released, ports)
        if waiting:
            return Step(state=state, wait_seconds=POLL_SECONDS, summary=_waiting(waiting))
    unchanged = unchanged_images(manifest, released, ports)
    register(state, manifest, released, unchanged.images, ports)
    return Step(
        state=state,
        done=True,
        summary=_published(state, released, unchanged),
        digests={name: image.digest for name, image in released.items()},
        unchanged=unchanged.images,
        running=unchanged.running,
        schedules=unchanged.schedules,
        unread=unchanged.unread,
    )


def read_manifest(application: str, pipeline: str, ports: PublishPorts) -> PipelineManifest:
    """What the pipeline's stack wrote.

    Raises:
        ConfigurationError: it wrote nothing, or something else.
    """
    name = pipeline_parameter(application, pipeline)
    text = ports.parameters.get(name)
    if text is None:
        raise ConfigurationError(
            f"There is no parameter {name}, which says what the pipeline {pipeline!r} publishes.",
            hint="Deploy the pipeline's stack again.",
        )
    return PipelineManifest.from_json(text)


def may_pass(error: RemoteError, state: Publication, manifest: PipelineManifest | None, now: float) -> bool:
    """Whether the same state should be tried again after an error.

    Args:
        error: what was raised.
        state: the publication.
        manifest: the pipeline's manifest, or None when it could not be read.
        now: seconds since the epoch.
    """
    scan_seconds = manifest.scan.timeout_seconds if manifest is not None and manifest.scan is not None else 0
    return passes(error) and now - state.started_at <= PATIENCE_SECONDS + scan_seconds


def _waiting(waiting: Sequence[str]) -> str:
    more = f" and {len(waiting) - _NAMED_WAITING} more" if len(waiting) > _NAMED_WAITING else ""
    return f"Waiting for the scan of {'; '.join(waiting[:_NAMED_WAITING])}{more}"


def _published(state: Publication, released: Mapping[str, ReleasedImage], unchanged: Unchanged) -> str:
    same = "".join(
        f"; {environment} runs {', '.join(images)} already"
        for environment, images in unchanged.images.items()
        if images
    )
    unread = "".join(
        f"; what {environment} runs could not be read: {reason}" for environment, reason in unchanged.unread.items()
    )
    return f"Published {state.commit}: {', '.join(released)}{same}{unread}"
