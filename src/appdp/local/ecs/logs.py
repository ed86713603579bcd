"""The ``awslogs`` driver: what containers write goes to CloudWatch Logs, in batches.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from appdp.local.ecs.supervision import Calls
from appdp.local.wire import Caller

_LOG = logging.getLogger(__name__)
_FLUSH_SECONDS = 0.25
_BATCH = 500


class LogFailure(Exception):
    """A log stream could not be made; the text is ECS's."""


class LogStream:
    """One container's stream. Lines may be added from any thread."""

    def __init__(self, group: str, stream: str, caller: Caller) -> None:
        self.group = group
        self.stream = stream
        self.caller = caller
        self._lines: deque[tuple[int, str]] = deque()
        self.sending = asyncio.Lock()

    def add(self, line: str) -> None:
        """Add one line."""
        self._lines.append((int(time.time() * 1000), line))

    def take(self) -> list[dict[str, Any]]:
        """Up to a batch of lines, oldest first, as PutLogEvents wants them; empty lines are left out, as there."""
        taken: list[dict[str, Any]] = []
        while self._lines and len(taken) < _BATCH:
            at, text = self._lines.popleft()
            if text:
                taken.append({"timestamp": at, "message": text})
        return taken


class LogDriver:
    """Makes streams and ships their lines a few times per second."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._streams: set[LogStream] = set()
        self._lock = threading.Lock()

    async def open(self, container: Mapping[str, Any], task: str, caller: Caller) -> LogStream | None:
        """The container's stream, made; None when its log goes nowhere.

        Raises:
            LogFailure: the log group does not exist and must not be created.
        """
        configuration = container.get("logConfiguration") or {}
        if configuration.get("logDriver") != "awslogs":
            return None
        options = configuration.get("options") or {}
        group = str(options.get("awslogs-group", ""))
        where = Caller(account=caller.account, region=str(options.get("awslogs-region") or caller.region))
        prefix = options.get("awslogs-stream-prefix")
        name = f"{prefix}/{container['name']}/{task}" if prefix else task
        if str(options.get("awslogs-create-group", "false")).lower() == "true":
            await self._create_group(group, where)
        await self._create_stream(group, name, where)
        stream = LogStream(group, name, where)
        self._streams.add(stream)
        return stream

    async def ship(self) -> None:
        """Send what was written, again and again; never returns."""
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            await asyncio.gather(*(self.flush(stream) for stream in tuple(self._streams)))

    async def flush(self, stream: LogStream) -> None:
        """Send what a stream holds now."""
        async with stream.sending:
            while lines := stream.take():
                try:
                    await self._calls(
                        "logs",
                        "put_log_events",
                        stream.caller,
                        logGroupName=stream.group,
                        logStreamName=stream.stream,
                        logEvents=lines,
                    )
                except (ClientError, BotoCoreError) as error:
                    _LOG.warning("%d log lines of %s/%s are lost: %s", len(lines), stream.group, stream.stream, error)

    async def close(self, stream: LogStream) -> None:
        """Send the rest of a stream and forget it."""
        self._streams.discard(stream)
        await self.flush(stream)

    async def _create_group(self, group: str, caller: Caller) -> None:
        try:
            await self._calls("logs", "create_log_group", caller, logGroupName=group)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
                raise _failure(error) from error

    async def _create_stream(self, group: str, stream: str, caller: Caller) -> None:
        try:
            await self._calls("logs", "create_log_stream", caller, logGroupName=group, logStreamName=stream)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
                raise _failure(error) from error


def _failure(error: ClientError) -> LogFailure:
    told = error.response["Error"]
    return LogFailure(
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
        f"failed to create Cloudwatch log stream: {told['Code']}: {told['Message']}"
    )
