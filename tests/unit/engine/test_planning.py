"""plan(): what would change, and why; and what is refused, with everything that is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appdp.engine.deploy import plan
from appdp.errors import ConfigurationError, Locked, NotFound, Refused
from appdp.model.deployment import Owner
from appdp.model.environment import DeployerManifest, StrategyKind
from appdp.model.gate import Gate
from appdp.model.handoff import (
    deployer_parameter,
    gate_parameter,
    lock_parameter,
    release_parameter,
    service_parameter,
    takeover_parameter,
)
from appdp.model.lock import Lock
from appdp.model.request import Request
from tests.fakes import fake_aws
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.driver import deploy, execution, request
from tests.unit.engine.invariants import nothing_left


def changes(aws: FakeAws, release: str | None, *, rollback: bool = False) -> dict[str, tuple[bool, str]]:
    planned = plan(request(release, rollback=rollback), aws.ports)
    return {service.name: (service.changes, service.reason) for service in planned.services}


def test_every_service_with_another_image_changes() -> None:
    assert changes(fake_aws(), "r2") == {
        "api": (True, "api changed"),
        "storefront": (True, "storefront changed"),
        "worker": (True, "worker changed"),
    }


def test_an_image_with_the_same_content_is_left_alone_although_its_index_differs() -> None:
    aws = fake_aws()
    aws.publish("r3", same={"api": "r1"})
    assert changes(aws, "r3")["api"] == (False, "it already runs the images of r3")
    assert aws.digest("api", "r3") != aws.digest("api", "r1")


def test_a_running_digest_that_the_registry_forgot_counts_as_different() -> None:
    aws = fake_aws()
    del aws.registry._images["shop/api"][str(aws.runs("api"))]
    assert changes(aws, "r2")["api"] == (True, "api changed")


def test_nothing_changes_for_the_release_that_runs() -> None:
    planned = plan(request("r1"), fake_aws().ports)
    assert not planned.changes
    assert planned.to_dict()["previous"] == "r1"


def test_the_first_release_brings_everything_up() -> None:
    planned = plan(request("r1"), fake_aws(release=None).ports)
    assert planned.previous is None
    assert [service.reason for service in planned.services] == ["the first release brings it up"] * 3
    assert planned.services[0].running == {}


def test_a_service_whose_revision_is_unknown_changes() -> None:
    aws = fake_aws()
    aws.services._revisions.clear()
    assert changes(aws, "r1")["api"] == (True, "no image of it is known to run")


def test_planning_writes_nothing() -> None:
    aws = fake_aws()
    before = dict(aws.parameters.values)
    plan(request("r2"), aws.ports)
    assert aws.parameters.values == before
    assert nothing_left(aws) == []


def test_a_rollback_without_a_name_finds_the_last_good_release() -> None:
    aws = fake_aws()
    deploy(aws, "r2")
    assert plan(request(None, rollback=True), aws.ports).release == "r1"


def test_there_is_nothing_to_go_back_to() -> None:
    with pytest.raises(NotFound, match=r"last good one before r1.*There are: r1") as raised:
        plan(request(None, rollback=True), fake_aws().ports)
    assert "appdp rollback dev RELEASE" in raised.value.hint
    with pytest.raises(NotFound, match="before the first"):
        plan(request(None, rollback=True), fake_aws(release=None).ports)


def test_an_unknown_release_lists_the_known_ones() -> None:
    aws = fake_aws()
    aws.registry.push("shop/api", "r2-arm64")
    with pytest.raises(NotFound, match=r"No release is called 'r9'. There are: r2, r1.") as raised:
        plan(request("r9"), aws.ports)
    assert raised.value.exit_code == 2


def test_an_unknown_environment_lists_the_known_ones() -> None:
    asked = Request(application=APPLICATION, environment="prod", release="r1", id="d1")
    with pytest.raises(NotFound, match=r"No environment is called 'prod'. There are: dev."):
        plan(asked, fake_aws().ports)


def test_an_image_missing_in_one_repository_names_image_repository_and_who_has_it() -> None:
    aws = fake_aws()
    aws.publish("half", only=("api", "storefront"))
    with pytest.raises(Refused) as raised:
        plan(request("half"), aws.ports)
    said = str(raised.value)
    assert (
        "Image 'worker' has no tag 'half' in repository 000000000000.dkr.ecr.us-east-1.amazonaws.com/shop/worker"
        in said
    )
    assert "these images have it: api, storefront" in said
    assert raised.value.exit_code == 8


def test_an_image_that_no_service_uses_may_lack_the_release() -> None:
    aws = fake_aws()
    aws.publish("half", only=("api", "storefront"))
    del aws.parameters.values[service_parameter(APPLICATION, ENVIRONMENT, "worker")]
    assert plan(request("half"), aws.ports).changes


def test_a_wrong_architecture_is_refused() -> None:
    aws = fake_aws()
    aws.publish("intel", platforms=("linux/amd64",))
    with pytest.raises(Refused) as raised:
        plan(request("intel"), aws.ports)
    assert "'api' runs on linux/arm64, but image 'api' of release 'intel' was built for linux/amd64 only" in str(
        raised.value
    )
    assert str(raised.value).count("was built for") == 3


def test_x86_64_is_the_default_architecture() -> None:
    aws = fake_aws()
    for stored in aws.definitions.stored.values():
        del stored["runtimePlatform"]
    aws.publish("arm", platforms=("linux/arm64",))
    with pytest.raises(Refused, match="runs on linux/amd64"):
        plan(request("arm"), aws.ports)


def test_an_image_without_platforms_cannot_be_judged_and_passes() -> None:
    aws = fake_aws()
    aws.publish("plain", platforms=())
    assert plan(request("plain"), aws.ports).changes


def test_every_fault_is_reported_at_once() -> None:
    aws = fake_aws()
    aws.service("api").controller = "CODE_DEPLOY"
    aws.write_manifest(replace(aws.manifest("worker"), containers={"app": "worker"}))
    with pytest.raises(Refused) as raised:
        plan(request("r2"), aws.ports)
    assert "Service 'api' has deployment controller CODE_DEPLOY, but its stack names no deployment group" in str(
        raised.value
    )
    assert "wants its image in container 'app', but" in str(raised.value)
    assert "has only worker, sidecar" in str(raised.value)


def test_a_service_that_is_gone_is_refused() -> None:
    aws = fake_aws()
    del aws.services.services[aws.service("api").arn]
    with pytest.raises(Refused, match=r"Service 'api' \(.*service/shop/api\) does not exist any more"):
        plan(request("r2"), aws.ports)


def test_an_environment_without_services_is_refused() -> None:
    aws = fake_aws()
    for name in aws.images:
        del aws.parameters.values[service_parameter(APPLICATION, ENVIRONMENT, name)]
    with pytest.raises(Refused, match="has no service, schedule or job yet"):
        plan(request("r2"), aws.ports)


def test_an_image_that_the_deployer_does_not_know_is_refused() -> None:
    aws = fake_aws()
    aws.write_manifest(replace(aws.manifest("api"), containers={"api": "apy"}))
    with pytest.raises(
        Refused, match="Service 'api' uses image 'apy', which the deployer does not know; it knows api, "
    ):
        plan(request("r2"), aws.ports)


def test_a_deployment_of_somebody_else_in_progress_is_refused() -> None:
    aws = fake_aws()
    service = aws.service("api")
    aws.services.update(service.cluster, service.arn, task_definition=service.task_definition, force=True)
    with pytest.raises(Refused) as raised:
        plan(request("r2"), aws.ports)
    assert "has a deployment in progress that appdp did not start" in str(raised.value)
    assert "aws ecs stop-service-deployment" in str(raised.value)
    assert service.rollouts[-1].arn in str(raised.value)


def test_its_stage_and_reason_are_told() -> None:
    aws = fake_aws()
    service = aws.service("api")
    aws.services.update(service.cluster, service.arn, task_definition=service.task_definition, force=True)
    aws.clock.sleep(2)
    service.rollouts[-1].reason = "somebody did it"
    with pytest.raises(Refused, match=r"is IN_PROGRESS at PRE_SCALE_UP \(somebody did it\)"):
        plan(request("r2"), aws.ports)


def test_too_many_services_for_one_gate_are_refused() -> None:
    aws = FakeAws({f"service-number-{number:03}": StrategyKind.ROLLING for number in range(490)})
    aws.publish("r1")
    with pytest.raises(Refused, match=r"490 services, and the gate .* a parameter takes 4096"):
        plan(request("r1"), aws.ports)


@pytest.mark.parametrize("owner", [execution("other"), Owner(execution=None, requested_by="arn:other")])
def test_a_lock_held_by_a_running_deployment_names_its_owner(owner: Owner) -> None:
    aws = fake_aws()
    aws.owners.running.add(str(owner.execution))
    lock = Lock(deployment="other", owner=owner, renewed_at=aws.clock.now() - 10)
    aws.parameters.put(lock_parameter(APPLICATION, ENVIRONMENT), lock.to_json())
    with pytest.raises(Locked) as raised:
        plan(request("r2"), aws.ports)
    assert "locked by deployment other, requested by arn:" in str(raised.value)
    assert "2027-01-15 08:00:50 UTC" in str(raised.value)
    assert "appdp status dev" in raised.value.hint
    aws.clock.jump(300)
    aws.owners.running.clear()
    assert plan(request("r2"), aws.ports).changes


def test_a_lock_without_end_is_explained() -> None:
    aws = fake_aws()
    lock = Lock(deployment="a", owner=execution("a"), renewed_at=0)
    aws.parameters.put(lock_parameter(APPLICATION, ENVIRONMENT), lock.to_json())
    aws.parameters.put(takeover_parameter(APPLICATION, ENVIRONMENT, "a"), lock.to_json())
    with pytest.raises(Locked, match="More than 10 deployments of 'dev' died"):
        plan(request("r2"), aws.ports)


def test_what_a_dead_deployment_left_in_progress_is_not_in_the_way() -> None:
    aws = fake_aws()
    service = aws.service("api")
    gate = Gate(deployment="dead", task_definitions=(service.task_definition,))
    aws.parameters.put(gate_parameter(APPLICATION, ENVIRONMENT), gate.to_json())
    aws.services.update(service.cluster, service.arn, task_definition=service.task_definition, force=True)
    assert plan(request("r2"), aws.ports).changes


def test_a_protected_environment_says_so() -> None:
    aws = fake_aws()
    name = deployer_parameter(APPLICATION, ENVIRONMENT)
    manifest = DeployerManifest.from_json(aws.parameters.values[name])
    aws.parameters.put(name, replace(manifest, protected=True).to_json())
    assert plan(request("r2"), aws.ports).protected


@pytest.mark.parametrize(
    ("values", "back"),
    [
        (["none", "1", "2"], "1"),
        (["none", "1", "2", "3", "2"], "1"),
        (["none", "1", "2", "3", "2", "3"], "2"),
        (["none", "1", "2", "2"], "1"),
        (["none", "1", "2", "1", "3"], "1"),
    ],
)
def test_going_back_never_leads_to_a_release_that_was_left_by_going_back(values: list[str], back: str) -> None:
    aws = FakeAws()
    for release in {"1", "2", "3"}:
        aws.publish(release)
    for value in values:
        aws.parameters.put(release_parameter(APPLICATION, ENVIRONMENT), value)
    assert plan(request(None, rollback=True), aws.ports).release == back


def test_a_tag_that_cannot_be_a_release_is_no_request() -> None:
    with pytest.raises(ConfigurationError):
        request("env-dev")
