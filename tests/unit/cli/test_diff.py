"""``appdp diff``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner

from appdp.cli.main import main
from appdp.model.handoff import SENTINEL, release_parameter, release_registry_parameter
from appdp.model.publication import LatestRelease
from tests.unit.cli.terminal import Terminal, at_release, data


def changed(terminal: Terminal, **fields: Any) -> None:
    """``cdk deploy`` registered a new revision of the api, and the service was not deployed since."""
    manifest = terminal.account.manifest("api")
    definition = terminal.account.definitions.read(manifest.task_definition) | fields
    arn = terminal.account.definitions.add(definition)
    terminal.account.write_manifest(replace(manifest, task_definition=arn))


def test_a_release_with_other_images() -> None:
    terminal = at_release()
    result = terminal.run("diff", "dev", "v2")
    assert result.exit_code == 1, result.stderr
    v1, v2 = terminal.account.digest("api", "v1"), terminal.account.digest("api", "v2")
    lines = result.stdout.splitlines()
    assert lines[:2] == ["--- api: shop-dev-api:1 (runs now)", "+++ api: release v2"]
    assert f'-      "image": "000000000000.dkr.ecr.us-east-1.amazonaws.com/shop/api@{v1}",' in lines
    assert f'+      "image": "000000000000.dkr.ecr.us-east-1.amazonaws.com/shop/api@{v2}",' in lines
    assert len([line for line in lines if line.startswith(("+ ", "- "))]) == 2 * 3
    assert "shop/dev: v1 → v2" in result.stderr
    assert "\x1b" not in result.stdout


def test_it_shows_what_a_deployment_then_registers() -> None:
    terminal = at_release()
    changed(terminal, cpu="1024")
    found = data(terminal.run("diff", "dev", "v2", "--json"))
    assert terminal.run("deploy", "dev", "v2").exit_code == 0
    after = [service["after"] for service in found["services"]]
    assert sorted(after, key=str) == sorted(terminal.account.definitions.registered, key=str)
    assert data(terminal.run("diff", "dev", "v2", "--json"))["differs"] is False


def test_what_cdk_changed_goes_out_with_the_release() -> None:
    terminal = at_release()
    changed(terminal, cpu="1024")
    result = terminal.run("diff", "dev", "v2")
    assert '-  "cpu": "256",' in result.stdout.splitlines()
    assert '+  "cpu": "1024",' in result.stdout.splitlines()


def test_the_order_of_variables_is_no_difference() -> None:
    terminal = at_release()
    manifest = terminal.account.manifest("api")
    live = terminal.account.definitions.stored[manifest.task_definition]
    one, two = {"name": "A", "value": "1"}, {"name": "B", "value": "2"}
    live["containerDefinitions"][0]["environment"] = [one, two]
    swapped = [{**live["containerDefinitions"][0], "environment": [two, one]}, live["containerDefinitions"][1]]
    changed(terminal, containerDefinitions=swapped)
    lines = terminal.run("diff", "dev", "v2").stdout.splitlines()
    assert [line for line in lines if line.startswith(("+ ", "- ")) and "image" not in line] == []


def test_the_same_release_is_no_difference() -> None:
    result = at_release().run("diff", "dev", "v1")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "it already runs the images of v1" in result.stderr


def test_a_release_with_the_same_images_is_no_difference() -> None:
    terminal = at_release()
    terminal.account.publish("v3", same={"api": "v1", "storefront": "v1", "worker": "v1"})
    assert terminal.run("diff", "dev", "v3").exit_code == 0


def test_without_a_release_it_is_the_one_published_last() -> None:
    terminal = at_release()
    assert data(terminal.run("diff", "dev", "--json"))["release"] == "v1"
    latest = LatestRelease(release="v2", published_at=1.0, pipeline="main")
    terminal.account.parameters.put(release_registry_parameter("shop"), latest.to_json())
    found = data(terminal.run("diff", "dev", "--json"))
    assert (found["release"], found["previous"], found["differs"]) == ("v2", "v1", True)


def test_before_the_first_release_everything_is_new() -> None:
    terminal = at_release()
    terminal.account.parameters.put(release_parameter("shop", "dev"), SENTINEL)
    result = terminal.run("diff", "dev", "v1")
    assert result.exit_code == 1
    assert "--- api: nothing (runs now)" in result.stdout
    # CloudFormation's own revision, whose image is the environment's tag.
    assert 'shop/api:env-dev"' in result.stdout
    nameless = terminal.run("diff", "dev")
    assert nameless.exit_code == 2
    assert "appdp releases" in nameless.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [(("prod",), "There are: dev."), (("dev", "v9"), "There are: v2, v1."), (("dev", "env-dev"), "is not a release")],
)
def test_names_that_are_wrong(args: tuple[str, ...], words: str) -> None:
    result = at_release().run("diff", *args)
    assert result.exit_code == 2
    assert words in result.stderr


def test_nothing_is_written() -> None:
    terminal = at_release()
    before = dict(terminal.account.parameters.values)
    terminal.run("diff", "dev", "v2")
    assert terminal.account.parameters.values == before
    assert terminal.account.definitions.registered == []


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colours_on_a_terminal_unless_they_are_not_wanted(
    no_color: str, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    # color=True is how click's runner stands for a terminal.
    result = CliRunner().invoke(main, ["diff", "dev", "v2"], obj=at_release().cli, color=True)
    assert ("\x1b[32m+" in result.stdout) is coloured
    assert result.exit_code == 1
