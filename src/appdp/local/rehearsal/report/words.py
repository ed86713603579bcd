"""What the report says in words and numbers. Pure; every sentence here is about one record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from appdp.local.rehearsal.record import ActRecord, Lane, RehearsalRecord

OUTCOMES = {
    "succeeded": "succeeded",
    "rolled_back": "returned",
    "nothing_to_do": "nothing to do",
    "failed": "failed",
    "refused": "refused",
    "none": "did not end",
}
"""How the report calls outcomes."""

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def counted(number: int, noun: str) -> str:
    """``six acts``, ``1,024 requests``."""
    word = NUMBERS[number] if 0 <= number < len(NUMBERS) else f"{number:,}"
    return f"{word} {noun}{'' if number == 1 else 's'}"


def seconds(value: float) -> str:
    """``0.42 s``, ``12.3 s``, ``2 min 5 s``."""
    if value >= 100:
        return f"{int(value) // 60} min {int(value) % 60} s"
    return f"{value:.1f} s" if value >= 10 else f"{value:.2f} s"


def milliseconds(value: float) -> str:
    """``4 ms``, ``0.8 ms``."""
    return f"{value * 1000:,.0f} ms" if value >= 0.01 else f"{value * 1000:.1f} ms"


def day(at: float) -> str:
    """``23 November 2026, 08:15 UTC``."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def verdict(record: RehearsalRecord) -> str:
    """One line on the whole rehearsal."""
    total = record.planned_acts
    good = sum(act.as_expected for act in record.acts)
    if good == total:
        return f"All {counted(total, 'act')} as expected" if total > 1 else "One act, as expected"
    if len(record.acts) < total:
        return f"Stopped after {len(record.acts)} of {counted(total, 'act')}; {counted(good, 'act')} as expected"
    return f"{good} of {counted(total, 'act')} as expected".capitalize()


def waits(act: ActRecord) -> tuple[str, ...]:
    """Who stood at the gate, for how long, and for whom."""
    waiting = [(lane, lane.waited) for lane in act.lanes if lane.waited is not None]
    if not waiting:
        return ()
    last = min(waiting, key=lambda pair: pair[1])[0]
    absent = tuple(lane.service for lane in act.lanes if lane.waited is None and _has_green(lane))
    sentences = []
    for lane, waited in sorted(waiting, key=lambda pair: -pair[1]):
        sentences.append(f"{lane.service} stood at the gate for {seconds(waited)}{_for_whom(lane, last, absent, act)}")
    return tuple(sentences)


def _has_green(lane: Lane) -> bool:
    return any(span.name in ("starting", "failed", "returning") for span in lane.progress)


def _for_whom(lane: Lane, last: Lane, absent: Sequence[str], act: ActRecord) -> str:
    if act.gate_opened_at is None:
        names = " and ".join(absent)
        return f", waiting for {names}; the gate never opened." if names else "; the gate never opened."
    if lane is last:
        return ": it came last, and passed when the engine opened the gate."
    return f": until {last.service} was ready too, and the engine opened the gate for both at once."


def switch_spread(act: ActRecord) -> float | None:
    """Seconds between the first and the last service's switch; None unless at least two switched."""
    switched = [
        service.switched_at
        for service in (act.traffic.services if act.traffic else ())
        if service.switched_at is not None
    ]
    return max(switched) - min(switched) if len(switched) > 1 else None
