"""The names through which the constructs and the engine meet.

All of them are Systems Manager parameters below ``/appdp/{application}/{environment}``:

=========================  ==========================================  ============================================
parameter                  written by                                  value
=========================  ==========================================  ============================================
``…/deployer``             the deployer stack                          :class:`.environment.DeployerManifest`
``…/services/{name}``      the service stacks                          :class:`.environment.ServiceManifest`
``…/jobs/{name}``          the stacks with jobs                        :class:`.job.JobManifest`
``…/schedules/{name}``     the stacks with schedules                   :class:`.schedule.ScheduleManifest`
``…/release``              the deployer stack once (the sentinel),     the tag of the released commit
                           then the engine, after success only
``…/lock``                 the engine                                  :class:`.lock.Lock`
``…/lock-takeover/{id}``   the engine, while it takes over a dead      :class:`~appdp.model.lock.Lock` of the
                           owner's lock                                new owner
``…/gate``                 the engine, while a deployment runs         :class:`.gate.Gate`
``…/stop``                 whoever wants a deployment to go back; the  :class:`.stop_request.StopRequest`
                           engine deletes it
``…/history``              the engine, at the end of a deployment      :class:`.history.EndedDeployment`
``…/hold``                 the engine, while a deployment is on hold   :class:`.hold.HoldNotice`
``…/approval``             whoever decides, once; the engine deletes   :class:`.hold.Approval`
                           it when the deployment ends
=========================  ==========================================  ============================================

Two belong to the whole application, so no environment may be called ``pipelines`` or ``releases``:

=================================  =====================================  =========================================
parameter                          written by                             value
=================================  =====================================  =========================================
``/appdp/{application}``           the pipeline's stack                   :class:`.publication.PipelineManifest`
``/pipelines/{pipeline}``
``/appdp/{application}``           the engine, after a release has        :class:`.publication.LatestRelease`
``/releases/latest``               passed its scan
=================================  =====================================  =========================================

A pipeline's approvals show two output variables of its publish action for each environment: :func:`changes_variable`
and :func:`about_variable`.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from appdp.errors import ConfigurationError

SENTINEL: Final = "none"
"""The release parameter's value until the first release succeeds."""

EVENT_SOURCE: Final = "appdp"
"""``source`` of every event that appdp puts on the default event bus."""

ROOT: Final = "/appdp"

HOTSWAP_PREFIX: Final = "hotswap-"
"""Tags of what ``appdp hotswap`` builds begin so. They do not move, and are never releases."""

RESERVED_ENVIRONMENTS: Final = ("pipelines", "releases")
"""No environment is called so: the application's own parameters are there."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]|[a-z]")
_RELEASE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_RESERVED = ("env-", "cache-", HOTSWAP_PREFIX)
_ARCHITECTURES = ("-amd64", "-arm64")


def check_name(kind: str, name: str) -> str:
    """Return ``name``, or raise :class:`ConfigurationError` unless it is 1–32 of ``a-z0-9-``, a letter first.

    The bound keeps every derived name (parameters, repositories, roles, state machines) within AWS's limits.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{kind} {name!r} is not a name: "
            "allowed are 1 to 32 of a-z, 0-9 and '-', starting with a letter, not ending with '-'."
        )
    return name


def check_environment(kind: str, name: str) -> str:
    """Return ``name``, or raise :class:`ConfigurationError` unless it can be the name of an environment.

    It is a name as in :func:`check_name`, and none of :data:`RESERVED_ENVIRONMENTS`.
    """
    check_name(kind, name)
    if name in RESERVED_ENVIRONMENTS:
        raise ConfigurationError(
            f"{kind} {name!r} cannot be called so: {' and '.join(map(repr, RESERVED_ENVIRONMENTS))} are where an "
            "application's own parameters are.",
            hint="Choose another name.",
        )
    return name


def check_release(tag: str) -> str:
    """Return ``tag``, or raise :class:`ConfigurationError` unless it can be the image tag of a release.

    Tags follow the OCI distribution specification (at most 128 characters); ``env-*`` and ``cache-*`` are moving tags,
    ``hotswap-*`` is what a laptop built; none of them is a release, and the sentinel is not one either.
    """
    if not _RELEASE.fullmatch(tag) or tag.startswith(_RESERVED) or tag == SENTINEL:
        raise ConfigurationError(
            f"{tag!r} is not a release: a release is an image tag of 1 to 128 of A-Z, a-z, 0-9, '_', '.', '-', "
            f"and neither {SENTINEL!r} nor one that starts with 'env-', 'cache-' or 'hotswap-'.",
            hint="Use the commit's hash, or list the releases with 'appdp releases'.",
        )
    return tag


def is_release(tag: str) -> bool:
    """Whether an image tag names a release; the tags of one architecture's images never do."""
    try:
        check_release(tag)
    except ConfigurationError:
        return False
    return not tag.endswith(_ARCHITECTURES)


def environment_path(application: str, environment: str) -> str:
    """``/appdp/{application}/{environment}``."""
    return f"{ROOT}/{application}/{environment}"


def deployer_parameter(application: str, environment: str) -> str:
    return f"{environment_path(application, environment)}/deployer"


def services_path(application: str, environment: str) -> str:
    return f"{environment_path(application, environment)}/services"


def service_parameter(application: str, environment: str, service: str) -> str:
    return f"{services_path(application, environment)}/{service}"


def schedules_path(application: str, environment: str) -> str:
    return f"{environment_path(application, environment)}/schedules"


def schedule_parameter(application: str, environment: str, schedule: str) -> str:
    return f"{schedules_path(application, environment)}/{schedule}"


def schedule_group(application: str, environment: str) -> str:
    """The EventBridge schedule group of the environment's schedules.

    ``{application}.{environment}``: neither has a dot, so no two environments share a group. Where that is longer than
    the 64 characters of a group's name, a digest stands for the environment, behind a digit, as no environment begins
    with one.

    See: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateScheduleGroup.html
    """
    name = f"{application}.{environment}"
    return name if len(name) <= 64 else f"{application}.0{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def jobs_path(application: str, environment: str) -> str:
    return f"{environment_path(application, environment)}/jobs"


def job_parameter(application: str, environment: str, job: str) -> str:
    return f"{jobs_path(application, environment)}/{job}"


def jobs_started_by(application: str, environment: str) -> str:
    """``startedBy`` of every task that a deployment runs as a job: whoever takes the environment over finds them.

    At most 78 characters of the 128 that ECS takes.

    See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html (startedBy)
    """
    return f"appdp-deploy/{application}/{environment}"


def run_started_by(application: str, environment: str) -> str:
    """``startedBy`` of every task that ``appdp run`` starts; deployments leave them alone."""
    return f"appdp-run/{application}/{environment}"


def release_parameter(application: str, environment: str) -> str:
    return f"{environment_path(application, environment)}/release"


def lock_parameter(application: str, environment: str) -> str:
    return f"{environment_path(application, environment)}/lock"


def takeover_parameter(application: str, environment: str, dead_owner: str) -> str:
    return f"{environment_path(application, environment)}/lock-takeover/{dead_owner}"


def gate_parameter(application: str, environment: str) -> str:
    return f"{environment_path(application, environment)}/gate"


def stop_parameter(application: str, environment: str) -> str:
    return f"{environment_path(application, environment)}/stop"


def history_parameter(application: str, environment: str) -> str:
    return f"{environment_path(application, environment)}/history"


def pipelines_path(application: str) -> str:
    """What an application's pipelines have is below it: parameters, and the IAM roles."""
    return f"{ROOT}/{application}/pipelines"


def hold_parameter(application: str, environment: str) -> str:
    return f"{environment_path(application, environment)}/hold"


def approval_parameter(application: str, environment: str) -> str:
    return f"{environment_path(application, environment)}/approval"


def pipeline_parameter(application: str, pipeline: str) -> str:
    return f"{pipelines_path(application)}/{pipeline}"


def release_registry_parameter(application: str) -> str:
    """Names the release that was published last, whatever environments run."""
    return f"{ROOT}/{application}/releases/latest"


def changes_variable(environment: str) -> str:
    """The publish action's output variable with the page, below the repository's, that shows what a release changes."""
    return f"changes_{environment}"


def about_variable(environment: str) -> str:
    """The publish action's output variable that says, in a sentence or two, what a release changes."""
    return f"about_{environment}"


def environment_tag(environment: str) -> str:
    """The moving image tag that an environment's CloudFormation task definitions refer to."""
    return f"env-{environment}"


def repository_name(application: str, image: str) -> str:
    """The default ECR repository of an image: ``{application}/{image}``."""
    return f"{application}/{image}"


def deployer_name(application: str, environment: str) -> str:
    """The physical name of the environment's state machine, and the prefix of its functions and roles."""
    return f"appdp-{application}-{environment}"


def release_role_name(application: str, environment: str, region: str) -> str:
    """The role with which pipelines of another account release into an environment; its path is the environment's.

    A role's name is one of its whole account, whatever its path: hence the region, and a digest of what would be too
    long for IAM's 64 characters. It is never longer than that.

    See: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

    Args:
        application: the application's name.
        environment: the environment's name.
        region: the environment's region.
    """
    digest = hashlib.sha256(f"{application}/{environment}".encode()).hexdigest()[:16]
    return f"appdp-release-{digest}-{region}"
