"""Whether an environment's releases wait for a human before they take traffic, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration

from appdp.errors import ConfigurationError
from appdp.model.hold import (
    BEFORE_TRAFFIC,
    DEFAULT_EXPIRY_SECONDS,
    LONGEST_EXPIRY_SECONDS,
    SHORTEST_EXPIRY_SECONDS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSettings:
    """As the deployer's manifest has them. ``approve`` is None where only ``--hold`` asks."""

    approve: str | None
    expires_seconds: int

    @classmethod
    def of(cls, path: str, approve: str | None, expires: Duration | None) -> HoldSettings:
        """From the deployer's properties.

        Args:
            path: the deployer's, for messages.
            approve: ``"before_traffic"`` or None.
            expires: whole minutes, 5 minutes to 23 hours. Default: 8 hours.

        Raises:
            ConfigurationError: another word, or a time out of range.
        """
        if approve not in (None, BEFORE_TRAFFIC):
            raise ConfigurationError(
                f"{path}: approve={approve!r}: allowed is {BEFORE_TRAFFIC!r}.",
                hint="To wait before anything is started, use Stage(deployer, approve=True) in a DeliveryPipeline.",
            )
        seconds = DEFAULT_EXPIRY_SECONDS if expires is None else expires.to_seconds()
        if seconds % 60 or not SHORTEST_EXPIRY_SECONDS <= seconds <= LONGEST_EXPIRY_SECONDS:
            raise ConfigurationError(
                f"{path}: approval_expires={seconds:g} s: allowed are whole minutes, "
                f"{SHORTEST_EXPIRY_SECONDS // 60} minutes to {LONGEST_EXPIRY_SECONDS // 3600} hours: ECS rolls a "
                "deployment back whose lifecycle hook takes 24 hours.",
                hint="A pipeline's Stage(deployer, approve=True) waits for days, before anything is started.",
            )
        return cls(approve=approve, expires_seconds=int(seconds))
