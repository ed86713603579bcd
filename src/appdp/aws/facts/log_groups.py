"""Amazon CloudWatch Logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appdp.aws.errors import translated
from appdp.errors import RemoteError

if TYPE_CHECKING:
    from appdp.aws.session import Session


class CloudWatchLogGroups:
    """Implements :class:`appdp.engine.verify.ports.LogGroups`. Needs ``logs:DescribeLogGroups``."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._client: Any = session.logs

    @translated("logs")
    def exists(self, name: str, region: str) -> bool:
        """Whether there is a log group of exactly this name."""
        if region not in ("", self._session.region()):
            raise RemoteError(
                f"Log group {name} is in {region}, and only {self._session.region()} is asked.",
                hint="Look for it there: aws logs describe-log-groups.",
            )
        pages = self._client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
        return any(group["logGroupName"] == name for page in pages for group in page["logGroups"])
