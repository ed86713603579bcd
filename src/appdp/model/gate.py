"""What the gate function reads when ECS asks whether a green may take traffic: the parameter ``…/gate``."""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from appdp.model.fingerprints import Fingerprints

GATE_LIMIT: Final = 4096
"""Characters of a Standard parameter: how much the gate can name.

See: https://docs.aws.amazon.com/general/latest/gr/ssm.html
"""

GATE_POLL_SECONDS: Final = 5
"""How often ECS asks a shut gate. The engine opens it a little further ahead than this, so that all pass at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What the gate function reads when ECS asks whether a green may take traffic.

    Args:
        deployment: the deployment that the gate belongs to.
        task_definitions: ARNs whose service deployments wait here; all others pass at once. Ask with ``in``: many are
            kept as :class:`~appdp.model.fingerprints.Fingerprints`.
        opens_at: when they may pass, in seconds since the epoch; None keeps the gate shut.
    """

    deployment: str
    task_definitions: Collection[str]
    opens_at: float | None = None

    def answer(self, task_definition: str, now: float) -> tuple[str, int | None]:
        """What to tell ECS about a green of ``task_definition``: a hook status, and in how many seconds to ask again.

        The status is ``SUCCEEDED`` (with no delay) or ``IN_PROGRESS``; this gate never fails a deployment.

        See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html
        """
        if task_definition not in self.task_definitions:
            return "SUCCEEDED", None
        if self.opens_at is None:
            return "IN_PROGRESS", GATE_POLL_SECONDS
        if now < self.opens_at:
            return "IN_PROGRESS", max(1, math.ceil(self.opens_at - now))
        return "SUCCEEDED", None

    def to_json(self) -> str:
        """The parameter's value; with fingerprints where the ARNs would not fit."""
        names = self.task_definitions
        value = {"deployment": self.deployment, "task_definitions": tuple(names), "opens_at": self.opens_at}
        text = json.dumps(value, separators=(",", ":"))
        if len(text) <= GATE_LIMIT and not isinstance(names, Fingerprints):
            return text
        known = names if isinstance(names, Fingerprints) else Fingerprints.of(names)
        return json.dumps({**value, "task_definitions": (), "fingerprints": known.joined}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Gate:
        """Read the parameter's value."""
        data = json.loads(text)
        known = data.get("fingerprints")
        return cls(
            deployment=data["deployment"],
            task_definitions=tuple(data["task_definitions"]) if known is None else Fingerprints(known),
            opens_at=data.get("opens_at"),
        )
