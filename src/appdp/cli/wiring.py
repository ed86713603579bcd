"""Puts AWS behind the ports. The only module of the command line that imports :mod:`appdp.aws`."""

from __future__ import annotations

from appdp.aws.assemble import ports
from appdp.aws.blueprints import AwsBlueprints
from appdp.aws.callers import StsCaller
from appdp.aws.executions import StepFunctionsExecutions
from appdp.aws.facts import facts
from appdp.aws.log_events import CloudWatchLogEvents
from appdp.aws.registry_logins import EcrLogins
from appdp.aws.session import Session
from appdp.aws.shells import EcsShells
from appdp.cli.context import Aws


def connect(profile: str | None, region: str | None) -> Aws:
    """AWS with the caller's credentials. Makes no call yet."""
    session = Session(profile=profile, region=region)
    return Aws(
        ports=ports(session),
        executions=StepFunctionsExecutions(session),
        log_events=CloudWatchLogEvents(session),
        facts=lambda: facts(session),
        shells=EcsShells(session),
        blueprints=AwsBlueprints(session),
        logins=EcrLogins(session),
        caller=StsCaller(session).arn,
        region=session.region,
    )
