"""The values around a hold, and the JSON that they travel in."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from appdp.errors import ConfigurationError
from appdp.model.hold import HOOK_SECONDS, LONGEST_EXPIRY_SECONDS, Approval, Decision, Hold, HoldNotice

APPROVAL = Approval(deployment="d1", decision=Decision.APPROVED, by="arn:boss", at=12.5, reason="ok")


def test_an_approval_travels() -> None:
    assert Approval.from_json(APPROVAL.to_json()) == APPROVAL


def test_a_reason_with_braces_travels_as_parameter_store_takes_it() -> None:
    braces = Approval(deployment="d1", decision=Decision.APPROVED, by="me", at=1.0, reason="{{ ok }}")
    assert "{{" not in braces.to_json()
    assert Approval.from_json(braces.to_json()) == braces


def test_a_reason_need_not_be_given() -> None:
    found = Approval.from_json('{"deployment":"d1","decision":"rejected","by":"me","at":1,"new":2}')
    assert found == Approval(deployment="d1", decision=Decision.REJECTED, by="me", at=1.0)


@pytest.mark.parametrize("text", ["", "yes", "[]", "null", '"approved"', "{}", '{"deployment":"d1","decision":"no"}'])
def test_anything_else_is_no_decision(text: str) -> None:
    assert Approval.from_json(text) is None


def test_a_reason_fits_the_parameter() -> None:
    longest = Approval(deployment="d" * 80, decision=Decision.APPROVED, by="a" * 256, at=1.5, reason="🚦" * 900)
    assert len(longest.to_json().encode()) <= 4096
    with pytest.raises(ConfigurationError, match="The reason has 901 characters; allowed are 900"):
        Approval(deployment="d1", decision=Decision.APPROVED, by="me", at=1.0, reason="x" * 901)


def test_a_notice_travels_and_leaves_out_what_it_does_not_know() -> None:
    notice = HoldNotice(
        deployment="d1",
        release="r2",
        previous=None,
        requested_by="me",
        since=1.0,
        until=2.0,
        test_urls={"web": "http://x/"},
    )
    data = {**json.loads(notice.to_json()), "new": 1}
    assert HoldNotice.from_json(json.dumps(data)) == notice


def test_a_hold_travels_and_leaves_out_what_it_does_not_know() -> None:
    hold = Hold(since=1.0, until=2.0, decision=Decision.REJECTED, by="me", at=1.5, reason="no")
    assert Hold.from_dict({**json.loads(json.dumps(asdict(hold))), "new": 1}) == hold
    assert Hold.from_dict({}) == Hold()


def test_what_was_decided_as_words() -> None:
    assert Hold().told() == ""
    assert Hold(decision=Decision.APPROVED, by="me").told() == "approved by me"
    assert Hold(decision=Decision.REJECTED, by="me", reason="no").told() == "rejected by me: no"


def test_the_longest_hold_is_over_before_ecs_gives_up() -> None:
    assert LONGEST_EXPIRY_SECONDS <= HOOK_SECONDS - 3600
