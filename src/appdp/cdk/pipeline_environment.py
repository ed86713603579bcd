"""An environment as a pipeline reaches it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineEnvironment:
    """One environment of a pipeline.

    Args:
        name: its name.
        account: its account; None when it is the pipeline's.
        region: its region; None when it is the pipeline's.
    """

    name: str
    account: str | None = None
    region: str | None = None

    @property
    def elsewhere(self) -> bool:
        """Whether its account or its region is not the pipeline's."""
        return self.account is not None or self.region is not None
