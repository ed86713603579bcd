"""The report: what it says is what the data says, and it needs nothing but itself."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from tests.unit.local.rehearsal.sample import rehearsal

from appdp.local.rehearsal.report import figure, render, words
from appdp.local.rehearsal.report.document import colours_of
from appdp.local.rehearsal.report.markup import Markup, element, join
from appdp.local.rehearsal.report.scale import Scale, step, ticks


class Figures(HTMLParser):
    """Collects the text of every element that has ``data-figure``, and the JSON of ``#data``."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.shown: dict[str, str] = {}
        self._data: list[str] = []
        self._open: str | None = None
        self._in_data = False
        self.feed(page)

    @property
    def data(self) -> dict[str, object]:
        parsed: dict[str, object] = json.loads("".join(self._data))
        return parsed

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._in_data = given.get("id") == "data"
        if tag == "br":
            return
        if "data-figure" in given:
            self._open = str(given["data-figure"])
            self.shown[self._open] = ""

    def handle_endtag(self, tag: str) -> None:
        self._open, self._in_data = None, False

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self._data.append(data)
        elif self._open:
            self.shown[self._open] += data


def test_numbers_shown_are_the_data_s() -> None:
    record = rehearsal(failed=7)
    shown = Figures(render(record)).shown
    loads = [act.traffic for act in record.acts if act.traffic]
    assert shown["sent"] == f"{sum(load.sent for load in loads):,}" == "14,887"
    assert shown["failed"] == "7"
    assert shown["duration"] == "1 min 52 s"
    assert shown["spread"] == "0.18 s"
    assert shown["returned"] == "26.0 s"
    assert (shown["act2.sent"], shown["act2.failed"], shown["act2.expected"]) == ("7,447", "7", "✗ no")
    assert (shown["act1.sent"], shown["act1.failed"]) == ("–", "–")
    assert (shown["act2.storefront.sent"], shown["act2.storefront.failed"]) == ("3,727", "7")
    assert shown["act2.api.releases"] == "1: 2,4802: 1,240"
    assert shown["act2.total.sent"] == "7,447"


def test_the_data_is_in_the_file_whole() -> None:
    record = rehearsal()
    assert Figures(render(record)).data == json.loads(json.dumps(record.to_dict()))


def test_nothing_is_loaded_from_anywhere() -> None:
    page = render(rehearsal())
    assert "default-src &#x27;none&#x27;" in page
    assert not re.findall(r"https?://|//[a-z]+\.|\bsrc=|@import|url\(", page)
    assert set(re.findall(r'href="([^"]*)"', page)) == {"#act1", "#act2", "#act3"}


def test_a_push_shows_its_pipeline() -> None:
    page = render(rehearsal())
    assert "appdp-shop-main: succeeded" in page
    assert "<span>Build-arm64</span> <b>4.60 s</b>" in page
    assert "api: 4 steps from the cache, &lt;1&gt; built" in page
    assert page.count("What the builds said") == 1


def test_an_act_that_started_nothing_has_no_drawing() -> None:
    record = rehearsal()
    nothing = replace(record.acts[0], outcome="no_pipeline", phases=(), lanes=(), happened="Branch 'x' starts nothing.")
    page = render(replace(record, acts=(nothing, *record.acts[1:])))
    assert page.count("<svg") == 2
    assert "started nothing" in page


def test_what_containers_write_cannot_become_markup() -> None:
    record = rehearsal()
    evil = replace(record.acts[2], failure="</script><script>alert(1)</script>", happened="<b>&")
    page = render(replace(record, acts=(*record.acts[:2], evil)))
    assert "<script>alert" not in page
    assert page.count("</script>") == 2
    assert "&lt;b&gt;&amp;" in page


def test_drawings_are_well_formed_and_described() -> None:
    record = rehearsal(failed=3)
    for act in record.acts:
        drawing = ElementTree.fromstring(figure.draw(act, colours_of(record)))  # noqa: S314 - our own drawing
        assert drawing.findtext("title") == f"Act {act.number}: {act.title}"
        assert "Phases: prepare" in str(drawing.findtext("desc"))
    assert "storefront: 3723 requests, 3 failed, responses 2480 from 1, 1240 from 2." in figure.describe(record.acts[1])


def test_a_job_is_drawn_above_the_services() -> None:
    record = rehearsal()
    drawing = ElementTree.fromstring(figure.draw(record.acts[1], colours_of(record)))  # noqa: S314 - our own drawing
    labels = [text.text for text in drawing.iter("text") if text.attrib.get("class") == "label"]
    assert labels[:3] == ["engine", "migrate", "api"]
    assert [
        group.findtext("rect/title") for group in drawing.iter("g") if "progress-running" in group.get("class", "")
    ] == ["job runs: 0.80 s"]
    assert "swatch progress-running" in render(record)


def test_everything_is_drawn_inside_the_drawing() -> None:
    record = rehearsal()
    for act in record.acts:
        drawing = ElementTree.fromstring(figure.draw(act, colours_of(record)))  # noqa: S314 - our own drawing
        _, _, width, height = (float(value) for value in drawing.attrib["viewBox"].split())
        for box in drawing.iter("rect"):
            left, top = float(box.attrib["x"]), float(box.attrib["y"])
            assert 0 <= left <= left + float(box.attrib["width"]) <= width
            assert 0 <= top <= top + float(box.attrib["height"]) <= height


def test_the_verdict() -> None:
    record = rehearsal()
    assert words.verdict(record) == "All three acts as expected"
    assert words.verdict(rehearsal(failed=1)) == "2 of three acts as expected"
    assert words.verdict(replace(record, planned_acts=6)) == "Stopped after 3 of six acts; three acts as expected"
    assert words.verdict(replace(record, acts=record.acts[:1], planned_acts=1)) == "One act, as expected"
    assert not replace(record, planned_acts=6).as_expected


def test_who_waited_for_whom() -> None:
    second = rehearsal().acts[1]
    assert words.waits(second) == (
        "storefront waited 3.10 s at the gate for api.",
        "api came last, 6.00 s before the time at which the engine opened it for all.",
    )
    shut = replace(second, gate_opened_at=None, lanes=(second.lanes[2], replace(second.lanes[1], waited=None)))
    assert words.waits(shut) == ("storefront stood at the gate for 9.10 s, waiting for api; the gate never opened.",)
    both = replace(second, lanes=tuple(replace(lane, waited=6.0) for lane in second.lanes[1:3]))
    assert words.waits(both)[0].startswith("api and storefront came to the gate together, 6.00 s before")
    assert words.waits(rehearsal().acts[0]) == ()


@pytest.mark.parametrize(
    ("value", "text"), [(0.184, "0.18 s"), (12.34, "12.3 s"), (99.94, "99.9 s"), (125.0, "2 min 5 s")]
)
def test_seconds(value: float, text: str) -> None:
    assert words.seconds(value) == text


def test_milliseconds_and_days() -> None:
    assert (words.milliseconds(0.0042), words.milliseconds(0.25)) == ("4.2 ms", "250 ms")
    assert words.day(1_795_420_000.0) == "23 November 2026, 07:46 UTC"


def test_markup_escapes_what_is_not_markup() -> None:
    assert element("p", "a<b", element("br"), None, class_="x", title='"', data_x=1.0) == Markup(
        '<p class="x" title="&quot;" data-x="1">a&lt;b<br></p>'
    )
    assert join("a&b", Markup("<i>")) == "a&amp;b<i>"


@pytest.mark.parametrize(("span", "expected"), [(10, 1), (11, 2), (0.9, 0.1), (250, 50), (0, 1)])
def test_round_steps(span: float, expected: float) -> None:
    assert step(span, 10) == pytest.approx(expected)


def test_ticks_and_scales() -> None:
    assert ticks(-2, 3, 5) == (-2, -1, 0, 1, 2, 3)
    scale = Scale(0, 10, 100, 200)
    assert (scale(5), scale.inside(-1), scale.inside(99)) == (150, 100, 200)
    assert Scale(1, 1, 100, 200)(1) == 100


def test_a_rehearsal_without_load_has_no_figures_about_load() -> None:
    record = rehearsal()
    page = render(replace(record, acts=record.acts[:1], planned_acts=1))
    assert set(Figures(page).shown) == {"duration", "act1.expected", "act1.sent", "act1.failed", "act1.seconds"}
