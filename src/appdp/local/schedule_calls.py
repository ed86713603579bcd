"""Which action of EventBridge Scheduler a request is: its operations are in method and path.

See: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html
"""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import parse_qs, unquote

_ACTIONS: Final = {"GET": "GetSchedule", "PUT": "UpdateSchedule", "POST": "CreateSchedule", "DELETE": "DeleteSchedule"}
_PREFIX: Final = "/schedules/"


def schedule_action(method: str, path: str, query: str, body: bytes) -> tuple[str, str] | None:
    """The action on one schedule, such as ``GetSchedule``, and the end of its ARN; None for any other request."""
    name = unquote(path.removeprefix(_PREFIX))
    if not path.startswith(_PREFIX) or not name or method not in _ACTIONS:
        return None
    asked = parse_qs(query).get("groupName", ["default"])[0]
    group = json.loads(body).get("GroupName", "default") if body else asked
    return _ACTIONS[method], f"schedule/{group}/{name}"
