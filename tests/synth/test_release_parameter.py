"""The release parameter: what the template says, given to the function that creates the parameter."""

from __future__ import annotations

from typing import Any

from appdp.engine.ports import Recorded
from appdp.errors import RemoteError
from appdp.runtime.sentinel import answer_to
from tests.synth.assembly import only
from tests.synth.environment import Environment


class Store:
    """Systems Manager in memory, with a fault to play."""

    def __init__(self, fault: Exception | None = None, **values: str) -> None:
        self.values = {f"/appdp/shop/dev/{name}": value for name, value in values.items()}
        self.fault = fault

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    def under(self, path: str) -> dict[str, str]:
        return {name: value for name, value in self.values.items() if name.startswith(f"{path}/")}

    def create(self, name: str, value: str) -> bool:
        if self.fault:
            raise self.fault
        return self.values.setdefault(name, value) is value

    def put(self, name: str, value: str) -> None:
        self.values[name] = value

    def delete(self, name: str) -> None:
        self.values.pop(name, None)

    def history(self, name: str) -> tuple[Recorded, ...]:
        return ()


def event(environment: Environment, kind: str) -> dict[str, Any]:
    properties = only(environment.deployers, "Custom::AppdpReleaseParameter")
    physical = {} if kind == "Create" else {"PhysicalResourceId": "/appdp/shop/dev/release"}
    return {
        "RequestType": kind,
        "ResponseURL": "https://example.com",
        "StackId": "stack",
        "RequestId": "1",
        "LogicalResourceId": "Release",
        "ResourceProperties": properties,
        **physical,
    }


def test_a_new_environment_starts_with_the_sentinel(environment: Environment) -> None:
    store = Store()
    answer = answer_to(event(environment, "Create"), store)
    assert store.values == {"/appdp/shop/dev/release": "none"}
    assert answer == {
        "StackId": "stack",
        "RequestId": "1",
        "LogicalResourceId": "Release",
        "PhysicalResourceId": "/appdp/shop/dev/release",
        "Status": "SUCCESS",
    }


def test_a_release_that_is_there_stays(environment: Environment) -> None:
    store = Store(release="abc123")
    for kind in ("Create", "Update", "Delete"):
        assert answer_to(event(environment, kind), store)["Status"] == "SUCCESS"
        assert store.values == {"/appdp/shop/dev/release": "abc123"}


def test_an_environment_that_never_had_a_release_leaves_nothing(environment: Environment) -> None:
    store = Store(release="none")
    assert answer_to(event(environment, "Delete"), store)["Status"] == "SUCCESS"
    assert store.values == {}


def test_a_fault_fails_the_stack_with_its_reason(environment: Environment) -> None:
    answer = answer_to(event(environment, "Create"), Store(fault=RemoteError("no access", code="AccessDenied")))
    assert (answer["Status"], answer["Reason"]) == ("FAILED", "no access")
    assert answer["PhysicalResourceId"] == "/appdp/shop/dev/release"
