"""One step of a deployment, as the state machine calls it."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from appdp.engine.deploy import Step
from appdp.errors import ConfigurationError, CredentialsError
from appdp.model.deployment import Failure, Outcome, Owner, Phase
from appdp.model.hold import Decision
from appdp.runtime import advance
from appdp.runtime.setting import Setting, setting
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.deployments import a_deployment
from tests.fakes.human import BOSS, Human
from tests.fakes.registry import Behaviour
from tests.unit.aws.server import AwsSays, AwsServer

EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:appdp-shop-dev:d1"


def first(release: str, environment: str = ENVIRONMENT) -> dict[str, Any]:
    """What the state machine sends first."""
    request = {
        "application": APPLICATION,
        "environment": environment,
        "release": release,
        "id": "d1",
        "rollback": False,
    }
    return {"request": request, "execution": EXECUTION, "requested_by": "arn:alice"}


def standing() -> tuple[FakeAws, Setting]:
    account = FakeAws()
    account.publish("v1")
    account.standing_at("v1")
    account.owners.running.add(EXECUTION)
    return account, Setting(application=APPLICATION, environment=ENVIRONMENT, ports=account.ports)


def loop(account: FakeAws, where: Setting, event: dict[str, Any]) -> dict[str, Any]:
    """The state machine: everything goes through JSON."""
    for _ in range(1000):
        answer: dict[str, Any] = json.loads(json.dumps(advance.step(event, where)))
        if answer["done"]:
            return answer
        assert isinstance(answer["wait_seconds"], int)
        assert answer["outcome"] is None
        account.clock.sleep(answer["wait_seconds"])
        event = {"deployment": answer["deployment"]}
    raise AssertionError(f"no end: {event}")


def test_a_release_from_its_first_step_to_its_end() -> None:
    account, where = standing()
    account.publish("v2")
    answer = loop(account, where, first("v2"))
    assert answer["outcome"] == "succeeded"
    assert answer["deployment"]["owner"] == {"execution": EXECUTION, "requested_by": "arn:alice"}
    assert account.release == "v2"


def test_a_deployment_has_the_name_of_its_execution() -> None:
    account, where = standing()
    account.publish("v2")
    asked = first("v2")
    asked["request"]["id"] = "what a pipeline said"
    assert advance.step(asked, where)["deployment"]["id"] == "d1"


def test_a_broken_release_gives_its_reason_as_summary() -> None:
    account, where = standing()
    account.publish("v2", broken={"api": Behaviour.EXITS})
    answer = loop(account, where, first("v2"))
    assert answer["outcome"] == "rolled_back"
    assert answer["summary"].startswith("api: ")
    assert "exited with code" in answer["summary"]


def test_a_request_for_another_environment_is_refused() -> None:
    _, where = standing()
    with pytest.raises(ConfigurationError, match=r"serves shop/dev, but the request is for shop/prod"):
        advance.step(first("v1", "prod"), where)


def test_waits_are_whole_seconds_and_summaries_are_not_endless() -> None:
    deployment = a_deployment(owner=Owner(execution=EXECUTION, requested_by="me"))
    assert advance.answer(Step(deployment=deployment, wait_seconds=0.2))["wait_seconds"] == 1
    assert advance.answer(Step(deployment=deployment, wait_seconds=0.0))["summary"] == "prepare"
    long = replace(
        deployment,
        phase=Phase.DONE,
        outcome=Outcome.FAILED,
        failure=Failure(service="api", summary="x" * 100_000),
    )
    answer = advance.answer(Step(deployment=long, wait_seconds=0.0))
    assert (answer["done"], answer["outcome"]) == (True, "failed")
    assert len(answer["summary"]) == advance.SUMMARY_LIMIT


def test_each_line_of_the_story_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    account, where = standing()
    account.publish("v2")
    with caplog.at_level(logging.INFO):
        answer = loop(account, where, first("v2"))
    logged = [record.getMessage() for record in caplog.records if record.name == "appdp.runtime.advance"]
    assert len(logged) == len(answer["deployment"]["log"])


def test_what_passes_is_raised_for_the_state_machine_to_retry(
    aws: AwsServer, where: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def expired(_: dict[str, Any]) -> dict[str, Any]:
        raise AwsSays("ExpiredTokenException")

    aws.answers["GetParameter"] = expired
    setting.cache_clear()
    monkeypatch.setenv("APPDP_APPLICATION", "shop")
    monkeypatch.setenv("APPDP_ENVIRONMENT", "dev")
    with pytest.raises(CredentialsError):
        advance.handler(first("v2"), None)
    setting.cache_clear()


def test_a_request_can_ask_for_a_hold() -> None:
    account, where = standing()
    account.publish("v2")
    asked = first("v2")
    asked["request"]["hold"] = True
    Human(account, Decision.APPROVED, after_seconds=90)
    answer = loop(account, where, asked)
    assert answer["outcome"] == "succeeded"
    hold = answer["deployment"]["hold"]
    assert (hold["decision"], hold["by"]) == ("approved", BOSS)
