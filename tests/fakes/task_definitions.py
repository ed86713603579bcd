"""Task definitions as the raw JSON that they were registered with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from appdp.errors import RemoteError

ACCOUNT = "arn:aws:ecs:us-east-1:000000000000"


class FakeTaskDefinitions:
    """Families with their revisions. What ECS adds to a revision is added here too, so that a clone has to drop it."""

    def __init__(self) -> None:
        self.stored: dict[str, dict[str, Any]] = {}
        self.registered: list[dict[str, Any]] = []

    def read(self, arn: str) -> dict[str, Any]:
        if arn not in self.stored:
            raise RemoteError(f"Unable to describe task definition {arn}.", code="ClientException")
        return _copy(self.stored[arn])

    def register(self, definition: Mapping[str, Any]) -> str:
        sent = _copy(definition)
        if any(tag["key"].startswith("aws:") for tag in sent.get("tags", ())):
            raise RemoteError("Tag keys that start with 'aws:' are reserved.", code="InvalidParameterException")
        self.registered.append(sent)
        return self.add(sent)

    def add(self, definition: Mapping[str, Any]) -> str:
        """Store a revision as if CloudFormation had registered it."""
        family = definition["family"]
        revision = 1 + sum(1 for arn in self.stored if arn.rsplit("/", 1)[1].rsplit(":", 1)[0] == family)
        arn = f"{ACCOUNT}:task-definition/{family}:{revision}"
        self.stored[arn] = {
            **_copy(definition),
            "taskDefinitionArn": arn,
            "revision": revision,
            "status": "ACTIVE",
            "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.task-eni"}],
            "compatibilities": ["EC2", "FARGATE"],
            "registeredAt": 1_800_000_000.0,
            "registeredBy": "arn:aws:iam::000000000000:role/cfn",
        }
        return arn

    def images(self, arn: str) -> dict[str, str]:
        """Container name → image reference."""
        return {one["name"]: one["image"] for one in self.stored[arn]["containerDefinitions"]}


def _copy(definition: Mapping[str, Any]) -> dict[str, Any]:
    """What went over a wire: nothing is shared. Several times faster than ``deepcopy``."""
    copied: dict[str, Any] = json.loads(json.dumps(definition))
    return copied
