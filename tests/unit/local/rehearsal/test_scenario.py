"""Reading a scenario: the example's own, and every kind of mistake."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from appdp.errors import ConfigurationError
from appdp.local.rehearsal import scenario as scenarios
from appdp.local.rehearsal.scenario import Plays, Verb
from appdp.model.deployment import Outcome

SHOP = Path(__file__).parents[4] / "examples" / "shop"


def _shop_data() -> dict[str, Any]:
    return tomllib.loads((SHOP / scenarios.FILE).read_text(encoding="utf-8"))


def _parse(change: dict[str, Any]) -> scenarios.Scenario:
    return scenarios.parse({**_shop_data(), **change}, SHOP)


def test_the_shop_plays_six_acts() -> None:
    shop = scenarios.read(SHOP)
    assert [act.number for act in shop.acts] == [1, 2, 3, 4, 5, 6]
    assert [act.verb for act in shop.acts][-1] is Verb.ROLLBACK
    assert [act.expect.outcome for act in shop.acts] == [
        Outcome.SUCCEEDED,
        Outcome.SUCCEEDED,
        Outcome.ROLLED_BACK,
        Outcome.ROLLED_BACK,
        Outcome.ROLLED_BACK,
        Outcome.SUCCEEDED,
    ]
    assert not shop.acts[0].load
    assert all(act.load for act in shop.acts[1:])


def test_an_image_takes_its_release_s_arguments_unless_it_has_its_own() -> None:
    fifth = scenarios.read(SHOP).release("5")
    by_name = {image.image: image for image in fifth.images}
    assert by_name["storefront"].build_args == {"VERSION": "5"}
    assert by_name["api"].build_args["MODE"] == "exits"
    assert by_name["api"].plays.kind == "exits"
    assert by_name["storefront"].plays == Plays()


def test_what_images_play_without_containers() -> None:
    assert Plays().to_dict() == {"kind": "runs"}
    assert Plays(kind="exits", code=3, log=("bye",)).to_dict() == {"kind": "exits", "code": 3, "log": ["bye"]}
    assert Plays(kind="unhealthy", status=503).to_dict() == {"kind": "unhealthy", "status": 503, "log": []}


def test_releases_of_some_acts_only() -> None:
    shop = scenarios.read(SHOP)
    acts = scenarios.choose_acts(shop, (3,))
    assert [act.number for act in acts] == [1, 3]
    assert [release.name for release in shop.releases_of(acts)] == ["1", "3"]
    assert scenarios.choose_acts(shop, ()) == shop.acts


def test_an_act_that_does_not_exist() -> None:
    with pytest.raises(ConfigurationError, match="no act 9: the scenario has acts 1 to 6"):
        scenarios.choose_acts(scenarios.read(SHOP), (1, 9))


def test_a_directory_without_a_scenario(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"has no rehearsal\.toml"):
        scenarios.read(tmp_path)


def test_a_file_that_is_not_toml(tmp_path: Path) -> None:
    (tmp_path / scenarios.FILE).write_text("application = ", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="is not TOML"):
        scenarios.read(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"application": ""}, "application is ''; allowed is a text that is not empty"),
        ({"application": "Shop"}, "Application 'Shop' is not a name"),
        ({"colour": "red"}, "unknown colour; allowed are act, application"),
        ({"release": []}, "release is \\[\\]; allowed is one or more tables"),
        ({"release": [{"name": "1"}, {"name": "1"}]}, "allowed is releases with names of their own"),
        (
            {"act": [{"title": "x", "verb": "fly", "release": "1"}]},
            "act 1: verb is 'fly'; allowed is one of deploy, roll",
        ),
        (
            {"act": [{"title": "x", "verb": "deploy", "release": "7"}]},
            "release is '7'; allowed is one of 1, 2, 3, 4, 5",
        ),
        ({"build": 3}, "build is 3; allowed is a table"),
    ],
)
def test_mistakes_at_the_top(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        _parse(change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"requests_per_second": 0}, "requests_per_second is 0; allowed is 1 to 2000"),
        ({"requests_per_second": True}, "requests_per_second is True; allowed is a whole number"),
        ({"paths": {}}, "at least one service with its path"),
        ({"paths": {"web": 3}}, "allowed is a table of texts"),
        ({"release_pattern": "("}, "allowed is a regular expression"),
        ({"release_pattern": "release"}, "exactly one group"),
        ({"production_port": None}, "production_port is None"),
    ],
)
def test_mistakes_in_the_load(change: dict[str, Any], message: str) -> None:
    load = {**_shop_data()["load"], **change}
    with pytest.raises(ConfigurationError, match=message):
        _parse({"load": load})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outcome": "lost"}, "outcome is 'lost'; allowed is one of succeeded"),
        ({"within_seconds": 0}, "within_seconds is 0; allowed is a number above 0"),
        ({"failure": "503"}, "failure is '503'; allowed is a list of texts"),
    ],
)
def test_mistakes_in_an_expectation(change: dict[str, Any], message: str) -> None:
    acts = copy.deepcopy(_shop_data()["act"])
    acts[2]["expect"] |= change
    with pytest.raises(ConfigurationError, match=message):
        _parse({"act": acts})


def test_a_missing_key_and_a_wrong_flag() -> None:
    acts = copy.deepcopy(_shop_data()["act"])
    del acts[0]["title"]
    with pytest.raises(ConfigurationError, match="act 1: title is missing"):
        _parse({"act": acts})
    acts = copy.deepcopy(_shop_data()["act"])
    acts[0]["load"] = "no"
    with pytest.raises(ConfigurationError, match="load is 'no'; allowed is true or false"):
        _parse({"act": acts})


def test_a_dockerfile_that_is_not_there() -> None:
    build = {**_shop_data()["build"], "dockerfile": "Containerfile"}
    with pytest.raises(ConfigurationError, match="allowed is a file that exists"):
        _parse({"build": build})


def test_no_images() -> None:
    build = {**_shop_data()["build"], "images": []}
    with pytest.raises(ConfigurationError, match="a list with at least one text"):
        _parse({"build": build})
