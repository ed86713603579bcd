"""Where a container's log is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def stream_of(container: Mapping[str, Any]) -> tuple[str, str] | None:
    """Log group and stream prefix of a container that logs with awslogs; a stream is ``prefix/container/task id``.

    See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
    """
    configuration = container.get("logConfiguration") or {}
    options = configuration.get("options") or {}
    group, prefix = options.get("awslogs-group"), options.get("awslogs-stream-prefix")
    return (group, prefix) if configuration.get("logDriver") == "awslogs" and group and prefix else None
