"""Reading a scenario: the example's own, and every kind of mistake."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from appdp.errors import ConfigurationError
from appdp.local.rehearsal import scenario_file
from appdp.local.rehearsal.scenario import Decides, ImagePlay, Plays, Scenario, Verb, choose_acts
from appdp.model.deployment import Outcome

SHOP = Path(__file__).parents[4] / "examples" / "shop"


def _shop_data() -> dict[str, Any]:
    return tomllib.loads((SHOP / scenario_file.FILE).read_text(encoding="utf-8"))


def _parse(change: dict[str, Any]) -> Scenario:
    return scenario_file.parse({**_shop_data(), **change}, SHOP)


def test_the_shop_plays_twelve_acts() -> None:
    shop = scenario_file.read(SHOP)
    assert [act.number for act in shop.acts] == list(range(1, 13))
    assert [act.verb for act in shop.acts] == [
        *[Verb.PUSH] * 5,
        Verb.ROLLBACK,
        *[Verb.PUSH] * 2,
        *[Verb.DEPLOY] * 2,
        *[Verb.PUSH] * 2,
    ]
    assert [act.expect.outcome for act in shop.acts] == [
        Outcome.SUCCEEDED,
        Outcome.SUCCEEDED,
        Outcome.ROLLED_BACK,
        Outcome.ROLLED_BACK,
        Outcome.ROLLED_BACK,
        Outcome.SUCCEEDED,
        None,
        *[Outcome.SUCCEEDED] * 4,
        Outcome.ROLLED_BACK,
    ]
    assert [(act.hold, dict(act.context)) for act in shop.acts[8:10]] == [
        (Decides.APPROVE, {}),
        (None, {"strategy": "canary"}),
    ]
    assert [(act.branch, act.tag) for act in shop.acts[5:8]] == [("main", ""), ("try-this", ""), ("main", "v2.0")]
    assert [act.number for act in shop.acts if not act.load] == [1, 7]
    assert [act.number for act in shop.acts if act.expect.schedules] == [11, 12]


def test_an_image_stays_as_it_is_until_a_release_changes_it() -> None:
    shop = scenario_file.read(SHOP)
    workers = [next(image for image in release.images if image.image == "worker") for release in shop.releases]
    assert [worker.since for worker in workers] == ["1", "2", "2", "2", "2", "6", "7"]
    by_name = {image.image: image for image in shop.release("5").images}
    assert by_name["api"].plays.kind == "exits"
    assert by_name["storefront"].plays == Plays()
    assert shop.release("1").files == {}
    assert "VERSION=5" in shop.release("5").files["settings/api.env"]


def test_what_images_play_without_containers() -> None:
    assert Plays().to_dict() == {"kind": "runs"}
    assert Plays(kind="exits", code=3, log=("bye",)).to_dict() == {"kind": "exits", "code": 3, "log": ["bye"]}
    assert Plays(kind="unhealthy", status=503).to_dict() == {"kind": "unhealthy", "status": 503, "log": []}


def test_what_commands_play_without_containers_lasts_until_a_release_says_otherwise() -> None:
    shop = scenario_file.read(SHOP)
    codes = [release.commands["/app/migrate.sh"].code for release in shop.releases]
    assert codes == [0, 0, 0, 0, 0, 0, 1]
    worker = next(image for image in shop.release("6").images if image.image == "worker")
    assert worker.to_dict() == {
        "kind": "runs",
        "commands": {
            "/app/migrate.sh": {"kind": "exits", "code": 0, "log": ["done"]},
            "/app/report.sh": {"kind": "exits", "code": 0, "log": ["12 teapots and 40 cups were sold"]},
        },
    }
    assert ImagePlay(image="x", since="1", plays=Plays()).to_dict() == {"kind": "runs"}


def test_releases_of_some_acts_only() -> None:
    shop = scenario_file.read(SHOP)
    acts = choose_acts(shop, (3,))
    assert [act.number for act in acts] == [1, 3]
    assert [release.name for release in shop.releases_of(acts)] == ["1", "3"]
    assert choose_acts(shop, ()) == shop.acts


def test_an_act_that_does_not_exist() -> None:
    with pytest.raises(ConfigurationError, match="no act 13: the scenario has acts 1 to 12"):
        choose_acts(scenario_file.read(SHOP), (1, 13))


def test_a_directory_without_a_scenario(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"has no rehearsal\.toml"):
        scenario_file.read(tmp_path)


def test_a_file_that_is_not_toml(tmp_path: Path) -> None:
    (tmp_path / scenario_file.FILE).write_text("application = ", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="is not TOML"):
        scenario_file.read(tmp_path)


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
            "act 1: verb is 'fly'; allowed is one of push, deploy, roll",
        ),
        (
            {"act": [{"title": "x", "verb": "deploy", "release": "8"}]},
            "release is '8'; allowed is one of 1, 2, 3, 4, 5, 6, 7",
        ),
        ({"build": 3}, "build is 3; allowed is a table"),
        ({"source": {"repository": "shop"}}, "repository is 'shop'; allowed is owner/name"),
        ({"release": [{"name": "1", "changes": ["web"]}]}, r"changes is \['web'\]; allowed is some of storefront, api"),
        (
            {"release": [{"name": "1", "files": {"../x": ""}}]},
            "files is '../x'; allowed is paths inside the repository",
        ),
        ({"release": [{"name": "1", "commands": {"m": {"kind": "sings"}}}]}, "kind is 'sings'; allowed is one of runs"),
        ({"release": [{"name": "1", "files": {".git/hooks/x": ""}}]}, "allowed is paths inside the repository"),
        (
            {
                "act": [
                    {"title": "x", "verb": "deploy", "release": "1", "tag": "v1", "expect": {"outcome": "succeeded"}}
                ]
            },
            "verb is 'deploy'; allowed is push, for an act with a branch, a tag or the outcome no_pipeline",
        ),
        (
            {
                "act": [
                    {"title": "x", "verb": "push", "release": "1", "hold": "reject", "expect": {"outcome": "succeeded"}}
                ]
            },
            "hold is 'reject'; allowed is only with the verb deploy or rollback",
        ),
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
        ({"schedules": "report"}, "schedules is 'report'; allowed is a table of texts"),
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
