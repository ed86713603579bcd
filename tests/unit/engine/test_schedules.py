"""Schedules run the release once every service does; whatever else they are told stays."""

from __future__ import annotations

import json
from dataclasses import replace

import botocore.session
import pytest

from appdp.engine.deploy import plan
from appdp.engine.deploy.schedules import OUTPUT_ONLY
from appdp.errors import ConfigurationError, Throttled
from appdp.model.deployment import Deployment, Outcome, Phase
from appdp.model.handoff import environment_tag, schedule_group, schedule_parameter
from appdp.model.schedule import ScheduleManifest
from tests.fakes.aws import APPLICATION, CLUSTER, ENVIRONMENT, FakeAws
from tests.fakes.driver import deploy, drive, request, started, why
from tests.fakes.interruptions import Interruptions
from tests.fakes.registry import Behaviour
from tests.fakes.scheduled import scheduled_aws
from tests.fakes.schedules import GROUP
from tests.unit.engine.invariants import holds_for


def told(deployment: Deployment, name: str) -> list[str]:
    return [entry.text for entry in deployment.log if entry.service == name]


def write(aws: FakeAws, manifest: ScheduleManifest) -> None:
    aws.parameters.put(schedule_parameter(APPLICATION, ENVIRONMENT, manifest.name), manifest.to_json())


def test_a_schedule_is_pinned_by_digest_and_keeps_everything_else() -> None:
    aws = scheduled_aws()
    before = aws.schedules.get(GROUP, "report")
    done = deploy(aws, "r2")
    assert done.outcome is Outcome.SUCCEEDED
    after = aws.schedules.get(GROUP, "report")
    assert before is not None
    assert after is not None
    assert aws.definitions.images(aws.schedules.target("report"))["report"].endswith(f"@{aws.digest('report', 'r2')}")
    target = before["Target"] | {"EcsParameters": {**before["Target"]["EcsParameters"]}}
    target["EcsParameters"]["TaskDefinitionArn"] = aws.schedules.target("report")
    assert {**after, "LastModificationDate": None} == {**before, "Target": target, "LastModificationDate": None}
    assert told(done, "report") == ["registered shop-dev-report:2, pinned by digest", "runs r2 from now on"]
    holds_for(aws, "r2")


def test_no_schedule_changes_before_every_service_runs_the_release() -> None:
    aws = scheduled_aws()
    state = drive(aws, started(aws, "r2"), until=lambda state: state.phase is Phase.RECORD)
    assert aws.schedules.updates == []
    state = drive(aws, state, until=lambda state: aws.schedules.updates != [])
    assert aws.registry.tag(f"{APPLICATION}/report", environment_tag(ENVIRONMENT)) == aws.digest("report", "r1")


def test_a_release_that_fails_leaves_schedules_alone() -> None:
    aws = scheduled_aws()
    aws.publish("bad", broken={"api": Behaviour.EXITS})
    assert deploy(aws, "bad").outcome is Outcome.ROLLED_BACK
    assert aws.schedules.updates == []
    holds_for(aws, "r1")


def test_a_release_of_a_schedule_alone_only_repoints_it() -> None:
    aws = scheduled_aws()
    aws.publish("r3", same={"api": "r1", "worker": "r1", "storefront": "r1"})
    planned = plan(request("r3"), aws.ports)
    assert {one.name: (one.changes, one.reason) for one in planned.schedules} == {
        "mailing": (False, "it already runs the images of r3"),
        "report": (True, "report changed"),
    }
    assert planned.changes
    done = deploy(aws, "r3")
    assert done.outcome is Outcome.SUCCEEDED
    assert [sent["Name"] for sent in aws.schedules.updates] == ["report"]
    assert aws.shifts == []
    holds_for(aws, "r3")


def test_deploying_the_same_release_again_repairs_a_stale_schedule() -> None:
    aws = scheduled_aws()
    stale = aws.schedules.target("report")
    deploy(aws, "r2", id="d1")
    assert not plan(request("r2"), aws.ports).changes
    assert deploy(aws, "r2", id="d2").outcome is Outcome.NOTHING_TO_DO

    definition = aws.definitions.stored[stale]
    definition["containerDefinitions"][0]["image"] = definition["containerDefinitions"][0]["image"].replace(
        ":env-dev", f"@{aws.digest('report', 'r1')}"
    )
    live = aws.schedules.stored[(GROUP, "report")]
    live["Target"]["EcsParameters"]["TaskDefinitionArn"] = stale
    assert plan(request("r2"), aws.ports).changes
    assert deploy(aws, "r2", id="d3").outcome is Outcome.SUCCEEDED
    holds_for(aws, "r2")


def test_after_cdk_deploy_a_schedule_still_runs_the_release() -> None:
    aws = scheduled_aws()
    deploy(aws, "r2", id="d1")
    aws.add_schedule("report")
    holds_for(aws, "r2")
    assert deploy(aws, "r2", id="d2").outcome is Outcome.NOTHING_TO_DO
    assert deploy(aws, "r1", id="d3").outcome is Outcome.SUCCEEDED
    assert aws.schedules.target("report").endswith(":4")
    holds_for(aws, "r1")


def test_what_cdk_deploy_changed_meanwhile_is_what_a_return_leads_to() -> None:
    aws = scheduled_aws()
    aws.schedules.refused.add("report")
    state = drive(aws, started(aws, "r2"), until=lambda state: state.phase is Phase.RECORD)
    aws.add_schedule("mailing", image="worker")
    done = drive(aws, state)
    assert done.outcome is Outcome.ROLLED_BACK
    assert aws.schedules.target("mailing") == aws.scheduled("mailing").task_definition
    holds_for(aws, "r1")


def test_a_schedule_that_cannot_be_repointed_takes_everything_back() -> None:
    aws = scheduled_aws()
    aws.schedules.refused.add("report")
    done = deploy(aws, "r2")
    assert done.outcome is Outcome.ROLLED_BACK
    assert done.failure is not None
    assert done.failure.summary.startswith("schedule report could not be pointed at r2: AWS refused")
    assert told(done, "mailing")[-1] == "runs what it ran before"
    holds_for(aws, "r1")


def test_one_that_cannot_go_back_either_needs_a_human() -> None:
    aws = scheduled_aws()
    aws.schedules.refused.add("report")
    state = drive(aws, started(aws, "r2"), until=lambda state: state.phase is Phase.RETURN)
    aws.schedules.stuck.add("mailing")
    done = drive(aws, state)
    assert done.outcome is Outcome.FAILED
    assert "mailing could not go back: AWS refused scheduler:UpdateSchedule" in why(done)


@pytest.mark.parametrize("phase", [Phase.RECORD, Phase.RETURN])
def test_one_that_is_deleted_meanwhile_is_let_go(phase: Phase) -> None:
    aws = scheduled_aws()
    if phase is Phase.RETURN:
        aws.schedules.refused.add("report")
    state = drive(aws, started(aws, "r2"), until=lambda state: state.phase is phase)
    aws.schedules.stored.pop((GROUP, "mailing"))
    done = drive(aws, state)
    assert told(done, "mailing")[-1] == "was deleted meanwhile"
    holds_for(aws, "r2" if phase is Phase.RECORD else "r1")


def test_the_first_release_switches_on_what_shall_be_on() -> None:
    aws = scheduled_aws(release=None)
    write(aws, replace(aws.scheduled("mailing"), enabled=False))
    reasons = {one.name: one.reason for one in plan(request("r1"), aws.ports).schedules}
    assert reasons == {"mailing": "the first release points it", "report": "the first release switches it on"}
    done = deploy(aws, "r1")
    assert done.outcome is Outcome.SUCCEEDED
    assert (aws.schedules.enabled("mailing"), aws.schedules.enabled("report")) == (False, True)
    assert told(done, "report")[-1] == "runs r1 from now on, and is switched on"


def test_one_that_was_switched_off_by_hand_stays_off() -> None:
    aws = scheduled_aws()
    aws.schedules.stored[(GROUP, "report")]["State"] = "DISABLED"
    deploy(aws, "r2")
    assert not aws.schedules.enabled("report")


def test_what_cannot_work_is_refused_before_anything_changes() -> None:
    aws = scheduled_aws()
    aws.publish("r3", platforms=("linux/amd64",))
    write(aws, replace(aws.scheduled("mailing"), containers={"mialing": "worker"}))
    done = deploy(aws, "r3")
    assert done.outcome is Outcome.REFUSED
    assert done.failure is not None
    assert "Schedule 'report' runs on linux/arm64, but image 'report' of release 'r3'" in done.failure.summary
    assert "Schedule 'mailing' wants its image in container 'mialing'" in done.failure.summary

    write(aws, replace(aws.scheduled("mailing"), containers={"mailing": "post"}))
    done = deploy(aws, "r2", id="d2")
    assert "Schedule 'mailing' uses image 'post', which the deployer does not know" in why(done)

    write(aws, replace(aws.scheduled("mailing"), containers={"mailing": "worker"}, schedule="gone"))
    done = deploy(aws, "r2", id="d3")
    assert "Schedule 'mailing' (shop.dev/gone) does not exist any more." in why(done)


def test_a_release_that_a_schedules_image_lacks_is_refused() -> None:
    aws = scheduled_aws()
    aws.publish("half", only=("api", "storefront", "worker"))
    done = deploy(aws, "half")
    assert done.outcome is Outcome.REFUSED
    assert "Image 'report' has no tag 'half'" in why(done)


def test_a_schedule_that_runs_something_else_is_brought_to_the_release() -> None:
    aws = scheduled_aws()
    other = aws.definitions.add({"family": "other", "containerDefinitions": [{"name": "report", "image": "x/y:1"}]})
    aws.schedules.stored[(GROUP, "report")]["Target"]["EcsParameters"]["TaskDefinitionArn"] = other
    assert plan(request("r1"), aws.ports).schedules[1].running == {}
    assert deploy(aws, "r1").outcome is Outcome.SUCCEEDED
    holds_for(aws, "r1")


def test_what_update_does_not_take_is_what_the_model_says() -> None:
    model = botocore.session.get_session().get_service_model("scheduler")
    answered = model.operation_model("GetSchedule").output_shape
    taken = model.operation_model("UpdateSchedule").input_shape
    assert answered is not None
    assert taken is not None
    assert set(answered.members) - set(taken.members) == OUTPUT_ONLY
    # What is left of the request is made up by the SDK: everything else is sent as it was.
    assert set(taken.members) - set(answered.members) == {"ClientToken"}


def test_a_state_of_before_there_were_schedules_is_read() -> None:
    aws = scheduled_aws()
    data = started(aws, "r2").to_dict()
    del data["schedules"]
    assert Deployment.from_dict(data).schedules == ()


def test_every_environment_has_a_group_of_its_own() -> None:
    assert schedule_group("shop", "dev") == GROUP
    longest = schedule_group("a" * 32, "b" * 32)
    assert longest.startswith(f"{'a' * 32}.0")
    assert len(longest) <= 64
    assert longest != schedule_group("a" * 32, "b" * 31 + "c")


def test_the_manifest_survives_its_json() -> None:
    manifest = scheduled_aws().scheduled("report")
    assert manifest.cluster == CLUSTER
    assert ScheduleManifest.from_json(manifest.to_json()) == manifest


def test_a_manifest_of_a_newer_version_is_refused() -> None:
    text = json.dumps({**json.loads(scheduled_aws().scheduled("report").to_json()), "version": 2, "more": 1})
    with pytest.raises(ConfigurationError, match="written by a newer appdp"):
        ScheduleManifest.from_json(text)
    assert ScheduleManifest.from_json(text.replace('"version": 2', '"version": 1')).name == "report"


def test_a_schedule_whose_manifest_is_gone_is_let_go_even_when_it_was_registered() -> None:
    aws = scheduled_aws()
    state = drive(
        aws,
        started(aws, "r2"),
        until=lambda state: state.schedules != () and all(one.task_definition for one in state.schedules),
    )
    aws.parameters.delete(schedule_parameter(APPLICATION, ENVIRONMENT, "report"))
    done = drive(aws, state)
    assert done.outcome is Outcome.SUCCEEDED
    assert told(done, "report")[-1] == "was deleted meanwhile"
    assert told(done, "mailing")[-1] == "runs r2 from now on"


def test_throttling_is_no_reason_to_go_back() -> None:
    aws = scheduled_aws()
    throttled: list[str] = []

    def once(number: int, name: str) -> None:
        if name == "schedules.update" and len(throttled) < 2:
            throttled.append(name)
            raise Throttled("slow down", code="ThrottlingException")

    state = started(aws, "r2")
    ports = Interruptions(before=once).around(aws.ports)
    last = [state]
    for _ in range(20):
        try:
            done = drive(aws, last[0], ports=ports, each=lambda now: last.insert(0, now))
            break
        except Throttled:
            continue
    assert done.outcome is Outcome.SUCCEEDED
    assert throttled
    holds_for(aws, "r2")


def test_throttling_on_the_way_back_is_tried_again() -> None:
    aws = scheduled_aws()
    aws.schedules.refused.add("report")
    state = drive(aws, started(aws, "r2"), until=lambda state: state.phase is Phase.RETURN)

    def always(number: int, name: str) -> None:
        if name.startswith("schedules."):
            raise Throttled("slow down", code="ThrottlingException")

    with pytest.raises(Throttled):
        drive(aws, state, ports=Interruptions(before=always).around(aws.ports))
    assert drive(aws, state).outcome is Outcome.ROLLED_BACK
    holds_for(aws, "r1")
