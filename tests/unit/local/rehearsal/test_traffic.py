"""Counting what the load generator saw."""

from __future__ import annotations

import pytest

from appdp.local.rehearsal.load import NO_ANSWER, Order, Row, Target
from appdp.local.rehearsal.traffic import Traffic, count, percentile

TARGETS = (
    Target(service="web", url="http://127.0.0.1:1/"),
    Target(service="api", url="http://127.0.0.1:1/api"),
    Target(service="web", url="http://127.0.0.1:2/", test=True),
)
ROWS: list[Row] = [
    (100.0, 0.10, 0, "1", 200),
    (100.2, 0.10, 1, "1", 200),
    (100.4, 0.10, 2, "2", 200),
    (100.6, 0.10, 0, "2", 200),
    (100.8, 0.30, 0, "1", 200),
    (101.0, 0.10, 1, "", 502),
    (101.2, 0.10, 1, "", 200),
    (101.4, 5.00, 1, "", NO_ANSWER),
    (101.6, 0.10, 2, "2", 503),
]


def _traffic() -> Traffic:
    traffic = Traffic(TARGETS)
    traffic.add(ROWS[:4])
    traffic.add(ROWS[4:])
    return traffic


def test_every_request_is_either_answered_by_a_release_or_failed() -> None:
    counted = count(_traffic(), release="2", start=100.0, end=102.0)
    web, api = counted.services
    assert (web.sent, dict(web.releases), dict(web.failures)) == (3, {"1": 2, "2": 1}, {})
    assert (api.sent, dict(api.releases)) == (4, {"1": 1})
    assert dict(api.failures) == {"502": 1, "200 without release": 1, "no answer": 1}
    assert all(s.sent == sum(s.releases.values()) + s.failed for s in counted.services)
    assert (counted.sent, counted.failed, counted.rate) == (7, 3, 3.5)


def test_the_test_listener_is_counted_apart() -> None:
    counted = count(_traffic(), release="2", start=100.0, end=102.0)
    assert counted.test_requests == 2
    assert counted.services[0].tested_at == pytest.approx(100.5)
    assert counted.services[1].tested_at is None


def test_a_switch_is_the_first_answer_of_the_new_release() -> None:
    web, api = count(_traffic(), release="2", start=100.0, end=102.0).services
    assert web.switched_at == pytest.approx(100.7)
    assert web.last_before_at == pytest.approx(101.1)
    assert api.switched_at is None


def test_series_hold_every_request_also_those_that_ended_late() -> None:
    counted = count(_traffic(), release="2", start=100.0, end=102.0)
    for service in counted.services:
        assert sum(sum(counts) for counts in service.series.values()) == service.sent
        assert {len(counts) for counts in service.series.values()} == {4}
    assert counted.services[1].series["failed"] == (0, 0, 2, 1)


def test_the_live_display_s_numbers() -> None:
    traffic = _traffic()
    assert traffic.totals == (7, 3)
    assert traffic.recent(100.7) == {("web", "1"): 1, ("api", "failed"): 3}
    assert len(traffic) == len(ROWS)


def test_percentiles_are_nearest_ranks() -> None:
    values = [0.1, 0.2, 0.3, 0.4]
    assert [percentile(values, p) for p in (0, 25, 50, 99, 100)] == [0.1, 0.1, 0.2, 0.4, 0.4]
    assert percentile([], 50) == 0.0


def test_no_traffic_at_all() -> None:
    counted = count(Traffic(TARGETS), release="2", start=100.0, end=100.0)
    assert (counted.sent, counted.failed, counted.rate) == (0, 0, 0.0)


def test_an_order_survives_its_way_to_the_process() -> None:
    order = Order(targets=TARGETS, rate=250.0, release_pattern='release": "([^"]+)"')
    assert Order.from_json(order.to_json()) == order


def test_an_old_answer_that_is_late_draws_nothing_more_into_the_canarys_share() -> None:
    traffic = Traffic(TARGETS[:1])
    old = [(100 + number / 10, 2.0 if number == 49 else 0.01, 0, "1", 200) for number in range(50)]
    new = [(102 + number / 10, 0.01, 0, "2", 200) for number in range(0, 30, 5)]
    everything = [(105 + number / 10, 0.01, 0, "2", 200) for number in range(30)]
    traffic.add(sorted([*old, *new, *everything]))
    (web,) = count(traffic, release="2", start=100.0, end=108.0).services
    assert web.canary_percent == pytest.approx(100 * 6 / 36)


def test_a_canary_is_the_share_while_both_releases_answer() -> None:
    traffic = Traffic(TARGETS[:1])
    old = [(100 + number / 10, 0.01, 0, "1", 200) for number in range(50)]
    new = [(102 + number / 10, 0.01, 0, "2", 200) for number in range(0, 30, 5)]
    traffic.add(sorted([*old, *new]))
    (web,) = count(traffic, release="2", start=100.0, end=106.0).services
    assert web.canary_percent == pytest.approx(100 * 6 / 36)
    # A switch at once is no canary.
    (web,) = count(_traffic(), release="2", start=100.0, end=102.0).services[:1]
    assert web.canary_percent is None
