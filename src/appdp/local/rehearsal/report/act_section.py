"""One act in the report: what happened, the drawing, why it failed, the checks, the numbers, the story."""

from __future__ import annotations

from collections.abc import Mapping

from appdp.local.rehearsal.record import ActRecord, ActTraffic, ServiceTraffic
from appdp.local.rehearsal.report import figure, words
from appdp.local.rehearsal.report.markup import Markup, element, join


def section(act: ActRecord, colours: Mapping[str, int]) -> Markup:
    """The whole section."""
    return element(
        "section",
        element("h2", element("span", str(act.number), class_="act-number"), act.title, " ", badge(act)),
        element("p", element("code", f"$ {act.command}"), class_="command"),
        element("p", act.happened, class_="happened"),
        _pipeline(act),
        _drawing(act, colours),
        _waits(act),
        _failure(act),
        element("div", _checks(act), _numbers(act), class_="columns"),
        _story(act),
        id=f"act{act.number}",
        class_="act",
    )


def _drawing(act: ActRecord, colours: Mapping[str, int]) -> Markup | None:
    if not act.phases:
        return None
    return element("div", figure.draw(act, colours), element("div", class_="tip", hidden=""), class_="drawing")


def column(title: str, number: bool) -> Markup:
    """The head of a column; numbers stand at the right."""
    return element("th", title, scope="col", class_="number" if number else None)


def badge(act: ActRecord) -> Markup:
    """How the deployment ended, coloured by whether that was expected."""
    kind = "good" if act.as_expected else "bad"
    return element("span", words.OUTCOMES.get(act.outcome, act.outcome), class_=f"badge {kind}")


def _pipeline(act: ActRecord) -> Markup | None:
    """What the push started: how long each action took, and what the builds said."""
    run = act.pipeline
    if run is None:
        return None
    steps = [
        element("li", element("span", span.name), " ", element("b", words.seconds(span.end - span.start)))
        for span in run.actions
    ]
    log = element("pre", "\n".join((*run.log, *run.approved)), tabindex=0)
    return element(
        "div",
        element("p", f"{run.pipeline}: {run.status.lower()}"),
        element("ol", *steps),
        element("details", element("summary", "What the builds said"), log) if run.log else None,
        class_="pipeline",
    )


def _waits(act: ActRecord) -> Markup | None:
    sentences = words.waits(act)
    if not sentences:
        return None
    return element("ul", *(element("li", sentence) for sentence in sentences), class_="waits")


def _failure(act: ActRecord) -> Markup | None:
    if not act.failure:
        return None
    return element(
        "div", element("h3", "Why, as the command said it"), element("pre", act.failure, tabindex=0), class_="failure"
    )


def _checks(act: ActRecord) -> Markup:
    rows = [
        element(
            "li",
            element("span", "✓" if check.passed else "✗", class_="mark", aria_hidden="true"),
            element("span", "passed: " if check.passed else "failed: ", class_="hidden"),
            element("span", check.name),
            element("span", check.seen, class_="seen"),
            class_="good" if check.passed else "bad",
        )
        for check in act.checks
    ]
    return element("div", element("h3", "Expected, and seen"), element("ul", *rows, class_="checks"))


def _numbers(act: ActRecord) -> Markup | None:
    load = act.traffic
    if load is None:
        return None
    titles = ("Service", "Requests", "Failed", "Median", "99 %", "Slowest", "By release")
    head = element("tr", *(column(title, 1 <= place <= 5) for place, title in enumerate(titles)))
    rows = [_number_row(act, service) for service in load.services]
    return element(
        "div",
        element("h3", "Requests on the production listener"),
        element(
            "div",
            element("table", element("thead", head), element("tbody", *rows, _total_row(act, load))),
            class_="wide",
        ),
        element("p", _load_note(load), class_="how"),
    )


def _number_row(act: ActRecord, service: ServiceTraffic) -> Markup:
    figure_name = f"act{act.number}.{service.service}"
    answered = [part for name, count in service.releases.items() for part in (element("br"), f"{name}: {count:,}")][1:]
    failures = ", ".join(f"{status}: {count:,}" for status, count in service.failures.items())
    return element(
        "tr",
        element("th", service.service, scope="row"),
        element("td", f"{service.sent:,}", class_="number", data_figure=f"{figure_name}.sent"),
        element(
            "td",
            f"{service.failed:,}",
            class_="number" if not service.failed else "number bad",
            title=failures or None,
            data_figure=f"{figure_name}.failed",
        ),
        element("td", words.milliseconds(service.p50), class_="number"),
        element("td", words.milliseconds(service.p99), class_="number"),
        element("td", words.milliseconds(service.slowest), class_="number"),
        element("td", *(answered or ["–"]), data_figure=f"{figure_name}.releases"),
    )


def _total_row(act: ActRecord, load: ActTraffic) -> Markup:
    return element(
        "tr",
        element("th", "all", scope="row"),
        element("td", f"{load.sent:,}", class_="number", data_figure=f"act{act.number}.total.sent"),
        element("td", f"{load.failed:,}", class_="number", data_figure=f"act{act.number}.total.failed"),
        element("td", join(f"{load.rate:.0f} requests/s over {words.seconds(load.seconds)}"), colspan=4),
        class_="total",
    )


def _load_note(load: ActTraffic) -> str:
    return (
        "Sent at a fixed rate, whatever the answers did; times count from when a request was due. "
        f"Besides, {load.test_requests:,} requests went to the test listener."
    )


def _story(act: ActRecord) -> Markup | None:
    if not act.log:
        return None
    rows = [
        element(
            "tr",
            element("td", f"{line.at - act.started_at:+.1f} s", class_="number"),
            element("td", line.service or "all"),
            element("td", line.text),
        )
        for line in act.log
    ]
    return element(
        "details",
        element("summary", f"The deployment's own story, {words.counted(len(act.log), 'line')}"),
        element("div", element("table", element("tbody", *rows)), class_="wide"),
    )
