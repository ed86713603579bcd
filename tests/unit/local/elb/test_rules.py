"""Which requests a rule takes.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appdp.local.elb.rules import RequestView, compile_conditions, matches_pattern, normalise_conditions
from appdp.local.wire import ServiceError

TEXT = st.text(alphabet="ab/.*?+[(\\\n", max_size=12)


def takes(condition: dict[str, Any], **request: Any) -> bool:
    """Whether a rule with one condition takes a request."""
    view = {
        "method": "GET",
        "path": "/",
        "query": "",
        "host": "shop.example",
        "headers": {},
        "source_ip": "127.0.0.1",
        **request,
    }
    return compile_conditions(normalise_conditions([condition]))(RequestView(**view))


def naive(pattern: str, value: str) -> bool:
    """The definition of * and ?, letter by letter."""
    if not pattern:
        return not value
    if pattern[0] == "*":
        return naive(pattern[1:], value) or (bool(value) and naive(pattern, value[1:]))
    return bool(value) and pattern[0] in ("?", value[0]) and naive(pattern[1:], value[1:])


@given(pattern=TEXT.filter(lambda text: "\\" not in text), value=TEXT)
def test_patterns_follow_their_definition(pattern: str, value: str) -> None:
    assert matches_pattern(pattern, value) == naive(pattern, value)


@given(value=TEXT)
def test_an_escaped_text_matches_itself_only(value: str) -> None:
    plain = value.replace("\\", "")
    pattern = plain.replace("*", r"\*").replace("?", r"\?")
    assert matches_pattern(pattern, plain)
    assert not matches_pattern(pattern, plain + "a")


@given(prefix=st.text(alphabet="abc/", max_size=8), rest=st.text(alphabet="abc/", max_size=8))
def test_a_star_takes_everything_behind_a_prefix(prefix: str, rest: str) -> None:
    assert takes({"Field": "path-pattern", "Values": [f"/{prefix}*"]}, path=f"/{prefix}{rest}")


@pytest.mark.parametrize(
    ("pattern", "path", "taken"),
    [
        ("/api/*", "/api/", True),
        ("/api/*", "/api/items/7", True),
        ("/api/*", "/api", False),
        ("/api/*", "/API/items", False),
        ("/*", "/", True),
        ("/img/?.png", "/img/a.png", True),
        ("/img/?.png", "/img/ab.png", False),
        ("/a.b", "/axb", False),
    ],
)
def test_paths_are_case_sensitive(pattern: str, path: str, taken: bool) -> None:
    assert takes({"Field": "path-pattern", "PathPatternConfig": {"Values": [pattern]}}, path=path) is taken


def test_a_path_condition_does_not_look_at_the_query() -> None:
    assert not takes({"Field": "path-pattern", "Values": ["/a*b"]}, path="/a", query="b")


def test_one_of_several_values_is_enough() -> None:
    condition = {"Field": "path-pattern", "Values": ["/a", "/b"]}
    assert [takes(condition, path=path) for path in ("/a", "/b", "/c")] == [True, True, False]


def test_hosts_headers_and_queries_are_not_case_sensitive() -> None:
    assert takes({"Field": "host-header", "Values": ["*.Example"]}, host="shop.example")
    header = {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "User-Agent", "Values": ["*CURL*"]}}
    assert takes(header, headers={"User-Agent": "curl/8"})
    assert not takes(header)
    query = {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "Version", "Value": "V1*"}]}}
    assert takes(query, query="x=y&version=v1.2")
    assert not takes(query, query="version=v2")


def test_a_query_value_without_a_key_may_be_anywhere() -> None:
    condition = {"Field": "query-string", "QueryStringConfig": {"Values": [{"Value": r"what\?"}]}}
    assert takes(condition, query="q=what%3F")
    assert not takes(condition, query="q=whats")


def test_methods_are_exact_and_addresses_are_blocks() -> None:
    method = {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "HEAD"]}}
    assert takes(method, method="HEAD")
    assert not takes(method, method="get")
    source = {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8", "2001:db8::/32"]}}
    assert takes(source, source_ip="10.2.3.4")
    assert not takes(source, source_ip="127.0.0.1")


def test_all_conditions_must_hold() -> None:
    both = compile_conditions(
        normalise_conditions(
            [
                {"Field": "path-pattern", "Values": ["/a"]},
                {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["POST"]}},
            ]
        )
    )
    base = {"path": "/a", "query": "", "host": "", "source_ip": "127.0.0.1"}
    assert both(RequestView(method="POST", headers={}, **base))
    assert not both(RequestView(method="GET", headers={}, **base))


def test_conditions_are_described_in_both_forms() -> None:
    expected = {"Field": "path-pattern", "Values": ["/a"], "PathPatternConfig": {"Values": ["/a"]}}
    assert normalise_conditions([{"Field": "path-pattern", "Values": ["/a"]}]) == [expected]
    assert normalise_conditions([{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a"]}}]) == [expected]


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ([{"Field": "path"}], "Condition field 'path' must be one of"),
        ([{"Field": "path-pattern"}], "must have a value"),
        ([{"Field": "path-pattern", "RegexValues": ["a"]}], "does not evaluate RegexValues"),
        ([{"Field": "path-pattern", "Values": ["/a"]}] * 2, "can only have one 'path-pattern'"),
        ([{"Field": "path-pattern", "Values": [f"/{n}" for n in range(6)]}], "can have 5 condition values; this has 6"),
        ([{"Field": "path-pattern", "Values": ["/*/*/*/*/*/*"]}], "can have 5 wildcards; this has 6"),
        ([{"Field": "path-pattern", "Values": ["/" * 129]}], "longer than 128 characters"),
        ([{"Field": "http-header", "HttpHeaderConfig": {"Values": ["a"]}}], "must have an HttpHeaderName"),
        ([{"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "a"}]}}], "must have a Value"),
        ([{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.1/8"]}}], "'10.0.0.1/8' is not valid"),
    ],
)
def test_wrong_conditions_are_refused(conditions: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ServiceError, match=message):
        normalise_conditions(conditions)
