"""The drawing of one act: phases, services and traffic on one time axis. Values in, SVG out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from appdp.local.rehearsal.record import ActRecord, Lane, ServiceTraffic, Span
from appdp.local.rehearsal.report import words
from appdp.local.rehearsal.report.markup import Markup, element, join
from appdp.local.rehearsal.report.scale import Scale, ticks
from appdp.local.rehearsal.traffic import FAILED

WIDTH: Final = 1120
LEFT: Final = 128
RIGHT: Final = 16
TOP: Final = 46
BAR: Final = 22
STRIP: Final = 7
LANE: Final = 42
CHART: Final = 84
CHART_GAP: Final = 22
CHARACTER: Final = 6.4
"""Width of a character of a label, roughly: a label is drawn inside its bar only where it fits."""

_PROGRESS_WORDS: Final = {
    "waiting": "waiting",
    "registered": "registered",
    "starting": "green starts",
    "at_gate": "at the gate",
    "shifting": "traffic shifts",
    "baking": "bakes",
    "succeeded": "done",
    "failed": "failed",
    "returning": "returns",
    "returned": "back as before",
    "unchanged": "unchanged",
    "running": "job runs",
    "stopping": "is stopped",
    "stopped": "was stopped",
}
_QUIET: Final = frozenset({"waiting", "registered"})


@dataclass(frozen=True, slots=True)
class Frame:
    """Where things go: the time scale and the height of the whole drawing."""

    time: Scale
    height: float

    @property
    def bottom(self) -> float:
        """The lower end of lanes and charts."""
        return self.height - 8


def draw(act: ActRecord, colours: Mapping[str, int]) -> Markup:
    """The act's figure.

    Args:
        act: what happened.
        colours: release, as responses say it → number of its colour.
    """
    frame = _frame(act)
    top = float(TOP)
    parts: list[Markup | None] = [_axis(act, frame), _phase_row(act, frame, top)]
    top += LANE - 8
    for lane in act.lanes:
        parts.append(_lane(lane, frame, top))
        top += LANE
    top += 6
    for service in act.traffic.services if act.traffic else ():
        parts.append(_chart(act, service, frame, top, colours))
        top += CHART + CHART_GAP
    parts.append(_gate(act, frame))
    return element(
        "svg",
        element("title", f"Act {act.number}: {act.title}"),
        element("desc", describe(act)),
        *parts,
        element("line", class_="cross", x1=0, x2=0, y1=TOP - 14, y2=frame.bottom, visibility="hidden"),
        class_="figure",
        viewBox=f"0 0 {WIDTH} {frame.height:g}",
        role="img",
        data_act=act.number,
        data_x0=LEFT,
        data_x1=WIDTH - RIGHT,
        data_t0=frame.time.first,
        data_t1=frame.time.last,
    )


def describe(act: ActRecord) -> str:
    """The figure in words, for those who cannot see it."""
    parts = [f"{span.name} {words.seconds(span.end - span.start)}" for span in act.phases]
    text = "Phases: " + ", ".join(parts) + "." if parts else "No phases."
    for service in act.traffic.services if act.traffic else ():
        answered = ", ".join(f"{count} from {name}" for name, count in service.releases.items())
        text += f" {service.service}: {service.sent} requests, {service.failed} failed, responses {answered or 'none'}."
    return text


def _frame(act: ActRecord) -> Frame:
    first, last = act.started_at, max(act.ended_at, act.started_at + 1)
    charts = 0
    if act.traffic:
        first = min(first, act.traffic.bins_from)
        last = max(last, act.traffic.bins_from + act.traffic.seconds)
        charts = len(act.traffic.services)
    height = TOP + (LANE - 8) + LANE * len(act.lanes) + 6 + charts * (CHART + CHART_GAP) + 8
    return Frame(Scale(first, last, LEFT, WIDTH - RIGHT), height)


def _axis(act: ActRecord, frame: Frame) -> Markup:
    first, last = frame.time.first - act.started_at, frame.time.last - act.started_at
    lines = []
    for tick in ticks(first, last, 14):
        x = frame.time(act.started_at + tick)
        lines.append(element("line", class_="grid", x1=x, x2=x, y1=TOP - 14, y2=frame.bottom))
        lines.append(element("text", f"{tick:g} s", class_="tick", x=x, y=TOP - 20, text_anchor="middle"))
    return element("g", *lines)


def _phase_row(act: ActRecord, frame: Frame, top: float) -> Markup:
    bars = [_bar(span, span.name, f"phase phase-{span.name}", frame, top) for span in act.phases]
    return element("g", _label("engine", top), *bars)


def _lane(lane: Lane, frame: Frame, top: float) -> Markup:
    bars = [
        _bar(span, _PROGRESS_WORDS.get(span.name, span.name), f"progress progress-{span.name}", frame, top)
        for span in lane.progress
        if span.name not in _QUIET
    ]
    strips = [_strip(span, frame, top + BAR + 2) for span in lane.stages]
    return element("g", _label(lane.service, top), *bars, *strips)


def _bar(span: Span, text: str, kind: str, frame: Frame, top: float) -> Markup:
    left, right = frame.time.inside(span.start), frame.time.inside(span.end)
    width = max(right - left, 1.5)
    label = None
    if width >= len(text) * CHARACTER + 8:
        label = element("text", text, class_="inside", x=left + 6, y=top + BAR / 2 + 4)
    tip = element("title", f"{text}: {words.seconds(span.end - span.start)}")
    box = element("rect", tip, x=left, y=top, width=width - 0.75, height=BAR, rx=3)
    return element("g", box, label, class_=kind)


def _strip(span: Span, frame: Frame, top: float) -> Markup:
    left, right = frame.time.inside(span.start), frame.time.inside(span.end)
    tip = element("title", f"ECS: {span.name} {words.seconds(span.end - span.start)}")
    kind = "stage stage-gate" if span.name == "POST_TEST_TRAFFIC_SHIFT" else "stage"
    kind = "stage stage-back" if span.name == "ROLLBACK" else kind
    return element("rect", tip, class_=kind, x=left, y=top, width=max(right - left - 0.75, 1), height=STRIP, rx=1.5)


def _label(text: str, top: float) -> Markup:
    return element("text", text, class_="label", x=LEFT - 12, y=top + BAR / 2 + 4, text_anchor="end")


def _gate(act: ActRecord, frame: Frame) -> Markup | None:
    if act.gate_opened_at is None:
        return None
    x = frame.time.inside(act.gate_opened_at)
    return element(
        "g",
        element("line", x1=x, x2=x, y1=TOP - 12, y2=frame.bottom),
        element("text", "gate opens", x=x, y=TOP - 33, text_anchor="middle"),
        element("path", d=f"M{x - 4:.1f} {TOP - 12} h8 l-4 6 z"),
        class_="gate",
    )


def _chart(act: ActRecord, service: ServiceTraffic, frame: Frame, top: float, colours: Mapping[str, int]) -> Markup:
    assert act.traffic is not None  # noqa: S101 - the caller iterates over its services
    width = act.traffic.bin_seconds
    bins = len(next(iter(service.series.values()), ()))
    stacked = [0.0] * bins
    highest = max([sum(counts) / width for counts in zip(*service.series.values(), strict=True)] or [1.0])
    high = Scale(0, highest * 1.08 or 1.0, top + CHART, top)
    areas = []
    for name in sorted(service.series, key=lambda key: (key == FAILED, colours.get(key, 99))):
        upper = [below + count / width for below, count in zip(stacked, service.series[name], strict=True)]
        places = [frame.time.inside(act.traffic.bins_from + number * width) for number in range(bins + 1)]
        kind = "area failed" if name == FAILED else f"area release-{colours.get(name, 0)}"
        tip = element("title", f"{service.service}: {name if name == FAILED else 'release ' + name}")
        areas.append(element("path", tip, class_=kind, d=_steps(places, stacked, upper, high)))
        stacked = upper
    return element("g", _chart_axis(service, high, top), *areas, _switch(service, frame, top))


def _steps(places: list[float], lower: list[float], upper: list[float], high: Scale) -> str:
    there = [f"{places[i]:.1f} {high(v):.1f} {places[i + 1]:.1f} {high(v):.1f}" for i, v in enumerate(upper)]
    back = [
        f"{places[i + 1]:.1f} {high(v):.1f} {places[i]:.1f} {high(v):.1f}" for i, v in reversed(list(enumerate(lower)))
    ]
    return f"M{' L'.join([*there, *back])} Z"


def _chart_axis(service: ServiceTraffic, high: Scale, top: float) -> Markup:
    lines: list[Markup] = []
    for value in ticks(0, high.last, 3):
        y = high(value)
        lines.append(element("line", class_="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y))
        lines.append(element("text", f"{value:g}", class_="tick", x=LEFT - 6, y=y + 3.5, text_anchor="end"))
    name = element("text", service.service, class_="label", x=LEFT - 40, y=top + CHART / 2, text_anchor="end")
    unit = element("text", "requests/s", class_="tick", x=LEFT - 40, y=top + CHART / 2 + 15, text_anchor="end")
    return join(*lines, name, unit)


def _switch(service: ServiceTraffic, frame: Frame, top: float) -> Markup | None:
    if service.switched_at is None or service.last_before_at is None:
        return None
    x = frame.time.inside(service.switched_at)
    end = x > WIDTH - 140
    return element(
        "g",
        element("line", x1=x, x2=x, y1=top - 10, y2=top + CHART),
        element("text", "switch", x=x - 5 if end else x + 5, y=top - 3, text_anchor="end" if end else "start"),
        class_="switch",
    )
