"""The publish action of a pipeline: CodePipeline calls this function until it reports an end.

It reads ``APPDP_APPLICATION`` and ``APPDP_PIPELINE``.

See: https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-invoke-lambda-function.html
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from appdp.aws.clock import SystemClock
from appdp.aws.distribution import EcrDistribution
from appdp.aws.elsewhere import AwsElsewhere
from appdp.aws.events import EventBridgeEvents
from appdp.aws.parameters import SsmParameters
from appdp.aws.pipeline_jobs import CodePipelineJobs
from appdp.aws.registry import EcrRegistry
from appdp.aws.scans import EcrScans
from appdp.aws.session import Session
from appdp.engine.publish import Publication, Step, begin, may_pass, publish, read_manifest
from appdp.engine.publish.comparing import Changes, about_changes, changes_page, not_compared
from appdp.engine.publish.ports import PipelineJobs, PublishPorts
from appdp.errors import AppdpError, ConfigurationError, RemoteError
from appdp.model.handoff import about_variable, changes_variable
from appdp.model.publication import PipelineManifest
from appdp.runtime.variables import variable

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)

_HINT: Final = "Deploy the pipeline's stack again."

JOB_FAILED: Final = "JobFailed"
CONFIGURATION_ERROR: Final = "ConfigurationError"
"""See: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_FailureDetails.html"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishSetting:
    """The pipeline that the function serves."""

    application: str
    pipeline: str
    ports: PublishPorts


def handler(event: Mapping[str, Any], context: object) -> None:
    """Take CodePipeline's job, do what can be done now, and tell CodePipeline: done, failed and why, or call again.

    Raises:
        RemoteError: CodePipeline could not be told; Lambda calls again with the same job.
    """
    perform(event, _jobs(), setting)


def perform(event: Mapping[str, Any], jobs: PipelineJobs, where: Callable[[], PublishSetting]) -> None:
    """The handler, with what it needs given."""
    job = str(event["CodePipeline.job"]["id"])
    try:
        step = _advance(event["CodePipeline.job"]["data"], where())
    except Exception as error:  # noqa: BLE001 - CodePipeline waits for 20 minutes for what nobody tells it
        _fail(job, error, jobs)
        return
    _LOG.info("%s %s", step.state.commit, step.summary)
    if step.done:
        jobs.succeeded(job, variables=variables(step), summary=step.summary)
    else:
        jobs.goes_on(job, token=step.state.to_json(), summary=step.summary)


def variables(step: Step) -> dict[str, str]:
    """The action's output variables.

    The commit; as JSON the images that each environment runs already; and for each environment what its approval shows:
    the page with the changes, and a sentence about them.

    See: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html
    """
    commit, images = step.state.commit, tuple(step.digests)
    unchanged = {environment: list(same) for environment, same in step.unchanged.items()}
    found = {"commit": commit, "unchanged": json.dumps(unchanged, separators=(",", ":"))}
    for environment, same in step.unchanged.items():
        running = step.running.get(environment)
        found[changes_variable(environment)] = changes_page(commit, running)
        changes = Changes(images=images, same=same, schedules=step.schedules.get(environment, ()))
        about = about_changes(environment, commit, running, changes)
        found[about_variable(environment)] = not_compared(environment) if environment in step.unread else about
    return found


@cache
def setting() -> PublishSetting:
    """Read from the function's environment variables.

    Raises:
        ConfigurationError: one of them is not set.
    """
    session = _session()
    return PublishSetting(
        application=variable("APPDP_APPLICATION", hint=_HINT),
        pipeline=variable("APPDP_PIPELINE", hint=_HINT),
        ports=PublishPorts(
            distribution=EcrDistribution(session),
            scans=EcrScans(session),
            registry=EcrRegistry(session),
            parameters=SsmParameters(session),
            elsewhere=AwsElsewhere(session),
            events=EventBridgeEvents(session),
            clock=SystemClock(),
        ),
    )


@cache
def _session() -> Session:
    return Session()


@cache
def _jobs() -> CodePipelineJobs:
    return CodePipelineJobs(_session())


def _advance(data: Mapping[str, Any], where: PublishSetting) -> Step:
    state = _state(data, where.ports.clock.now())
    manifest: PipelineManifest | None = None
    try:
        manifest = read_manifest(where.application, where.pipeline, where.ports)
        return publish(state, manifest, where.ports)
    except RemoteError as error:
        if not may_pass(error, state, manifest, where.ports.clock.now()):
            raise
        _LOG.warning("Tried again later: %s", error)
        return Step(state=state, summary=f"AWS could not answer, trying again: {error.message}")


def _state(data: Mapping[str, Any], now: float) -> Publication:
    token = data.get("continuationToken")
    if token:
        return Publication.from_json(token)
    configuration = data.get("actionConfiguration", {}).get("configuration", {})
    return begin(configuration.get("UserParameters", ""), now)


def _fail(job: str, error: Exception, jobs: PipelineJobs) -> None:
    if isinstance(error, AppdpError):
        _LOG.error("%s", error)
        message = str(error)
    else:
        _LOG.exception("The publish function has a defect.", exc_info=error)
        message = f"The publish function has a defect, please report it: {type(error).__name__}: {error}"
    jobs.failed(job, kind=CONFIGURATION_ERROR if isinstance(error, ConfigurationError) else JOB_FAILED, message=message)
