"""Amazon CloudWatch alarms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from appdp.aws.errors import translated

if TYPE_CHECKING:
    from appdp.aws.session import Session

_NAMES: Final = 100
"""Alarms that a DescribeAlarms call takes by name, and returns at most.

See: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
"""


class CloudWatchAlarms:
    """Implements :class:`appdp.engine.ports.Alarms`. Needs ``cloudwatch:DescribeAlarms``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @translated("cloudwatch")
    def in_alarm(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of the alarms that are in ALARM now, sorted; ones that do not exist are not."""
        red: set[str] = set()
        wanted = sorted(set(names))
        for start in range(0, len(wanted), _NAMES):
            answer = self._session.cloudwatch.describe_alarms(
                AlarmNames=wanted[start : start + _NAMES],
                StateValue="ALARM",
                AlarmTypes=["MetricAlarm", "CompositeAlarm"],
                MaxRecords=_NAMES,
            )
            red |= {alarm["AlarmName"] for alarm in (*answer["MetricAlarms"], *answer["CompositeAlarms"])}
        return tuple(sorted(red))
