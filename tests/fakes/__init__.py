"""Fakes of the engine's ports, one per file; :class:`~tests.fakes.aws.FakeAws` puts them together.

``fake_ports()`` gives a populated environment: application ``shop``, environment ``dev``, services ``storefront`` and
``api`` (blue/green) and ``worker`` (rolling), releases ``r1`` and ``r2``, running ``r1``. Let time pass with
``aws.clock.sleep``; drive a deployment to its end with :func:`tests.fakes.driver.drive`.
"""

from __future__ import annotations

from appdp.engine.ports import Ports
from appdp.model.environment import StrategyKind
from tests.fakes.aws import FakeAws


def fake_aws(*, release: str | None = "r1", services: dict[str, StrategyKind] | None = None) -> FakeAws:
    """The example environment with releases r1 and r2 published; running ``release``, or nothing yet."""
    aws = FakeAws(services)
    aws.publish("r1")
    aws.publish("r2")
    if release is not None:
        aws.standing_at(release)
    return aws


def fake_ports() -> Ports:
    """The ports of :func:`fake_aws`."""
    return fake_aws().ports
