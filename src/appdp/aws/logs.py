"""CloudWatch Logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from appdp.aws.errors import code_of, translated

if TYPE_CHECKING:
    from appdp.aws.session import Session


class CloudWatchLogs:
    """Implements :class:`appdp.engine.ports.Logs`. Needs ``logs:GetLogEvents``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @translated("logs")
    def tail(self, group: str, stream: str, lines: int) -> tuple[str, ...]:
        """The last lines of a stream, oldest first; empty when there is no such group or stream."""
        try:
            answer = self._session.logs.get_log_events(
                logGroupName=group, logStreamName=stream, limit=lines, startFromHead=False
            )
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return ()
            raise
        return tuple(event.get("message", "").rstrip("\r\n") for event in answer["events"])[-lines:]
