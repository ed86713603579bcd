"""A hold: the greens of a deployment stand tested behind the gate, and a human says whether they take traffic."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

from appdp.errors import ConfigurationError
from appdp.model.known_fields import known_fields
from appdp.model.parameter_value import to_value

BEFORE_TRAFFIC: Final = "before_traffic"
"""The point at which an environment can ask for an approval."""

DEFAULT_EXPIRY_SECONDS: Final = 8 * 3600
SHORTEST_EXPIRY_SECONDS: Final = 5 * 60
LONGEST_EXPIRY_SECONDS: Final = 23 * 3600
"""How long a hold may wait: less than :data:`HOOK_SECONDS`, since the first green comes to the gate before the last."""

HOOK_SECONDS: Final = 24 * 3600
"""ECS rolls a service deployment back whose lifecycle hook takes longer, unless the hook has a timeout of its own.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHookTimeoutConfiguration.html
"""

REASON_LIMIT: Final = 900
"""Characters of a reason, of up to 4 bytes each: the decision as a whole fits a Standard parameter (4,096 bytes).

See: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
"""


class Decision(StrEnum):
    """What a human says."""

    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Where a deployment's hold stands; part of its state.

    Args:
        expires_seconds: how long to wait for a decision.
        since: when every green stood tested at the gate, in seconds since the epoch; None before that.
        until: when the deployment goes back if nobody has decided.
        announced: whether the event was sent and the notice written.
        test_urls: service → where its green can be tried.
        decision: what was decided; None before that, and when the hold expired.
        by: who decided, as AWS names them (an ARN).
        at: when, in seconds since the epoch.
        reason: why, if they said so.
    """

    expires_seconds: int = DEFAULT_EXPIRY_SECONDS
    since: float | None = None
    until: float | None = None
    announced: bool = False
    test_urls: dict[str, str] = field(default_factory=dict)
    decision: Decision | None = None
    by: str = ""
    at: float | None = None
    reason: str = ""

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Hold:
        """The inverse of :func:`dataclasses.asdict`; unknown keys are left out."""
        known = known_fields(cls, data)
        known["decision"] = Decision(known["decision"]) if known.get("decision") else None
        return cls(**known)

    def told(self) -> str:
        """The decision as a sentence's end: ``approved by arn:…: looks good``; empty before there is one."""
        if self.decision is None:
            return ""
        return f"{self.decision} by {self.by}" + (f": {self.reason}" if self.reason else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldNotice:
    """What the engine writes for whoever is to decide, while a deployment is on hold.

    Args:
        deployment: the deployment's id.
        release: what would take traffic.
        previous: what has it now; None before the first release.
        requested_by: who asked for the deployment.
        since: when the hold began, in seconds since the epoch.
        until: when it expires.
        test_urls: service → where its green can be tried.
    """

    deployment: str
    release: str
    previous: str | None
    requested_by: str
    since: float
    until: float
    test_urls: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """The parameter's value."""
        return to_value(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> HoldNotice:
        """Read the parameter's value; unknown keys are left out."""
        data = json.loads(text)
        return cls(**known_fields(cls, data))


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A human's decision on one deployment. The first one counts.

    Args:
        deployment: the deployment's id.
        decision: see :class:`Decision`.
        by: who decided, as AWS names them (an ARN).
        at: when, in seconds since the epoch.
        reason: why, at most 900 characters; may be empty.

    Raises:
        ConfigurationError: the reason is too long.
    """

    deployment: str
    decision: Decision
    by: str
    at: float
    reason: str = ""

    def __post_init__(self) -> None:
        if len(self.reason) > REASON_LIMIT:
            raise ConfigurationError(
                f"The reason has {len(self.reason)} characters; allowed are {REASON_LIMIT}.", hint="Shorten it."
            )

    def to_json(self) -> str:
        """The parameter's value."""
        return to_value(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Approval | None:
        """Read the parameter's value; None when it is no decision: people may write it with other tools."""
        try:
            data = json.loads(text)
            return cls(
                deployment=str(data["deployment"]),
                decision=Decision(data["decision"]),
                by=str(data["by"]),
                at=float(data["at"]),
                reason=str(data.get("reason", "")),
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
