"""``appdp releases``."""

from __future__ import annotations

from dataclasses import replace

from appdp.model.environment import DeployerManifest
from appdp.model.handoff import SENTINEL, deployer_parameter, release_parameter
from tests.unit.cli.terminal import Terminal, at_release, data


def test_complete_releases_newest_first_and_where_they_run() -> None:
    terminal = at_release()
    terminal.account.publish("v3", only=("api", "worker"))
    terminal.account.publish("v2-amd64")
    result = terminal.run("releases")
    assert result.exit_code == 0
    titles, newest, oldest = result.stdout.splitlines()
    assert titles.split("  ")[0] == "release"
    assert newest.startswith("v2 ")
    assert oldest.startswith("v1 ")
    assert oldest.endswith("dev")


def test_as_json() -> None:
    newest, oldest = data(at_release().run("releases", "--json"))
    assert (newest["tag"], newest["environments"]) == ("v2", [])
    assert (oldest["tag"], oldest["environments"]) == ("v1", ["dev"])
    assert sorted(oldest["digests"]) == ["api", "storefront", "worker"]


def test_environments_with_repositories_of_their_own() -> None:
    terminal = at_release()
    text = terminal.account.parameters.values[deployer_parameter("shop", "dev")]
    dev = DeployerManifest.from_json(text)
    images = {name: replace(at, repository=f"other/{name}") for name, at in dev.images.items()}
    prod = replace(dev, environment="prod", images=images)
    terminal.account.parameters.put(deployer_parameter("shop", "prod"), prod.to_json())
    terminal.account.parameters.put(release_parameter("shop", "prod"), SENTINEL)
    for image in images:
        terminal.account.registry.push(f"other/{image}", "p1")
    assert {release["tag"] for release in data(terminal.run("releases", "--json"))} == {"v1", "v2", "p1"}


def test_none_yet() -> None:
    result = Terminal().run("releases")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "shop has no release yet" in result.stderr


def test_which_application() -> None:
    terminal = at_release()
    other = terminal.account.parameters.values[deployer_parameter("shop", "dev")]
    terminal.account.parameters.put(deployer_parameter("blog", "dev"), other)
    unsaid = terminal.run("releases")
    assert unsaid.exit_code == 2
    assert "blog, shop" in unsaid.stderr
    assert "--app" in unsaid.stderr
    assert terminal.run("releases", "--app", "shop").exit_code == 0
    unknown = terminal.run("releases", "--app", "news")
    assert unknown.exit_code == 2
    assert "There are: blog, shop." in unknown.stderr


def test_no_application_at_all() -> None:
    terminal = Terminal()
    terminal.account.parameters.values.clear()
    result = terminal.run("releases")
    assert result.exit_code == 2
    assert "Deploy the deployer's stack first" in result.stderr
