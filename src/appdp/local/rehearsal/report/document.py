"""The report as one HTML file that needs nothing else: styles, drawings, data and the little script are all in it."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Final

from appdp.local.rehearsal.record import ActRecord, RehearsalRecord
from appdp.local.rehearsal.report import words
from appdp.local.rehearsal.report.act_section import badge, column, section
from appdp.local.rehearsal.report.markup import Markup, element, join

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""Content security policy: a browser refuses every request that the file would make."""


def render(record: RehearsalRecord) -> str:
    """The whole file."""
    colours = colours_of(record)
    data = record.to_dict()
    body = element(
        "main",
        _header(record),
        _overview(record),
        _legend(record, colours),
        *(section(act, colours) for act in record.acts),
        _footer(record),
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"Rehearsal of {record.application}: {words.verdict(record)}"),
        element("style", Markup(_asset("report.css"))),
    )
    script = element("script", Markup(_asset("report.js")))
    return f"<!doctype html>\n{element('html', head, element('body', body, _data(data), script), lang='en')}\n"


def colours_of(record: RehearsalRecord) -> dict[str, int]:
    """What responses say → number of its colour, from 1, in the order of the acts."""
    answers = dict.fromkeys(act.answers for act in record.acts)
    return {answer: 1 + number % 8 for number, answer in enumerate(answers)}


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _data(data: dict[str, Any]) -> Markup:
    # In a script element nothing is escaped, so "</script>" in the data must not look like one.
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return element("script", Markup(text), type="application/json", id="data")


def _header(record: RehearsalRecord) -> Markup:
    good = record.as_expected
    return element(
        "header",
        element("p", "appdp rehearsal", class_="eyebrow"),
        element("h1", f"{record.application} / {record.environment}"),
        element(
            "p",
            element("span", "✓" if good else "✗", class_="mark", aria_hidden="true"),
            words.verdict(record),
            class_=f"verdict {'good' if good else 'bad'}",
        ),
        element("p", f"{words.day(record.started_at)} · {record.where.machine}", class_="where"),
        *(element("p", note, class_="note") for note in record.where.notes),
        _cards(record),
    )


def _cards(record: RehearsalRecord) -> Markup:
    loads = [act.traffic for act in record.acts if act.traffic]
    spreads = [spread for act in record.acts if (spread := words.switch_spread(act)) is not None]
    returned = [act.seconds for act in record.acts if act.outcome == "rolled_back"]
    cards = [_card("whole rehearsal", words.seconds(record.ended_at - record.started_at), "duration")]
    if loads:
        sent, failed = sum(load.sent for load in loads), sum(load.failed for load in loads)
        rate = sent / sum(load.seconds for load in loads)
        cards += [
            _card("requests under load", f"{sent:,}", "sent"),
            _card("failed", f"{failed:,}", "failed", "good" if failed == 0 else "bad"),
            _card("requests per second", f"{rate:.0f}", "rate"),
        ]
    if spreads:
        cards.append(_card("services switched within", words.seconds(max(spreads)), "spread"))
    if returned:
        cards.append(_card("a broken release returned after at most", words.seconds(max(returned)), "returned"))
    return element("dl", *cards, class_="cards")


def _card(name: str, value: str, figure: str, kind: str = "") -> Markup:
    return element("div", element("dt", name), element("dd", value, data_figure=figure, class_=kind or None))


def _overview(record: RehearsalRecord) -> Markup:
    titles = ("Act", "What happened", "Ended", "Expected", "Requests", "Failed", "Time")
    head = element("tr", *(column(title, place >= 4) for place, title in enumerate(titles)))
    rows = [_overview_row(act) for act in record.acts]
    return element(
        "section",
        element("h2", "The acts"),
        element(
            "div", element("table", element("thead", head), element("tbody", *rows), class_="overview"), class_="wide"
        ),
    )


def _overview_row(act: ActRecord) -> Markup:
    figure = f"act{act.number}"
    load = act.traffic
    link = element("a", f"{act.number}. {act.title}", href=f"#act{act.number}")
    return element(
        "tr",
        element("th", link, scope="row"),
        element("td", act.happened),
        element("td", badge(act)),
        element(
            "td",
            "✓ yes" if act.as_expected else "✗ no",
            class_="good" if act.as_expected else "bad",
            data_figure=f"{figure}.expected",
        ),
        element("td", f"{load.sent:,}" if load else "–", class_="number", data_figure=f"{figure}.sent"),
        element("td", f"{load.failed:,}" if load else "–", class_="number", data_figure=f"{figure}.failed"),
        element("td", words.seconds(act.seconds), class_="number", data_figure=f"{figure}.seconds"),
    )


def _legend(record: RehearsalRecord, colours: dict[str, int]) -> Markup:
    names = {act.answers: act.release for act in record.acts}
    seen = {name for act in record.acts if act.traffic for service in act.traffic.services for name in service.releases}
    shown = [(answer, number) for answer, number in colours.items() if answer in seen]
    swatches = [
        element("li", element("span", class_=f"swatch release-{number}"), names.get(answer, answer))
        for answer, number in shown
    ]
    swatches.append(element("li", element("span", class_="swatch failed"), "failed request"))
    marks = (
        ("swatch progress-running", "job runs"),
        ("swatch progress-starting", "green starts"),
        ("swatch progress-at_gate", "at the gate"),
        ("swatch progress-shifting", "traffic shifts"),
        ("swatch progress-baking", "bakes"),
        ("swatch progress-failed", "failed"),
        ("swatch progress-returning", "returns"),
    )
    swatches += [element("li", element("span", class_=kind), text) for kind, text in marks]
    text = (
        "Each drawing has one time axis, in seconds since the command, or since a pipeline came to the deployment. "
        "Bars show what the engine said of each job and service, the thin strip below a bar what ECS said (point at it "
        "for the stage's name). Areas show responses per second on the production listener, by the release that "
        "answered."
    )
    return element("section", element("ul", *swatches, class_="legend"), element("p", text, class_="how"))


def _footer(record: RehearsalRecord) -> Markup:
    versions = ", ".join(f"{name} {version}" for name, version in record.where.versions.items())
    return element(
        "footer",
        element("p", join("Mode: ", record.where.mode, ". ", versions, ".")),
        element("p", "This file is complete: it loads nothing. Its raw data is the JSON in the element #data."),
    )
