"""What a rule does.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appdp.local.elb.actions import Redirect, compile_action, normalise_actions, weights_of, with_weights
from appdp.local.elb.balance import RoundRobin, WeightedChoice
from appdp.local.wire import ServiceError

WEIGHTS = st.dictionaries(st.sampled_from("abcde"), st.integers(min_value=0, max_value=20), min_size=1)


@given(weights=WEIGHTS.filter(lambda weights: sum(weights.values()) > 0), rounds=st.integers(min_value=1, max_value=3))
def test_shares_are_exact(weights: dict[str, int], rounds: int) -> None:
    choice, total = WeightedChoice(weights), sum(weights.values())
    seen = Counter(choice.next() for _ in range(total * rounds))
    assert seen == Counter({name: weight * rounds for name, weight in weights.items() if weight})


@given(weights=st.dictionaries(st.sampled_from("ab"), st.integers(1, 20), min_size=2))
def test_shares_are_spread(weights: dict[str, int]) -> None:
    choice, total = WeightedChoice(weights), sum(weights.values())
    order = [choice.next() for _ in range(total)]
    for name, weight in weights.items():
        for length in range(1, total + 1):
            assert abs(order[:length].count(name) - length * weight / total) <= 1


def test_nothing_is_chosen_when_every_weight_is_zero() -> None:
    assert WeightedChoice({"a": 0, "b": 0}).next() is None
    assert WeightedChoice({}).next() is None


def test_round_robin_takes_turns_while_the_list_changes() -> None:
    turns = RoundRobin()
    assert [turns.next("abc") for _ in range(4)] == list("abca")
    assert turns.next("a") == "a"


def test_one_target_group_is_described_in_both_forms() -> None:
    expected = {
        "Type": "forward",
        "TargetGroupArn": "arn:1",
        "ForwardConfig": {
            "TargetGroups": [{"TargetGroupArn": "arn:1", "Weight": 1}],
            "TargetGroupStickinessConfig": {"Enabled": False},
        },
    }
    assert normalise_actions([{"Type": "forward", "TargetGroupArn": "arn:1"}]) == [expected]
    config = {"TargetGroups": [{"TargetGroupArn": "arn:1"}]}
    assert normalise_actions([{"Type": "forward", "ForwardConfig": config}]) == [expected]


def test_new_weights_keep_stickiness_and_order() -> None:
    sticky = {"Enabled": True, "DurationSeconds": 60}
    groups = [{"TargetGroupArn": "arn:1", "Weight": 100}, {"TargetGroupArn": "arn:2", "Weight": 0}]
    config = {"TargetGroups": groups, "TargetGroupStickinessConfig": sticky}
    before = normalise_actions([{"Type": "forward", "Order": "1", "ForwardConfig": config}])
    after = with_weights(before, {"arn:1": 0, "arn:2": 100})
    assert weights_of(after) == {"arn:1": 0, "arn:2": 100}
    assert after[0]["ForwardConfig"]["TargetGroupStickinessConfig"] == sticky
    assert after[0]["Order"] == 1
    assert weights_of(before) == {"arn:1": 100, "arn:2": 0}


def test_a_redirect_keeps_what_it_does_not_name() -> None:
    redirect = compile_action(
        normalise_actions([{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "StatusCode": "HTTP_301"}}])
    )
    assert isinstance(redirect, Redirect)
    parts = {"protocol": "http", "host": "shop.example", "port": "80", "path": "a/b", "query": "x=1"}
    assert redirect.location(parts) == "https://shop.example:80/a/b?x=1"
    assert redirect.location({**parts, "query": ""}, {80: 4000}.get) == "http://shop.example:4000/a/b"


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({"Type": "authenticate-oidc"}, "does not know action type 'authenticate-oidc'"),
        ({"Type": "forward"}, "must name a target group"),
        ({"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "301"}}, "'301' must be of the form"),
        ({"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_302"}}, "creates a loop"),
        ({"Type": "redirect", "RedirectConfig": {"Port": "81", "StatusCode": "302"}}, "'302' must be one of"),
    ],
)
def test_wrong_actions_are_refused(action: dict[str, Any], message: str) -> None:
    with pytest.raises(ServiceError, match=message):
        normalise_actions([action])


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([{"TargetGroupArn": "a", "Weight": 1000}], "'1000' must be between 0 and 999"),
        ([{"TargetGroupArn": "a"}, {"TargetGroupArn": "a"}], "names a target group twice"),
        ([{"TargetGroupArn": str(number)} for number in range(6)], "can name 5 target groups, not 6"),
    ],
)
def test_wrong_weights_are_refused(groups: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ServiceError, match=message):
        normalise_actions([{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}])


def test_a_rule_has_one_action() -> None:
    with pytest.raises(ServiceError, match="this has 0"):
        normalise_actions([])
