"""A task definition goes through a deployment unchanged but for its images, whatever it holds."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from botocore.model import StructureShape
from hypothesis import given
from hypothesis import strategies as st

from appdp.engine.deploy.clone import clone
from appdp.errors import Refused
from tests.fakes import fake_aws
from tests.fakes.driver import deploy

DEFINITION: dict[str, Any] = {
    "family": "shop-dev-api",
    "containerDefinitions": [
        {"name": "api", "image": "a", "quantumEntanglement": {"pairs": 2}},
        {"name": "x", "image": "b"},
    ],
    "hologram": {"depth": [1, 2, {"unit": "m"}]},
}

ADDED_BY_ECS = {
    "taskDefinitionArn": "arn:aws:ecs:us-east-1:1:task-definition/shop-dev-api:7",
    "revision": 7,
    "status": "ACTIVE",
    "requiresAttributes": [],
    "compatibilities": ["FARGATE"],
    "registeredAt": 1.0,
    "registeredBy": "arn:me",
    "deregisteredAt": 2.0,
    "deleteRequestedAt": 3.0,
}


def test_fields_that_no_sdk_knows_survive() -> None:
    cloned = clone({**DEFINITION, **ADDED_BY_ECS}, {"api": "new"})
    expected = json.loads(json.dumps(DEFINITION))
    expected["containerDefinitions"][0]["image"] = "new"
    assert cloned == expected


def test_everything_that_ecs_adds_and_does_not_take_back_is_left_out() -> None:
    model = botocore.session.get_session().get_service_model("ecs")
    stored, taken = model.shape_for("TaskDefinition"), model.operation_model("RegisterTaskDefinition").input_shape
    assert isinstance(stored, StructureShape)
    assert isinstance(taken, StructureShape)
    assert set(stored.members) - set(taken.members) == set(ADDED_BY_ECS)


def test_tags_of_aws_are_left_out_and_others_stay() -> None:
    tags = [{"key": "aws:cloudformation:stack-name", "value": "s"}, {"key": "team", "value": "shop"}]
    assert clone({**DEFINITION, "tags": tags}, {})["tags"] == [{"key": "team", "value": "shop"}]
    assert "tags" not in clone({**DEFINITION, "tags": tags[:1]}, {})


def test_a_container_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match="has no container called apy; it has api, x"):
        clone(DEFINITION, {"apy": "new"})


@given(
    extra=st.dictionaries(
        st.text(min_size=1).filter(lambda key: key not in {*ADDED_BY_ECS, "containerDefinitions", "tags"}),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
    )
)
def test_any_other_field_survives(extra: dict[str, Any]) -> None:
    source = {**DEFINITION, **extra}
    before = json.dumps(source)
    cloned = clone(source, {"x": "new"})
    assert {key: value for key, value in cloned.items() if key != "containerDefinitions"} == {
        key: value for key, value in source.items() if key != "containerDefinitions"
    }
    assert json.dumps(source) == before


def test_a_whole_deployment_registers_cloudformations_revision_but_for_the_images() -> None:
    aws = fake_aws()
    original = aws.definitions.stored[aws.manifest("api").task_definition]
    original["hologram"] = {"depth": 3}
    original["containerDefinitions"][0]["quantumEntanglement"] = True
    deploy(aws, "r2")
    sent = next(one for one in aws.definitions.registered if one["family"] == "shop-dev-api")
    pinned = f"000000000000.dkr.ecr.us-east-1.amazonaws.com/shop/api@{aws.digest('api', 'r2')}"
    assert sent["containerDefinitions"][0] == {**original["containerDefinitions"][0], "image": pinned}
    assert sent["containerDefinitions"][1] == original["containerDefinitions"][1]
    assert sent["hologram"] == {"depth": 3}
    assert sent["tags"] == [{"key": "team", "value": "shop"}]
    assert sent.keys() == original.keys() - ADDED_BY_ECS.keys()
