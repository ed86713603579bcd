"""How one action is performed: what it is given, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from appdp.local.pipeline.store import ActionRun, Execution


class ActionFailed(Exception):
    """The action failed; the text is CodePipeline's error message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An action to perform.

    Args:
        execution: what it belongs to.
        run: where its progress is noted.
        configuration: its configuration, variables replaced.
        inputs: its input artifacts, as directories.
        role: ARN of the role that the action has of its own; empty: the pipeline's.
        region: the action's region; empty: the pipeline's.
    """

    execution: Execution
    run: ActionRun
    configuration: Mapping[str, str]
    inputs: tuple[Path, ...]
    role: str = ""
    region: str = ""

    def needed(self, key: str) -> str:
        """A key of the configuration.

        Raises:
            ActionFailed: it is not there.
        """
        if key not in self.configuration:
            raise ActionFailed(f"The action configuration has no {key}; it has {', '.join(self.configuration)}.")
        return self.configuration[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """What came of an action: output variables, a summary, and the directory that is its output artifact."""

    variables: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""
    artifact: Path | None = None


class Performer(Protocol):
    """Performs the actions of one provider."""

    async def perform(self, order: Order) -> Performed:
        """Perform it, or raise :class:`ActionFailed`."""
