"""Somebody who decides on what is on hold."""

from __future__ import annotations

from dataclasses import replace

from appdp.model.environment import DeployerManifest
from appdp.model.handoff import approval_parameter, deployer_parameter, hold_parameter
from appdp.model.hold import Approval, Decision, HoldNotice
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws

BOSS = "arn:aws:sts::000000000000:assumed-role/lead/boss"


class Human:
    """Decides on each deployment that is on hold, some time after the notice; does not look whether it still runs."""

    def __init__(self, aws: FakeAws, decision: Decision, *, after_seconds: int) -> None:
        self._aws = aws
        self._decision = decision
        self._after = after_seconds
        aws.clock.each_second(self._look)

    def _look(self, now: float) -> None:
        text = self._aws.parameters.values.get(hold_parameter(APPLICATION, ENVIRONMENT))
        if text is None:
            return
        notice = HoldNotice.from_json(text)
        if now - notice.since >= self._after:
            decides(self._aws, self._decision, notice.deployment)


def decides(aws: FakeAws, decision: Decision, deployment: str = "d1", *, by: str = BOSS, reason: str = "") -> bool:
    """Write a decision, as ``appdp approve`` does; False when there was one."""
    approval = Approval(deployment=deployment, decision=decision, by=by, at=aws.clock.now(), reason=reason)
    writer, aws.parameters.writer = aws.parameters.writer, by
    try:
        return aws.parameters.create(approval_parameter(APPLICATION, ENVIRONMENT), approval.to_json())
    finally:
        aws.parameters.writer = writer


def asks(aws: FakeAws, *, expires_seconds: int = 3600, approve: str | None = "before_traffic") -> None:
    """Make the environment ask for an approval before traffic."""
    name = deployer_parameter(APPLICATION, ENVIRONMENT)
    manifest = DeployerManifest.from_json(aws.parameters.values[name])
    changed = replace(manifest, approve=approve, approval_expires_seconds=expires_seconds)
    aws.parameters.put(name, changed.to_json())
