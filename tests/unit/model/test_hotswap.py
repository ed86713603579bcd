"""How a laptop builds an image, and the tag that it gets."""

from __future__ import annotations

import json

from appdp.model.application import Application, Image
from appdp.model.environment import DeployerManifest, ImageRepository
from appdp.model.handoff import is_release
from appdp.model.hotswap import BuildRecipe, hotswap_tag, is_hotswap, recipes

WEB = Image(
    name="web",
    context="services/web",
    dockerfile="docker/Dockerfile",
    target="run",
    build_args={"MODE": "dev"},
    platforms=("linux/arm64",),
    secrets={"npm": "shop/tokens:npm", "gems": "shop/tokens:gems"},
)
RECIPE = BuildRecipe(
    context="services/web",
    dockerfile="docker/Dockerfile",
    target="run",
    build_args={"MODE": "dev"},
    secrets=("gems", "npm"),
)
HOME = ImageRepository(registry="host", repository="shop/web", registry_id="1", region="us-east-1")
DEPLOYER = DeployerManifest(application="shop", environment="dev", state_machine="arn:sm", images={"web": HOME})


def test_a_recipe_is_the_image_without_where_its_secrets_come_from() -> None:
    assert BuildRecipe.of(WEB) == RECIPE
    assert recipes(Application(name="shop", images=(WEB, Image(name="worker")))) == {
        "web": RECIPE,
        "worker": BuildRecipe(),
    }


def test_a_manifest_carries_recipes_only_where_swaps_are_allowed() -> None:
    assert "hotswap" not in json.loads(DEPLOYER.to_json())
    assert DeployerManifest.from_json(DEPLOYER.to_json()).hotswap is None
    marked = DeployerManifest(
        application="shop", environment="dev", state_machine="arn:sm", images={"web": HOME}, hotswap={"web": RECIPE}
    )
    text = marked.to_json()
    assert DeployerManifest.from_json(text) == marked
    assert "tokens" not in text


def test_a_newer_recipe_is_read() -> None:
    assert BuildRecipe.from_dict({"context": "a", "ssh": "default"}) == BuildRecipe(context="a")


def test_every_build_has_a_tag_of_its_own_which_is_no_release() -> None:
    first, second = (hotswap_tag("dev", 1_800_000_000.25 + later) for later in (0, 0.000_01))
    assert first == "hotswap-dev-20270115-080000-250000"
    assert first != second
    assert not is_release(first)
    assert len(hotswap_tag("e" * 32, 1_800_000_000)) <= 64


def test_a_hot_swap_is_known_by_its_id() -> None:
    assert is_hotswap("20261124-204500-hotswap-web-1a2b")
    assert not is_hotswap("20261124-204500-v1-hotswap-1a2b")
