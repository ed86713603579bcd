"""Hot swaps: what is replaced, what is left alone, how a bad one goes back, and how a release puts order back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appdp.engine.deploy import Process, Request, difference, plan
from appdp.engine.hotswap import begin_swap, build_image, end_swap, swap_step
from appdp.engine.overview import status
from appdp.errors import AppdpError, Locked, Refused, RemoteError
from appdp.model.deployment import Deployment, Outcome, Owner, Phase
from appdp.model.handoff import (
    environment_tag,
    history_parameter,
    is_release,
    lock_parameter,
    release_parameter,
    service_parameter,
)
from appdp.model.lock import Lock
from appdp.model.service_state import Progress
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws, repository
from tests.fakes.builder import FakeBuilder, FakeLogins
from tests.fakes.driver import deploy
from tests.fakes.registry import Behaviour
from tests.unit.engine.hotswap.swap import ME, SOURCE, begun, built, drive, marked, swap
from tests.unit.engine.hotswap.swap import plan as planned

LOCK = lock_parameter(APPLICATION, ENVIRONMENT)
RELEASE = release_parameter(APPLICATION, ENVIRONMENT)


def digest(deployment: Deployment, image: str) -> str:
    """What was built."""
    return (deployment.digests or {})[image]


@pytest.mark.parametrize("service", ["api", "worker"])
def test_the_service_runs_what_was_built_and_nothing_is_recorded(service: str) -> None:
    aws = marked()
    before = dict(aws.parameters.values)
    moving = aws.registry.tag(f"shop/{service}", environment_tag(ENVIRONMENT))
    others = {name: aws.service(name).task_definition for name in aws.images if name != service}
    ended = swap(aws, service)
    assert ended.outcome is Outcome.SUCCEEDED
    assert aws.runs(service) == digest(ended, service)
    assert aws.parameters.values == before, "no release, history, gate, lock or manifest is different"
    assert history_parameter(APPLICATION, ENVIRONMENT) not in before
    assert aws.registry.tag(f"shop/{service}", environment_tag(ENVIRONMENT)) == moving
    assert {name: aws.service(name).task_definition for name in others} == others
    assert aws.service(service).count_writes == []
    assert not is_release(ended.release)


def test_it_ends_once_production_traffic_is_on_it() -> None:
    aws = marked()
    aws.service("api").bake_seconds = 3600
    ended = swap(aws, "api")
    assert ended.outcome is Outcome.SUCCEEDED
    assert ended.services[0].progress is Progress.BAKING
    assert aws.service("api").rollouts[-1].stage == "BAKE_TIME"
    with pytest.raises(Refused, match="IN_PROGRESS at BAKE_TIME"):
        planned(aws, "api")


def test_it_holds_the_lock_and_keeps_it_fresh() -> None:
    aws = marked()
    deployment = begun(aws, "api", behaviour=Behaviour.NEVER_STARTS)
    first = Lock.from_json(aws.parameters.values[LOCK])
    assert (first.deployment, first.owner) == ("h1", Owner(execution=None, requested_by=ME))
    with pytest.raises(Locked):
        planned(aws, "worker")
    for _ in range(60):
        step = swap_step(deployment, aws.ports)
        deployment = step.deployment
        aws.clock.sleep(min(step.wait_seconds, 30))
    assert Lock.from_json(aws.parameters.values[LOCK]).renewed_at > first.renewed_at
    end_swap(deployment, aws.ports)
    assert LOCK not in aws.parameters.values


def test_one_after_the_other() -> None:
    aws = marked()
    first = swap(aws, "worker")
    aws.clock.sleep(60)
    second = swap(aws, "worker")
    assert digest(first, "worker") != digest(second, "worker")
    assert aws.runs("worker") == digest(second, "worker")


# ---- what fails ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", [Behaviour.EXITS, Behaviour.UNHEALTHY, Behaviour.CANNOT_BE_PULLED])
def test_a_green_that_does_not_come_up_goes_back_with_its_reasons(behaviour: Behaviour) -> None:
    aws = marked()
    before = dict(aws.parameters.values)
    ended = swap(aws, "api", behaviour=behaviour)
    assert ended.outcome is Outcome.ROLLED_BACK
    assert aws.runs("api") == aws.digest("api", "v1")
    assert aws.parameters.values == before
    assert ended.failure is not None
    assert ended.failure.tasks
    assert "none is healthy" in ended.failure.summary
    assert not any("whole" in entry.text for entry in ended.log), "it knows nothing about the whole environment"


def test_ecs_rolls_a_bad_worker_back_by_itself() -> None:
    aws = marked()
    ended = swap(aws, "worker", behaviour=Behaviour.EXITS)
    assert ended.outcome is Outcome.ROLLED_BACK
    assert aws.runs("worker") == aws.digest("worker", "v1")
    assert ended.failure is not None
    assert ended.failure.tasks[0].exit_code == 1
    assert ended.failure.tasks[0].log == ("starting", "no such table: carts")


def test_a_bad_swap_goes_back_to_the_swap_before_it() -> None:
    aws = marked()
    first = swap(aws, "api")
    aws.clock.sleep(60)
    assert swap(aws, "api", behaviour=Behaviour.EXITS).outcome is Outcome.ROLLED_BACK
    assert aws.runs("api") == digest(first, "api")


def test_a_way_back_that_fails_needs_a_human() -> None:
    aws = marked()
    aws.service("api").rollback_fails = True
    ended = swap(aws, "api", behaviour=Behaviour.EXITS)
    assert ended.outcome is Outcome.FAILED
    assert ended.failure is not None
    assert "api could not go back" in ended.failure.summary
    assert "appdp deploy dev RELEASE" in ended.failure.summary


def test_a_service_that_is_deleted_meanwhile() -> None:
    aws = marked()
    deployment = begun(aws, "api")
    del aws.services.services[aws.service("api").arn]
    ended = drive(aws, deployment)
    assert ended.outcome is Outcome.ROLLED_BACK
    assert "deleted meanwhile" in ended.services[0].detail


def test_errors_that_pass_are_the_callers_affair_and_others_lead_back() -> None:
    aws = marked()
    deployment = begun(aws, "api")
    for code, passing in (("ServerException", True), ("AccessDeniedException", False)):
        failing = replace(aws.ports, services=Failing(code))  # type: ignore[arg-type]  # one method is enough
        if passing:
            with pytest.raises(RemoteError, match="no describe"):
                swap_step(deployment, failing)
        else:
            step = swap_step(deployment, failing)
            assert step.deployment.phase is Phase.RETURN
            lost = swap_step(step.deployment, failing)
            assert lost.deployment.outcome is Outcome.FAILED
            assert "the way back failed: no describe" in str(lost.deployment.failure)


class Failing:
    """Services that cannot be described."""

    def __init__(self, code: str) -> None:
        self._code = code

    def describe(self, services: object) -> object:
        raise RemoteError("no describe", code=self._code)


# ---- between the build and the start ---------------------------------------------------------------------------------


def test_a_deployment_that_began_during_the_build_is_in_the_way() -> None:
    aws = marked()
    made = built(aws, "api")
    held = Lock(deployment="d9", owner=Owner(execution=None, requested_by="arn:bob"), renewed_at=aws.clock.now())
    aws.parameters.put(LOCK, held.to_json())
    with pytest.raises(Locked, match="d9"):
        begin_swap(*made, process=Process(id="h1", requested_by=ME, sleep=aws.clock.sleep), ports=aws.ports)
    assert aws.parameters.values[LOCK] == held.to_json()


def test_what_changed_during_the_build_counts_and_a_refusal_gives_the_lock_back() -> None:
    aws = marked()
    made = built(aws, "api")
    aws.parameters.delete(service_parameter(APPLICATION, ENVIRONMENT, "api"))
    with pytest.raises(AppdpError, match="No service is called 'api'"):
        begin_swap(*made, process=Process(id="h1", requested_by=ME, sleep=aws.clock.sleep), ports=aws.ports)
    assert LOCK not in aws.parameters.values
    assert not aws.definitions.registered


def test_a_build_that_did_not_push_what_it_says() -> None:
    aws = marked()
    builder = FakeBuilder(aws.registry, pushes=False)
    with pytest.raises(AppdpError, match="does not have it"):
        build_image(planned(aws, "api"), SOURCE, builder=builder, logins=FakeLogins(), ports=aws.ports)


def test_a_build_for_another_platform() -> None:
    aws = marked()
    builder = FakeBuilder(aws.registry, platform="linux/amd64")
    with pytest.raises(AppdpError, match=r"was to be for linux/arm64.* but it is for linux/amd64"):
        build_image(planned(aws, "api"), SOURCE, builder=builder, logins=FakeLogins(), ports=aws.ports)


def test_what_is_ordered_and_a_password_that_is_not_shown() -> None:
    aws = marked()
    builder = FakeBuilder(aws.registry)
    made = build_image(planned(aws, "api"), SOURCE, builder=builder, logins=FakeLogins(), ports=aws.ports)
    (order,), (access,) = builder.orders, builder.accesses
    assert (order.source, order.platform, order.repository, order.tag) == (SOURCE, "linux/arm64", "shop/api", made.tag)
    assert access == FakeLogins().login(repository("api"))
    assert access.password not in repr(access)


# ---- the next release ------------------------------------------------------------------------------------------------


def swapped(service: str = "api") -> tuple[FakeAws, Deployment]:
    aws = marked()
    ended = swap(aws, service)
    aws.clock.sleep(60)
    return aws, ended


def test_the_same_release_puts_order_back() -> None:
    aws, _ = swapped()
    request = Request(application=APPLICATION, environment=ENVIRONMENT, release="v1", rollback=False, id="d2")
    would = {one.name: (one.changes, one.reason) for one in plan(request, aws.ports).services}
    assert would["api"] == (True, "api changed")
    assert not would["worker"][0]
    ended = deploy(aws, "v1", id="d2")
    assert ended.outcome is Outcome.SUCCEEDED
    assert aws.runs("api") == aws.digest("api", "v1")
    assert deploy(aws, "v1", id="d3").outcome is Outcome.NOTHING_TO_DO


def test_a_new_release_that_fails_goes_back_to_the_recorded_one() -> None:
    aws, _ = swapped()
    aws.publish("v2", broken={"api": Behaviour.EXITS})
    assert deploy(aws, "v2", id="d2").outcome is Outcome.ROLLED_BACK
    assert aws.runs("api") == aws.digest("api", "v1")


def test_status_and_diff_tell() -> None:
    aws, ended = swapped()
    (api,) = [one for one in status(APPLICATION, ENVIRONMENT, aws.ports).services if one.name == "api"]
    assert api.released is False
    assert api.detail == f"container api runs {digest(ended, 'api')[:19]}, not the release"
    found = {one.name: one for one in difference(APPLICATION, ENVIRONMENT, "v1", aws.ports).services}
    assert found["api"].differs
    assert digest(ended, "api") in str(found["api"].before)
    assert not found["worker"].differs


def test_the_recorded_release_is_still_the_one_to_go_back_from() -> None:
    aws, _ = swapped()
    assert aws.release == "v1"
    assert [entry.value for entry in aws.parameters.history(RELEASE)][-1] == "v1"


def test_a_deployment_waits_until_the_bake_of_a_swap_is_over() -> None:
    aws = marked()
    aws.service("api").bake_seconds = 300
    swap(aws, "api")
    refused = deploy(aws, "v1", id="d2")
    assert refused.outcome is Outcome.REFUSED
    assert "'appdp hotswap'" in str(refused.failure)
    aws.clock.sleep(400)
    assert deploy(aws, "v1", id="d3").outcome is Outcome.SUCCEEDED
