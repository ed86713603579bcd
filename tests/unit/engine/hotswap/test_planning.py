"""What may be hot-swapped, and what is refused before anything is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from appdp.engine.hotswap import plan_hotswap
from appdp.engine.live import DeploymentStatus
from appdp.errors import AppdpError, ConfigurationError, Locked, NotFound, Refused
from appdp.model.deployment import Owner
from appdp.model.environment import DeployerManifest
from appdp.model.handoff import SENTINEL, deployer_parameter, lock_parameter, release_parameter
from appdp.model.hotswap import BuildRecipe
from appdp.model.lock import Lock
from tests.fakes.aws import APPLICATION, ENVIRONMENT, SHOP_WITH_CODEDEPLOY, FakeAws
from tests.fakes.builder import allow_hotswaps
from tests.fakes.driver import deploy
from tests.unit.engine.hotswap.swap import give_second_image, marked, plan

DEPLOYER = deployer_parameter(APPLICATION, ENVIRONMENT)


def test_a_plan_says_what_is_built_and_what_it_replaces() -> None:
    aws = marked()
    allow_hotswaps(aws, api=BuildRecipe(context="services/api", target="dev", build_args={"MODE": "dev"}))
    before = dict(aws.parameters.values)
    planned = plan(aws, "api")
    assert planned.to_dict() == {
        "application": "shop",
        "environment": "dev",
        "service": "api",
        "release": "v1",
        "image": "api",
        "containers": ["api"],
        "platform": "linux/arm64",
        "repository": "000000000000.dkr.ecr.us-east-1.amazonaws.com/shop/api",
        "running": aws.digest("api", "v1"),
        "recipe": {
            "context": "services/api",
            "dockerfile": "Dockerfile",
            "target": "dev",
            "build_args": {"MODE": "dev"},
            "secrets": (),
        },
    }
    assert aws.parameters.values == before


def test_what_is_registered_is_the_stacks_task_definition_with_one_other_image() -> None:
    aws = marked()
    planned = plan(aws, "api")
    made = planned.definition("sha256:new")
    original = aws.definitions.read(aws.manifest("api").task_definition)
    assert [one["image"] for one in made["containerDefinitions"]] == [
        "000000000000.dkr.ecr.us-east-1.amazonaws.com/shop/api@sha256:new",
        original["containerDefinitions"][1]["image"],
    ]
    assert made["family"] == original["family"]
    assert "revision" not in made


def test_the_applications_other_images_stay_what_runs() -> None:
    aws = marked()
    give_second_image(aws, "api", "worker")
    aws.service("api").revision.digests["sidecar"] = "sha256:swapped-before"
    planned = plan(aws, "api", container="api")
    assert planned.containers == ("api",)
    assert planned.others["sidecar"].endswith("/shop/worker@sha256:swapped-before")


def test_an_image_that_does_not_run_yet_is_the_releases() -> None:
    aws = marked()
    give_second_image(aws, "api", "worker")
    aws.service("api").revision.digests.pop("sidecar")
    assert plan(aws, "api", container="api").others["sidecar"].endswith(f"@{aws.digest('worker', 'v1')}")
    aws.registry.forget("shop/worker", "v1")
    with pytest.raises(Refused, match="image 'worker' has no tag 'v1'"):
        plan(aws, "api", container="api")


def test_every_container_of_the_image_gets_it() -> None:
    aws = marked()
    give_second_image(aws, "api", "api")
    assert plan(aws, "api").containers == ("api", "sidecar")


def nothing(aws: FakeAws) -> None:
    """The environment is as it should be; what is asked of it is wrong."""


def unmarked(aws: FakeAws) -> None:
    manifest = DeployerManifest.from_json(aws.parameters.values[DEPLOYER])
    aws.parameters.put(DEPLOYER, replace(manifest, hotswap=None).to_json())


def no_recipe(aws: FakeAws) -> None:
    manifest = DeployerManifest.from_json(aws.parameters.values[DEPLOYER])
    aws.parameters.put(DEPLOYER, replace(manifest, hotswap={"worker": BuildRecipe()}).to_json())


def no_release(aws: FakeAws) -> None:
    aws.parameters.put(release_parameter(APPLICATION, ENVIRONMENT), SENTINEL)


def locked(aws: FakeAws) -> None:
    held = Lock(deployment="other", owner=Owner(execution=None, requested_by="arn:bob"), renewed_at=aws.clock.now())
    aws.parameters.put(lock_parameter(APPLICATION, ENVIRONMENT), held.to_json())


def under_way(aws: FakeAws) -> None:
    service = aws.service("api")
    arn = service.task_definition
    aws.services.update(service.cluster, service.arn, task_definition=arn, force=True)
    aws.clock.sleep(1)
    assert service.rollouts[-1].status is DeploymentStatus.IN_PROGRESS


def gone(aws: FakeAws) -> None:
    del aws.services.services[aws.service("api").arn]


def external(aws: FakeAws) -> None:
    aws.service("api").controller = "EXTERNAL"


def renamed_container(aws: FakeAws) -> None:
    aws.write_manifest(replace(aws.manifest("api"), containers={"server": "api"}))


def two_images(aws: FakeAws) -> None:
    give_second_image(aws, "api", "worker")


@dataclass(frozen=True)
class Case:
    """What is wrong, what is asked, and how it must end."""

    arrange: Callable[[FakeAws], None]
    error: type[AppdpError]
    words: tuple[str, ...]
    environment: str = ENVIRONMENT
    service: str = "api"
    container: str | None = None


CASES = {
    "not marked": Case(unmarked, Refused, ("'dev' is not marked for hot swaps", "Deployer(..., hotswap=True)")),
    "no recipe": Case(no_recipe, Refused, ("does not say how image 'api' is built",)),
    "no release": Case(no_release, Refused, ("'dev' has no release yet", "appdp deploy dev")),
    "unknown environment": Case(nothing, NotFound, ("'prod'", "There are: dev."), environment="prod"),
    "unknown service": Case(nothing, NotFound, ("'nope'", "There are: api, storefront, worker."), service="nope"),
    "unknown container": Case(nothing, NotFound, ("'nope'", "There are: api."), container="nope"),
    "no container of ours": Case(nothing, NotFound, ("'sidecar'", "There are: api."), container="sidecar"),
    "several images": Case(two_images, ConfigurationError, ("api (api), sidecar (worker)", "--container NAME")),
    "locked": Case(locked, Locked, ("arn:bob", "'appdp hotswap'")),
    "under way": Case(under_way, Refused, ("has a deployment in progress", "IN_PROGRESS at RECONCILE_SERVICE")),
    "gone": Case(gone, Refused, ("does not exist any more",)),
    "external controller": Case(external, Refused, ("its deployment controller is EXTERNAL",)),
    "other containers": Case(renamed_container, Refused, ("container server", "Deploy its stack again")),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_is_refused_changes_nothing(case: Case) -> None:
    aws = marked()
    case.arrange(aws)
    before = dict(aws.parameters.values)
    with pytest.raises(case.error) as raised:
        plan_hotswap(APPLICATION, case.environment, case.service, aws.ports, container=case.container)
    for words in case.words:
        assert words in str(raised.value)
    assert aws.parameters.values == before
    assert not aws.definitions.registered


def test_what_codedeploy_deploys_is_refused() -> None:
    aws = marked(services=SHOP_WITH_CODEDEPLOY)
    with pytest.raises(Refused, match="'api' cannot be hot-swapped: CodeDeploy deploys it"):
        plan(aws, "api")
    assert plan(aws, "storefront").name == "storefront"


def test_a_dead_deployments_lock_is_no_hindrance() -> None:
    aws = marked()
    locked(aws)
    aws.clock.sleep(600)
    assert plan(aws, "api").release == "v1"
    aws.publish("v2")
    assert deploy(aws, "v2", id="d2").done
