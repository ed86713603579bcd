"""Puts the adapters together."""

from __future__ import annotations

from appdp.aws.alarms import CloudWatchAlarms
from appdp.aws.clock import SystemClock
from appdp.aws.controllers import ControlledServices
from appdp.aws.events import EventBridgeEvents
from appdp.aws.jobs import EcsJobs
from appdp.aws.logs import CloudWatchLogs
from appdp.aws.owners import LockOwners
from appdp.aws.parameters import SsmParameters
from appdp.aws.registry import EcrRegistry
from appdp.aws.schedules import EventBridgeSchedules
from appdp.aws.session import Session
from appdp.aws.targets import LoadBalancerTargets
from appdp.aws.task_definitions import EcsTaskDefinitions
from appdp.aws.tasks import EcsTasks
from appdp.engine.ports import Ports


def ports(session: Session) -> Ports:
    """Everything the engine touches, for one caller. Makes no call and no client yet."""
    clock = SystemClock()
    return Ports(
        services=ControlledServices(session),
        task_definitions=EcsTaskDefinitions(session),
        tasks=EcsTasks(session),
        jobs=EcsJobs(session),
        targets=LoadBalancerTargets(session),
        alarms=CloudWatchAlarms(session),
        logs=CloudWatchLogs(session),
        registry=EcrRegistry(session),
        schedules=EventBridgeSchedules(session),
        parameters=SsmParameters(session),
        events=EventBridgeEvents(session),
        owners=LockOwners(session, clock),
        clock=clock,
    )
