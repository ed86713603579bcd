"""Pieces of a program."""

from __future__ import annotations

import pytest

from appdp.engine.scaffold.code import call, chosen, comment, text
from appdp.engine.scaffold.copilot_count import read_count
from appdp.engine.scaffold.copilot_times import schedule_expression
from appdp.engine.scaffold.program import construct_id, name_from
from appdp.engine.scaffold.secret import parameter, secret
from appdp.engine.scaffold.spans import to_seconds
from appdp.engine.scaffold.tracked import Tracked, merged
from appdp.errors import ConfigurationError


@pytest.mark.parametrize("value", ["plain", 'say "hi"', "it's", """both " and '""", "back\\slash", "line\nend", "é"])
def test_a_text_is_itself(value: str) -> None:
    assert eval(text(value)) == value  # noqa: S307 - our own expression


def test_what_is_the_same_everywhere_is_said_once() -> None:
    assert chosen({"dev": "1", "prod": "1"}, ("dev", "prod")) == "1"
    by_environment = chosen({"dev": "1"}, ("dev", "prod"))
    found = [eval(by_environment, {"environment": place}) for place in ("dev", "prod")]  # noqa: S307 - our own expression
    assert found == [1, None]


def test_calls_and_comments() -> None:
    assert call("f") == "f()"
    assert call("f", ("1",), {"a": "g(\n    2,\n)"}) == "f(\n    1,\n    a=g(\n        2,\n    ),\n)"
    assert comment("a b", width=4) == "# a\n#   b"


@pytest.mark.parametrize(
    ("given", "name"),
    [("Orders_API", "orders-api"), ("9 Lives!", "lives"), ("x" * 40, "x" * 32), ("日本", ""), ("-a-", "a")],
)
def test_names(given: str, name: str) -> None:
    assert name_from(given) == name


def test_construct_ids() -> None:
    assert construct_id("orders-api") == "OrdersApi"


@pytest.mark.parametrize(
    ("given", "seconds"), [("90s", 90), ("1m30s", 90), ("2h", 7200), (45, 45), ("500ms", 0.5), ("1.5m", 90)]
)
def test_lengths_of_time(given: object, seconds: float) -> None:
    assert to_seconds(given) == pytest.approx(seconds)


@pytest.mark.parametrize("given", ["soon", "1", "1d", "", "s"])
def test_lengths_of_time_that_are_none(given: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a length of time"):
        to_seconds(given)


def test_what_was_not_taken_is_left() -> None:
    facts = Tracked({"a": {"b": 1, "c": {"d": 2}}, "e": [3], "f": False, "g": None, "h": "x" * 200})
    assert facts.take("a.b") == 1
    assert facts.take("a.x.y") is None
    assert facts.peek("e") == [3]
    assert facts.left() == ["a.c.d = 2", "e = [3]", f"h = {'x' * 100}…"]
    facts.take("a.c")
    facts.take("h")
    assert facts.left() == ["e = [3]"]


def test_overrides_replace_what_is_no_mapping() -> None:
    assert merged({"a": {"b": 1, "c": 2}, "d": [1], "e": "x"}, {"a": {"b": 3}, "d": [2], "e": {"f": 1}}) == {
        "a": {"b": 3, "c": 2},
        "d": [2],
        "e": {"f": 1},
    }


@pytest.mark.parametrize(
    ("count", "found", "notes"),
    [
        (None, {}, 0),
        (3, {"desired_count": "3"}, 0),
        (0, {"desired_count": "1"}, 1),
        ({"spot": 2}, {"desired_count": "2", "capacity": "Capacity.spot()"}, 0),
        ({"range": "0-4"}, {"scaling": "Scaling(\n    min=1,\n    max=4,\n)"}, 2),
        ({"range": {"min": 2, "max": 5, "spot_from": 1}, "cpu_percentage": 50}, {"capacity": "Capacity.spot()"}, 0),
        ({"range": "1-2", "requests": 9, "response_time": "2s"}, {}, 3),
        ({"cooldown": {"in": "1s"}}, {}, 1),
    ],
)
def test_counts(count: object, found: dict[str, str], notes: int) -> None:
    said: list[str] = []
    read = read_count(count, said, shifts=True)
    assert found.items() <= read.items()
    assert len(said) == notes, said


def test_secrets() -> None:
    assert '"/a/b"' in parameter("web", "KEY", "arn:aws:ssm:us-east-1:111122223333:parameter/a/b")
    assert '"key"' in parameter("web", "KEY", "arn:aws:ssm:us-east-1:111122223333:parameter/key")
    assert '"/x"' in parameter("web", "KEY", "/x")
    arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:db"
    assert "from_secret_partial_arn" in secret("web", "KEY", arn)
    complete = secret("web", "KEY", f"{arn}-AbCdEf:user::")
    assert "from_secret_complete_arn" in complete
    assert '"user"' in complete
    assert "from_secret_name_v2" in secret("web", "KEY", "mysql")


@pytest.mark.parametrize(
    ("given", "expression"),
    [
        ("@daily", "cron(0 0 * * ? *)"),
        ("@hourly", "cron(0 * * * ? *)"),
        ("@weekly", "cron(0 0 ? * 1 *)"),
        ("@monthly", "cron(0 0 1 * ? *)"),
        ("@yearly", "cron(0 0 1 1 ? *)"),
        ("@every 1h30m", "rate(90 minutes)"),
        ("@every 24h", "rate(1 day)"),
        ("rate(5 minutes)", "rate(5 minutes)"),
        ("cron(0 9 ? * MON *)", "cron(0 9 ? * MON *)"),
        ("30 9 * * 1-5", "cron(30 9 ? * 2-6 *)"),
        ("0 0 * * 0,7", "cron(0 0 ? * 1 *)"),
        ("0 0 * * 5-7", "cron(0 0 ? * 6,7,1 *)"),
        ("0 0 * * MON", "cron(0 0 ? * MON *)"),
        ("*/5 0 1 * *", "cron(*/5 0 1 * ? *)"),
        ("0 0 * * 1-5/2", "cron(0 0 ? * 2-6/2 *)"),
    ],
)
def test_schedules_of_copilot(given: str, expression: str) -> None:
    assert schedule_expression(given) == expression


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("@fortnightly", "is no schedule"),
        ("0 0 * *", "is no schedule"),
        ("@every 30s", "whole minutes"),
        ("@every 90s", "whole minutes"),
        ("@every soon", "not a length of time"),
        ("0 0 1 * 1", "takes one of them"),
    ],
)
def test_schedules_that_eventbridge_cannot_have(given: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        schedule_expression(given)
