"""Task definitions as raw JSON, so that fields which the installed SDK does not know survive a clone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from appdp.aws.errors import translated
from appdp.aws.raw import RawJson

if TYPE_CHECKING:
    from appdp.aws.session import Session

_TARGET: Final = "AmazonEC2ContainerServiceV20141113"


class EcsTaskDefinitions:
    """Implements :class:`appdp.engine.ports.TaskDefinitions`. Needs ``ecs:DescribeTaskDefinition``,
    ``ecs:RegisterTaskDefinition``, ``ecs:TagResource`` and ``iam:PassRole``.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @cached_property
    def _ecs(self) -> RawJson:
        return RawJson(self._session, self._session.ecs, _TARGET)

    @translated("ecs")
    def read(self, arn: str) -> dict[str, Any]:
        """``taskDefinition`` as the service sent it, plus its ``tags`` under ``"tags"``."""
        answer = self._ecs.call("DescribeTaskDefinition", {"taskDefinition": arn, "include": ["TAGS"]})
        return {**answer["taskDefinition"], "tags": answer.get("tags", [])}

    @translated("ecs")
    def register(self, definition: Mapping[str, Any]) -> str:
        """Send ``definition`` as it is; returns the new revision's ARN."""
        answer = self._ecs.call("RegisterTaskDefinition", dict(definition))
        return str(answer["taskDefinition"]["taskDefinitionArn"])
