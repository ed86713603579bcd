"""CodeDeploy of the embedded AWS, as far as it deploys to ECS.

``api``, ``catalogue``, ``revisions_api``, ``deployments_api``
    The operations. ``group_checks`` and ``app_spec`` say what is refused, ``views`` what is answered.
``runs``
    A deployment from Created to its end, and the deployment that rolls it back.
``forward``
    The lifecycle events, from BeforeInstall to AfterAllowTraffic, and the waits between and after them.
``traffic``, ``hooks``
    The listener rules that are rewritten, and the Lambda functions that are asked.
``resources``
    The resource types of CloudFormation.

The task sets themselves belong to :mod:`appdp.local.ecs.task_sets`. Wait times and steps of the traffic are minutes
that callers set, and pass by the embedded AWS's factor for bake times; the hour that a replacement task set has to
become healthy, and a hook to report, is CodeDeploy's own and passes by the factor for the services' own waits.

What it does not do: revisions in Amazon S3, notifications by Amazon SNS, and the transform AWS::CodeDeployBlueGreen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from appdp.local.codedeploy.api import CodeDeploy
from appdp.local.codedeploy.catalogue import Catalogue
from appdp.local.codedeploy.deployments_api import DeploymentsApi
from appdp.local.codedeploy.forward import Surroundings
from appdp.local.codedeploy.hooks import Hooks
from appdp.local.codedeploy.resources import handlers
from appdp.local.codedeploy.revisions_api import RevisionsApi
from appdp.local.codedeploy.runs import Runs
from appdp.local.codedeploy.store import Store
from appdp.local.ecs import EcsControl
from appdp.local.wire import AwsService, Kernel, LoadBalancing, ResourceHandler

__all__ = ["CodeDeployParts", "build"]

_MINUTE_SECONDS = 60.0
_HOUR_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeDeployParts:
    """The embedded CodeDeploy: its API and its CloudFormation types by name. ECS's supervisor runs its work."""

    service: AwsService
    handlers: Mapping[str, ResourceHandler]
    start: Callable[[], Awaitable[None]]
    stop: Callable[[], Awaitable[None]]
    group_of: Callable[[str], str]
    """Id of a deployment → its group, as ``application/group``; empty when there is no such deployment."""


def build(kernel: Kernel, balancing: LoadBalancing, ecs: EcsControl) -> CodeDeployParts:
    """Wire the embedded CodeDeploy.

    Args:
        kernel: the embedded AWS around it.
        balancing: where traffic is shifted.
        ecs: whose task sets it makes and deletes.
    """
    store = Store()
    hour = _HOUR_SECONDS * kernel.time_scale
    around = Surroundings(
        ecs=ecs,
        balancing=balancing,
        hooks=Hooks(store, ecs.calls, hour=hour),
        minute=_MINUTE_SECONDS * kernel.bake_scale,
        hour=hour,
    )
    runs = Runs(store, around, kernel.events)
    service = CodeDeploy(
        Catalogue(store, ecs.store, balancing), RevisionsApi(store), DeploymentsApi(store, ecs.store, runs)
    )

    def group_of(deployment: str) -> str:
        found = store.deployments.get(deployment)
        return f"{found.application}/{found.group}" if found else ""

    return CodeDeployParts(
        service=service, handlers=handlers(service), start=_nothing, stop=_nothing, group_of=group_of
    )


async def _nothing() -> None:
    """Deployments start as they are created, and end with ECS."""
