"""Variables in action configurations."""

from __future__ import annotations

import pytest

from appdp.local.pipeline.performing import ActionFailed
from appdp.local.pipeline.variables import resolved_all

NAMESPACES = {"Source": {"CommitId": "abc", "AuthorDate": "2026-11-24T10:00:00+09:00"}}


def test_every_variable_is_replaced_once() -> None:
    given = {"Input": '{"a": "#{Source.CommitId}", "b": "#{Source.AuthorDate}"}', "Plain": "#{ not one }"}
    assert resolved_all(given, NAMESPACES) == {
        "Input": '{"a": "abc", "b": "2026-11-24T10:00:00+09:00"}',
        "Plain": "#{ not one }",
    }


@pytest.mark.parametrize("name", ["Source.Branch", "Build.CommitId"])
def test_one_that_there_is_not(name: str) -> None:
    with pytest.raises(ActionFailed, match=rf"#\{{{name}\}} is not defined. Defined are: Source.AuthorDate"):
        resolved_all({"Input": f"#{{{name}}}"}, NAMESPACES)
