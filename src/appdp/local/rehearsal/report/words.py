"""What the report says in words and numbers. Pure; every sentence here is about one record."""

from __future__ import annotations

from datetime import UTC, datetime

from appdp.local.rehearsal.record import ActRecord, Lane, RehearsalRecord

OUTCOMES = {
    "succeeded": "succeeded",
    "rolled_back": "returned",
    "nothing_to_do": "nothing to do",
    "failed": "failed",
    "refused": "refused",
    "none": "did not end",
    "no_pipeline": "started nothing",
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


TOGETHER = 0.5
"""Services that come to the gate within half a second of each other came together: it is looked at that often."""


def waits(act: ActRecord) -> tuple[str, ...]:
    """Who stood at the gate, for how long, and for whom."""
    waiting = sorted((lane for lane in act.lanes if lane.waited is not None), key=_waited, reverse=True)
    if not waiting:
        return ()
    if act.gate_opened_at is None:
        absent = " and ".join(lane.service for lane in act.lanes if lane.waited is None and _has_green(lane))
        return tuple(
            f"{lane.service} stood at the gate for {seconds(_waited(lane))}, waiting for {absent or 'the engine'}; "
            "the gate never opened."
            for lane in waiting
        )
    last = waiting[-1]
    before = [lane for lane in waiting if _waited(lane) - _waited(last) > TOGETHER]
    together = [lane.service for lane in waiting if lane not in before]
    came = f"{' and '.join(together)} came {'to the gate together' if len(together) > 1 else 'last'}"
    return (
        *(
            f"{lane.service} waited {seconds(_waited(lane) - _waited(last))} at the gate for {last.service}."
            for lane in before
        ),
        f"{came}, {seconds(_waited(last))} before the time at which the engine opened it for all.",
    )


def _waited(lane: Lane) -> float:
    return lane.waited or 0.0


def _has_green(lane: Lane) -> bool:
    return any(span.name in ("starting", "failed", "returning") for span in lane.progress)


def switch_spread(act: ActRecord) -> float | None:
    """Seconds between the first and the last service's switch; None unless at least two switched."""
    switched = [
        service.switched_at
        for service in (act.traffic.services if act.traffic else ())
        if service.switched_at is not None
    ]
    return max(switched) - min(switched) if len(switched) > 1 else None
