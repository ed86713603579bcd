"""What can be asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appdp.errors import ConfigurationError
from appdp.model.request import Request

GOOD: dict[str, Any] = {"application": "shop", "environment": "dev", "release": "r1", "id": "d-1_A"}


@pytest.mark.parametrize("changes", [{}, {"rollback": True}, {"rollback": True, "release": None}])
def test_a_request_survives_json(changes: dict[str, Any]) -> None:
    request = Request(**{**GOOD, **changes})
    assert Request.from_dict({**json.loads(json.dumps(request.to_dict())), "new": 1}) == request


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"application": "Shop"}, "Application 'Shop' is not a name"),
        ({"environment": ""}, "Environment '' is not a name"),
        ({"id": "a/b"}, "'a/b' cannot be the id of a deployment"),
        ({"id": "x" * 81}, "allowed are 1 to 80"),
        ({"release": "env-dev"}, "'env-dev' is not a release"),
        ({"release": None}, "was asked for without a release"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Request(**{**GOOD, **changes})
