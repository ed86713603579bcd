"""The publish action, as CodePipeline calls it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest

from appdp.aws.session import Session
from appdp.engine.publish.ports import Finding, PublishPorts
from appdp.errors import ConfigurationError, RemoteError, Throttled
from appdp.model.handoff import pipeline_parameter
from appdp.model.publication import Place
from appdp.runtime import publish
from appdp.runtime.publish import PublishSetting
from tests.fakes.interruptions import Interruptions, Killed
from tests.fakes.pipeline_jobs import FakePipelineJobs, Told
from tests.fakes.publishing import APPLICATION, BASIC, CREATED, PIPELINE, FakePublishing
from tests.unit.aws.server import AwsSays, AwsServer

JOB = "11111111-2222-3333-4444-555555555555"
GIVEN = json.dumps({"commit": "c1", "created": CREATED, "source": "acme/shop"})


def event(token: str | None = None, user_parameters: str = GIVEN) -> dict[str, Any]:
    """What CodePipeline sends."""
    configuration = {"FunctionName": "publish", "UserParameters": user_parameters}
    data: dict[str, Any] = {"actionConfiguration": {"configuration": configuration}}
    if token is not None:
        data["continuationToken"] = token
    return {"CodePipeline.job": {"id": JOB, "accountId": "000000000000", "data": data}}


def called(publishing: FakePublishing, given: dict[str, Any], ports: PublishPorts | None = None) -> Told:
    """One call; what CodePipeline was told, exactly once."""
    jobs = FakePipelineJobs()
    where = PublishSetting(application=APPLICATION, pipeline=PIPELINE, ports=ports or publishing.ports)
    publish.perform(json.loads(json.dumps(given)), jobs, lambda: where)
    (told,) = jobs.told
    assert told.job == JOB
    return told


def pipeline(publishing: FakePublishing, ports: PublishPorts | None = None) -> Told:
    """Call until an end is told."""
    told = called(publishing, event(), ports)
    for _ in range(500):
        if not told.token:
            return told
        publishing.clock.sleep(5)
        told = called(publishing, event(told.token), ports)
    raise AssertionError("no end")


def built(**options: Any) -> FakePublishing:
    publishing = FakePublishing("web", "api", **options)
    publishing.build("c1")
    return publishing


def test_a_publication_from_its_first_call_to_its_last() -> None:
    publishing = built(scan=BASIC)
    publishing.build("c0", web="c1")
    publishing.drive(publishing.begin("c0"))
    publishing.runs("dev", "c0")
    publishing.schedules("dev", report="api")
    first = called(publishing, event())
    assert json.loads(first.token)["commit"] == "c1"
    assert first.summary.startswith("Waiting for the scan of api (linux/amd64)")
    last = pipeline(publishing)
    assert last.kind == ""
    assert last.variables == {
        "commit": "c1",
        "unchanged": '{"dev":["web"]}',
        "changes_dev": "compare/c0...c1",
        "about_dev": "dev runs c0. Changed: api, schedule report. The same: web.",
    }
    assert last.summary == "Published c1: web, api; dev runs web already"


def test_an_environment_that_cannot_be_read_is_not_said_to_have_no_release() -> None:
    role = "arn:aws:iam::444455556666:role/release"
    publishing = FakePublishing("web", environments=("prod",), elsewhere={"prod": Place(role=role)})
    publishing.build("c1")
    told = pipeline(publishing)
    assert told.variables["changes_prod"] == "commit/c1"
    assert told.variables["about_prod"] == "prod could not be read, so nothing is compared."


def test_the_time_is_counted_from_the_first_call() -> None:
    publishing = built(scan=BASIC)
    publishing.scans.takes_seconds = 10_000
    started = publishing.clock.now()
    told = pipeline(publishing)
    assert (told.kind, told.message.partition(":")[0]) == ("JobFailed", "The scan did not end within 600 s")
    assert 600 < publishing.clock.now() - started <= 610


def test_a_gate_that_stays_shut_is_told_with_its_reason() -> None:
    publishing = built(scan=BASIC)
    publishing.scans.findings[publishing.platform_digest("api", "c1")] = (Finding(name="CVE-7", severity="CRITICAL"),)
    told = pipeline(publishing)
    assert told.kind == "JobFailed"
    assert "Image api (linux/amd64) has 1 CRITICAL: CVE-7." in told.message
    assert publishing.registrations == []


@pytest.mark.parametrize(
    ("user_parameters", "said"),
    [
        ("", "UserParameters must be a JSON object"),
        ('{"commit": "c1"}', "created=None"),
        (GIVEN.replace("c1", "none"), "is not a release"),
    ],
)
def test_what_the_action_was_given_is_checked(user_parameters: str, said: str) -> None:
    told = called(built(), event(user_parameters=user_parameters))
    assert told.kind == "ConfigurationError"
    assert said in told.message


def test_a_token_that_is_none_of_ours() -> None:
    told = called(built(), event("x"))
    assert (told.kind, told.message[:22]) == ("ConfigurationError", "The continuation token")


def test_a_manifest_that_is_not_there_or_cannot_be_read() -> None:
    publishing = built()
    publishing.parameters.put(pipeline_parameter(APPLICATION, PIPELINE), "{}")
    assert called(publishing, event()).message.startswith("The manifest of this pipeline cannot be read")
    publishing.parameters.delete(pipeline_parameter(APPLICATION, PIPELINE))
    told = called(publishing, event())
    assert told.kind == "ConfigurationError"
    assert "Deploy the pipeline's stack again." in told.message


def failing(publishing: FakePublishing, error: Exception, call: str) -> PublishPorts:
    """Ports one call of which fails each time."""

    def fail(number: int, name: str) -> None:
        if name == call:
            raise error

    return Interruptions(before=fail).around(publishing.ports)


@pytest.mark.parametrize("call", ["parameters.get", "distribution.put", "scans.read", "events.put"])
def test_what_may_pass_is_tried_again_and_not_for_ever(call: str) -> None:
    publishing = built(scan=BASIC)
    ports = failing(publishing, Throttled("slow down", code="ThrottlingException"), call)
    told = called(publishing, event(), ports)
    while told.token and publishing.clock.now() < 1_800_003_000:
        publishing.clock.sleep(5)
        told = called(publishing, event(told.token), ports)
    assert (told.kind, told.token) == ("JobFailed", "")
    assert "slow down" in told.message
    assert publishing.clock.now() - 1_800_000_000 > 900
    assert publishing.drive(publishing.begin("c1")).done


def test_what_does_not_pass_fails_at_once() -> None:
    publishing = built()
    ports = failing(publishing, RemoteError("no", code="AccessDenied", hint="Allow it."), "distribution.put")
    assert called(publishing, event(), ports) == Told(job=JOB, kind="JobFailed", message="no\nAllow it.")


def test_a_defect_is_told_too(caplog: pytest.LogCaptureFixture) -> None:
    publishing = built()
    told = called(publishing, event(), failing(publishing, ZeroDivisionError("x"), "distribution.put"))
    assert told.kind == "JobFailed"
    assert told.message.endswith("please report it: ZeroDivisionError: x")
    assert "ZeroDivisionError" in caplog.text


def test_a_setting_that_is_not_there_is_told() -> None:
    def missing() -> PublishSetting:
        raise ConfigurationError("The environment variable X is not set.")

    jobs = FakePipelineJobs()
    publish.perform(event(), jobs, missing)
    assert [told.kind for told in jobs.told] == ["ConfigurationError"]


def test_a_result_that_cannot_be_told_is_raised_for_lambda_to_call_again() -> None:
    class Deaf(FakePipelineJobs):
        def succeeded(self, job: str, **told: Any) -> None:
            raise Throttled("slow down")

    publishing = built()
    where = PublishSetting(application=APPLICATION, pipeline=PIPELINE, ports=publishing.ports)
    with pytest.raises(Throttled):
        publish.perform(event(), Deaf(), lambda: where)
    assert called(publishing, event()).variables["commit"] == "c1"
    assert len(publishing.registrations) == 1


def test_killed_at_every_call_and_called_again_with_the_same_event() -> None:
    """Lambda calls a function again that died."""
    digests = built().drive(built().begin("c1"))
    counting = Interruptions()
    publishing = built()
    pipeline(publishing, counting.around(publishing.ports))
    for at in range(1, len(counting.calls) + 1):

        def kill(number: int, name: str, at: int = at) -> None:
            if number == at:
                raise Killed(name)

        publishing = built()
        with pytest.raises(Killed):
            pipeline(publishing, Interruptions(after=kill).around(publishing.ports))
        assert pipeline(publishing).variables["commit"] == "c1"
        assert {
            name: publishing.distribution.digest(f"shop/{name}", "c1") for name in digests.digests
        } == digests.digests
        assert len(publishing.registrations) == 1


def test_every_environment_has_variables_that_codepipeline_takes() -> None:
    publishing = built(environments=("dev", "my-qa", "new"))
    publishing.runs("dev", "c1")
    publishing.runs("my-qa", "v1.2")
    variables = pipeline(publishing).variables
    assert {name: value for name, value in variables.items() if "_" in name} == {
        "changes_dev": "commit/c1",
        "about_dev": "dev runs this release already.",
        "changes_my-qa": "compare/v1.2...c1",
        "about_my-qa": "my-qa runs v1.2. Changed: web, api.",
        "changes_new": "commit/c1",
        "about_new": "new has no release yet.",
    }
    model = Session().boto.client("codepipeline", region_name="eu-west-1").meta.service_model
    pattern = model.shape_for("OutputVariablesKey").metadata["pattern"]
    assert all(re.fullmatch(pattern, name) for name in variables)


@pytest.fixture
def fresh() -> Iterator[None]:
    for cached in (publish.setting, publish._session, publish._jobs):
        cached.cache_clear()
    yield
    for cached in (publish.setting, publish._session, publish._jobs):
        cached.cache_clear()


def test_the_function_itself(
    aws: AwsServer, fresh: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def missing(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays("ParameterNotFound")

    aws.answers["GetParameter"] = missing
    aws.answers["PutJobFailureResult"] = lambda _: {}
    with caplog.at_level(logging.INFO):
        publish.handler(event(), None)
    said = aws.last("PutJobFailureResult").payload
    assert said["jobId"] == JOB
    assert "APPDP_APPLICATION is not set" in said["failureDetails"]["message"]
    monkeypatch.setenv("APPDP_APPLICATION", "shop")
    monkeypatch.setenv("APPDP_PIPELINE", "main")
    publish.handler(event(), None)
    details = aws.last("PutJobFailureResult").payload["failureDetails"]
    assert details["type"] == "ConfigurationError"
    assert "/appdp/shop/pipelines/main" in details["message"]
    assert aws.last("GetParameter").payload == {"Name": "/appdp/shop/pipelines/main"}
