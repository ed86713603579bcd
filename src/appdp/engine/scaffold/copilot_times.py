"""``on.schedule`` of a scheduled job, as an expression of EventBridge.

See: https://aws.github.io/copilot-cli/docs/manifest/scheduled-job/#on-schedule and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import re
from typing import Final

from appdp.engine.scaffold.spans import to_seconds
from appdp.errors import ConfigurationError

_NAMED: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
_MINUTE: Final = 60


def schedule_expression(value: str) -> str:
    """``cron(…)`` or ``rate(…)``; both are in UTC, as Copilot's are.

    Raises:
        ConfigurationError: it is none, or one that EventBridge cannot have.
    """
    if re.fullmatch(r"(cron|rate)\(.+\)", value):
        return value
    if value.startswith("@every "):
        return _rate(value.removeprefix("@every ").strip())
    fields = _NAMED.get(value, value).split()
    if len(fields) != 5:
        raise ConfigurationError(
            f"on.schedule = {value!r} is no schedule; there are {', '.join(_NAMED)}, '@every 1h30m', rate(…), "
            "and five fields of cron.",
            hint="Correct the manifest and start again.",
        )
    return _cron(value, fields)


def _rate(span: str) -> str:
    length = to_seconds(span)
    if length < _MINUTE or length % _MINUTE:
        raise ConfigurationError(
            f"on.schedule = '@every {span}': EventBridge counts in whole minutes, at least one.",
            hint="Correct the manifest and start again.",
        )
    size, unit = next((size, unit) for size, unit in _UNITS if length % size == 0)
    number = round(length / size)
    return f"rate({number} {unit}{'' if number == 1 else 's'})"


def _cron(value: str, fields: list[str]) -> str:
    minute, hour, day, month, weekday = fields
    if day != "*" and weekday != "*":
        raise ConfigurationError(
            f"on.schedule = {value!r} names a day of the month and a day of the week; EventBridge takes one of them.",
            hint="Correct the manifest and start again.",
        )
    if weekday in ("*", "?"):
        return f"cron({minute} {hour} {day} {month} ? *)"
    return f"cron({minute} {hour} ? {month} {_weekdays(weekday)} *)"


def _weekdays(field: str) -> str:
    """The field with EventBridge's numbers: its Sunday is 1, where cron's is 0 or 7. Steps stay as they are."""
    days, slash, step = field.partition("/")
    return ",".join(dict.fromkeys(day for item in days.split(",") for day in _renumbered(item))) + slash + step


def _renumbered(item: str) -> list[str]:
    first, dash, last = item.partition("-")
    if dash and first.isdigit() and last.isdigit() and int(last) == 7:
        # It ends on a Sunday, with which EventBridge's week begins.
        return [str(day % 7 + 1) for day in range(int(first), 8)]
    return [re.sub(r"\d+", lambda found: str(int(found[0]) % 7 + 1), item)]
