"""How a deployment ended: one version of the parameter ``…/history``, which Parameter Store keeps the last 100 of.

Step Functions forgets an execution 90 days after its end, and ECS a service deployment too; this stays.

See: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html and
https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Final

from appdp.errors import ConfigurationError
from appdp.model.deployment import Deployment, Outcome
from appdp.model.known_fields import known_fields
from appdp.model.parameter_value import to_value

VERSION: Final = 1
"""Version of the value's shape. A reader refuses a newer one."""

VALUE_LIMIT: Final = 4096
"""Bytes of a Standard parameter, which costs nothing.

See: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
"""

APPROVAL_LIMIT: Final = 500
"""Characters of a decision that are kept; all of it is in the deployment's state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedDeployment:
    """A deployment that ended.

    Args:
        deployment: its id.
        release: the release that it was to bring; ``""`` when it ended before it found one.
        previous: the release that the environment ran before, or None.
        rollback: whether the user asked to go back.
        outcome: how it ended.
        requested_by: who asked, as AWS names them (an ARN).
        direct: whether a process ran it, and not the state machine.
        started_at, ended_at: seconds since the epoch.
        services: how many services it was to change.
        approval: what was decided on its hold, by whom and why; empty when nothing was. The end may be cut off.
        rollback_needs_jobs: whether a rollback away from the release must decide about jobs.
        reason: why it did not succeed, in lines; empty when it did. The end of a long one is cut off.
    """

    deployment: str
    release: str
    previous: str | None
    rollback: bool
    outcome: Outcome
    requested_by: str
    direct: bool
    started_at: float
    ended_at: float
    services: int
    approval: str = ""
    rollback_needs_jobs: bool = False
    reason: str = ""

    @classmethod
    def of(cls, deployment: Deployment, *, services: int, now: float) -> EndedDeployment:
        """What is kept of a deployment that has its outcome."""
        return cls(
            deployment=deployment.id,
            release=deployment.release,
            previous=deployment.previous,
            rollback=deployment.rollback,
            outcome=deployment.outcome or Outcome.FAILED,
            requested_by=deployment.owner.requested_by,
            direct=deployment.owner.execution is None,
            started_at=round(deployment.started_at, 3),
            ended_at=round(now, 3),
            services=services,
            approval=deployment.hold.told()[:APPROVAL_LIMIT] if deployment.hold else "",
            rollback_needs_jobs=deployment.rollback_needs_jobs,
            reason=deployment.failure.text() if deployment.failure else "",
        )

    def to_json(self) -> str:
        """The parameter's value; the reason is cut off where it would not fit."""
        kept = self
        while True:
            text = to_value({"version": VERSION, **asdict(kept)})
            if len(text.encode()) <= VALUE_LIMIT or not kept.reason.rstrip("…"):
                return text
            kept = replace(kept, reason=f"{kept.reason[: len(kept.reason) * 4 // 5]}…" if len(kept.reason) > 5 else "")

    @classmethod
    def from_json(cls, text: str) -> EndedDeployment | None:
        """Read one version of the parameter; None for one that somebody else wrote. Unknown keys are left out.

        Raises:
            ConfigurationError: it is of a newer version.
        """
        try:
            data = json.loads(text)
            version = data.pop("version", VERSION)
            found = cls(**known_fields(cls, data))
            if version > VERSION:
                raise ConfigurationError(
                    f"The history was written by a newer appdp (version {version}; this one reads {VERSION}).",
                    hint="Upgrade appdp: pip install --upgrade aws-cdk-appdp.",
                )
            return replace(found, outcome=Outcome(found.outcome))
        except ConfigurationError:
            raise
        except (ValueError, TypeError, AttributeError):
            return None
