"""The names through which constructs and engine meet."""

from __future__ import annotations

import pytest

from appdp.errors import ConfigurationError
from appdp.model import handoff


def test_parameter_names() -> None:
    assert handoff.environment_path("shop", "dev") == "/appdp/shop/dev"
    assert handoff.deployer_parameter("shop", "dev") == "/appdp/shop/dev/deployer"
    assert handoff.services_path("shop", "dev") == "/appdp/shop/dev/services"
    assert handoff.service_parameter("shop", "dev", "web") == "/appdp/shop/dev/services/web"
    assert handoff.release_parameter("shop", "dev") == "/appdp/shop/dev/release"
    assert handoff.lock_parameter("shop", "dev") == "/appdp/shop/dev/lock"
    assert handoff.takeover_parameter("shop", "dev", "d1") == "/appdp/shop/dev/lock-takeover/d1"
    assert handoff.gate_parameter("shop", "dev") == "/appdp/shop/dev/gate"


def test_parameters_of_an_application() -> None:
    assert handoff.pipeline_parameter("shop", "main") == "/appdp/shop/pipelines/main"
    assert handoff.release_registry_parameter("shop") == "/appdp/shop/releases/latest"


@pytest.mark.parametrize("name", ["dev", "release", "pipeline", "a" * 32])
def test_environments(name: str) -> None:
    assert handoff.check_environment("Environment", name) == name


@pytest.mark.parametrize("name", handoff.RESERVED_ENVIRONMENTS)
def test_an_environment_does_not_take_the_place_of_the_applications_own_parameters(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"Environment '{name}' cannot be called so: 'pipelines' and"):
        handoff.check_environment("Environment", name)


def test_an_environments_name_is_a_name() -> None:
    with pytest.raises(ConfigurationError, match="Environment 'Dev' is not a name"):
        handoff.check_environment("Environment", "Dev")


def test_the_name_of_a_release_role_is_its_own_and_fits() -> None:
    assert handoff.release_role_name("shop", "prod", "eu-west-1") == "appdp-release-8ad5775a7616cc08-eu-west-1"
    names = {
        handoff.release_role_name(application, environment, region)
        for application, environment in (("a-b", "c"), ("a", "b-c"), ("a" * 32, "b" * 32))
        for region in ("eu-west-1", "ap-southeast-1")
    }
    assert len(names) == 6
    # CodePipeline allows 30 characters for a region; IAM 64 for a role.
    assert len(handoff.release_role_name("a" * 32, "b" * 32, "r" * 30)) <= 64


def test_other_names() -> None:
    assert handoff.environment_tag("dev") == "env-dev"
    assert handoff.repository_name("shop", "web") == "shop/web"
    assert handoff.deployer_name("shop", "dev") == "appdp-shop-dev"


@pytest.mark.parametrize("name", ["a", "web", "web-2", "a" * 32])
def test_names(name: str) -> None:
    assert handoff.check_name("Image", name) == name


@pytest.mark.parametrize("name", ["", "2web", "-web", "web-", "Web", "we_b", "a" * 33])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"Image '{name}' is not a name"):
        handoff.check_name("Image", name)


@pytest.mark.parametrize("tag", ["r1", "0f3c9", "_x", "v1.2.3-rc.1", "a" * 128])
def test_releases(tag: str) -> None:
    assert handoff.check_release(tag) == tag
    assert handoff.is_release(tag)


@pytest.mark.parametrize("tag", ["", "none", "env-dev", "cache-web", "hotswap-dev-1", ".x", "a b", "a" * 129])
def test_what_is_no_release(tag: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a release"):
        handoff.check_release(tag)
    assert not handoff.is_release(tag)


def test_the_tag_of_one_architecture_is_no_release() -> None:
    assert not handoff.is_release("r1-arm64")
    assert not handoff.is_release("r1-amd64")
