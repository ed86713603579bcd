"""CloudWatch Logs: what containers said lately."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from appdp.aws.errors import code_of, translated
from appdp.engine.log_events import LogEvent

if TYPE_CHECKING:
    from appdp.aws.session import Session


class CloudWatchLogEvents:
    """Implements :class:`appdp.engine.log_events.LogEvents`. Needs ``logs:FilterLogEvents``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @translated("logs")
    def since(self, group: str, prefix: str, at: float) -> tuple[LogEvent, ...]:
        """What the streams whose names begin with ``prefix`` said since then, oldest first; empty without a group."""
        pages = self._session.logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, logStreamNamePrefix=prefix, startTime=max(0, int(at * 1000))
        )
        try:
            found = [
                LogEvent(
                    id=event.get("eventId", ""),
                    at=event.get("timestamp", 0) / 1000,
                    stream=event.get("logStreamName", ""),
                    message=event.get("message", "").rstrip("\r\n"),
                )
                for page in pages
                for event in page["events"]
                # The embedded AWS does not know the prefix.
                if event.get("logStreamName", "").startswith(prefix)
            ]
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return ()
            raise
        return tuple(sorted(found, key=lambda event: event.at))
