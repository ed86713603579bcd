"""Amazon CloudWatch alarms."""

from __future__ import annotations

from typing import Any, Final

from appdp.aws.errors import translated
from appdp.aws.facts.chunks import chunks
from appdp.engine.verify.ports import Ids, Item

_NAMES: Final = 100
"""See: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html"""


class CloudWatchAlarms:
    """Implements :class:`appdp.engine.verify.ports.Alarms`. Needs ``cloudwatch:DescribeAlarms``."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401  (no stubs)
        self._client = client

    @translated("cloudwatch")
    def alarms(self, names: Ids) -> dict[str, Item]:
        """``DescribeAlarms``, metric and composite, by name."""
        found: dict[str, Item] = {}
        for chunk in chunks(names, _NAMES):
            kinds = ["MetricAlarm", "CompositeAlarm"]
            answer = self._client.describe_alarms(AlarmNames=chunk, AlarmTypes=kinds, MaxRecords=_NAMES)
            both = [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]
            found |= {alarm["AlarmName"]: alarm for alarm in both}
        return found
