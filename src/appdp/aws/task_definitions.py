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

OUTPUT_ONLY: Final = frozenset(
    {
        "compatibilities",
        "deleteRequestedAt",
        "deregisteredAt",
        "registeredAt",
        "registeredBy",
        "requiresAttributes",
        "revision",
        "status",
        "taskDefinitionArn",
    }
)
"""What DescribeTaskDefinition gives and RegisterTaskDefinition does not take. A test compares it with botocore's model.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
"""


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
        """Register what :meth:`read` gave, changed or not; returns the new revision's ARN.

        Fields that only answers have are left out (:data:`OUTPUT_ONLY`), and so are the tags that AWS itself set:
        ``aws:`` is reserved, and CloudFormation marks what it makes. All else is sent as it is.

        See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html
        """
        request = {key: value for key, value in definition.items() if key not in OUTPUT_ONLY and key != "tags"}
        tags = [tag for tag in definition.get("tags", ()) if not str(tag.get("key", "")).lower().startswith("aws:")]
        if tags:
            request["tags"] = tags
        answer = self._ecs.call("RegisterTaskDefinition", request)
        return str(answer["taskDefinition"]["taskDefinitionArn"])
