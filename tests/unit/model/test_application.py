"""Applications and their images."""

from __future__ import annotations

import pytest

from appdp.errors import ConfigurationError, NotFound
from appdp.model.application import PLATFORMS, Application, Image


def test_an_image_has_defaults_and_cannot_be_changed_through_its_arguments() -> None:
    arguments = {"A": "1"}
    image = Image(name="web", build_args=arguments)
    arguments["A"] = "2"
    assert (image.context, image.dockerfile, image.target, image.platforms) == (".", "Dockerfile", None, PLATFORMS)
    assert dict(image.build_args) == {"A": "1"}


@pytest.mark.parametrize("platforms", [(), ("linux/riscv64",), ("linux/amd64", "windows/amd64")])
def test_platforms_that_fargate_does_not_run_are_refused(platforms: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match=r"allowed are one or both of \['linux/amd64', 'linux/arm64'\]"):
        Image(name="web", platforms=platforms)


def test_an_application_knows_its_images() -> None:
    application = Application(name="shop", images=(Image(name="web"), Image(name="api")))
    assert application.image("api").name == "api"
    assert application.repository("api") == "shop/api"
    with pytest.raises(NotFound, match=r"No image is called 'apy'. There are: web, api."):
        application.image("apy")


@pytest.mark.parametrize(
    ("images", "said"),
    [((), "has no image"), ((Image(name="a"), Image(name="b"), Image(name="a")), "more than one image called a")],
)
def test_an_application_that_cannot_be_is_refused(images: tuple[Image, ...], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Application(name="shop", images=images)
