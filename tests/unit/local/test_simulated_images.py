"""Which image references can be played without containers."""

from __future__ import annotations

import pytest

from appdp.local.ecs.containers import PullFailure
from appdp.local.simulated_images import SimulatedImages
from appdp.local.wire import Endpoint


@pytest.mark.parametrize(
    "reference",
    [
        "busy:1",
        "busy",
        "library/busy",
        "public.ecr.aws/x/y:1",
        "localhost:2/web:1",
        "localhost:1/",
        "localhost:1/web@x",
    ],
)
def test_an_image_of_another_registry_cannot_be_pulled(reference: str) -> None:
    images = SimulatedImages(Endpoint(url="http://127.0.0.1:1", account="000000000000", region="us-east-1"))
    with pytest.raises(PullFailure, match="only images of the embedded registry are simulated"):
        images.behaviour(reference)


def test_a_registry_that_does_not_answer_is_told() -> None:
    images = SimulatedImages(Endpoint(url="http://127.0.0.1:1", account="000000000000", region="us-east-1"))
    with pytest.raises(PullFailure, match=r"failed to resolve ref localhost:1/web: .*refused"):
        images.behaviour("localhost:1/web")
