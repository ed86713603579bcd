"""A build's log: kept while it runs, in CloudWatch Logs afterwards.

See: https://docs.aws.amazon.com/codebuild/latest/userguide/change-project.html (logs)
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from botocore.exceptions import ClientError

from appdp.local.wire import Clients

_LINE_BYTES = 1024 * 1024
_BATCH = 1000


class BuildLog:
    """The lines that a build printed.

    Args:
        group: the log group, such as ``/aws/codebuild/project``.
        stream: the log stream: the build's id.
        clients: of the embedded AWS.
    """

    def __init__(self, group: str, stream: str, clients: Clients) -> None:
        self._group = group
        self._stream = stream
        self._clients = clients
        self._entries: list[tuple[int, str]] = []

    @property
    def lines(self) -> list[str]:
        """What was printed."""
        return [text for _at, text in self._entries]

    def add(self, text: str) -> None:
        """Add a line."""
        self._entries.append((int(time.time() * 1000), text))

    async def read(self, output: asyncio.StreamReader | None) -> None:
        """Take lines until the output ends."""
        rest = b""
        while output is not None and (piece := await output.read(65536)):
            *lines, rest = (rest + piece[:_LINE_BYTES]).split(b"\n")
            for line in lines:
                self.add(line.decode(errors="replace").rstrip("\r"))
        if rest:
            self.add(rest.decode(errors="replace"))

    def send(self) -> None:
        """Write it to CloudWatch Logs; blocks."""
        logs = self._clients.client("logs")
        for create, names in (
            (logs.create_log_group, {"logGroupName": self._group}),
            (logs.create_log_stream, {"logGroupName": self._group, "logStreamName": self._stream}),
        ):
            with suppress(ClientError):  # it is there already
                create(**names)
        for start in range(0, len(self._entries), _BATCH):
            events = [{"timestamp": at, "message": text or " "} for at, text in self._entries[start : start + _BATCH]]
            logs.put_log_events(logGroupName=self._group, logStreamName=self._stream, logEvents=events)
