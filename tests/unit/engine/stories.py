"""The deployments that the crash tests interrupt: how each begins, and how it must end, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from appdp.engine.deploy import ask_to_stop
from appdp.model.deployment import Deployment, Outcome, Phase
from appdp.model.handoff import gate_parameter
from appdp.model.hold import Decision
from appdp.model.stop_request import StopRequest
from tests.fakes import fake_aws
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.driver import drive, started
from tests.fakes.human import Human, asks
from tests.fakes.registry import Behaviour


@dataclass(frozen=True)
class Story:
    """Args:
    begin: makes the account and the deployment.
    outcome: how the deployment must end.
    release: what the environment must run, and have recorded, afterwards; None is zero and the sentinel.
    """

    begin: Callable[[], tuple[FakeAws, Deployment]]
    outcome: Outcome
    release: str | None


def _deploy() -> tuple[FakeAws, Deployment]:
    aws = fake_aws()
    return aws, started(aws, "r2")


def _green_fails() -> tuple[FakeAws, Deployment]:
    aws = fake_aws()
    aws.publish("bad", broken={"api": Behaviour.EXITS})
    return aws, started(aws, "bad")


def _worker_fails_while_baking() -> tuple[FakeAws, Deployment]:
    aws = fake_aws()
    aws.publish("bad", broken={"worker": Behaviour.EXITS})
    return aws, started(aws, "bad")


def _worker_fails_after_all_else_ended() -> tuple[FakeAws, Deployment]:
    aws = fake_aws()
    aws.publish("bad", broken={"worker": Behaviour.EXITS})
    aws.service("worker").breaker = False
    aws.service("api").bake_seconds = aws.service("storefront").bake_seconds = 0
    return aws, started(aws, "bad")


def _rollback() -> tuple[FakeAws, Deployment]:
    aws = fake_aws()
    aws.standing_at("r2")
    return aws, started(aws, None, rollback=True)


def _first_release() -> tuple[FakeAws, Deployment]:
    aws = fake_aws(release=None)
    return aws, started(aws, "r1")


def _first_release_fails() -> tuple[FakeAws, Deployment]:
    aws = fake_aws(release=None)
    aws.publish("bad", broken={"storefront": Behaviour.UNHEALTHY})
    return aws, started(aws, "bad")


def _first_release_fails_late() -> tuple[FakeAws, Deployment]:
    aws = fake_aws(release=None)
    aws.publish("bad", broken={"worker": Behaviour.EXITS})
    aws.service("worker").breaker = False
    aws.service("api").bake_seconds = 0
    return aws, started(aws, "bad")


def _one_changed() -> tuple[FakeAws, Deployment]:
    aws = fake_aws()
    aws.publish("r3", same={"api": "r1", "worker": "r1"})
    return aws, started(aws, "r3")


def _recorded_only() -> tuple[FakeAws, Deployment]:
    aws = fake_aws()
    aws.publish("r3", same={"api": "r1", "worker": "r1", "storefront": "r1"})
    return aws, started(aws, "r3")


def _ecs_lists_late() -> tuple[FakeAws, Deployment]:
    aws = fake_aws()
    for service in aws.services.services.values():
        service.list_lag_seconds = 4
    return aws, started(aws, "r2")


def _takes_over() -> tuple[FakeAws, Deployment]:
    aws = fake_aws()
    aws.publish("r3")
    drive(aws, started(aws, "r2", id="dead"), until=lambda state: state.phase is Phase.GATE)
    aws.owners.running.clear()
    return aws, started(aws, "r3")


def _stopped() -> tuple[FakeAws, Deployment]:
    """Somebody asks for it as soon as the gate is shut, which is when the first change is made."""
    aws = fake_aws()
    asked: list[float] = []

    def ask(now: float) -> None:
        if not asked and aws.parameters.get(gate_parameter(APPLICATION, ENVIRONMENT)):
            asked.append(now)
            request = StopRequest(deployment="d1", by="arn:bob", reason="wrong {{ branch }}")
            ask_to_stop(APPLICATION, ENVIRONMENT, request, aws.ports)

    aws.clock.each_second(ask)
    return aws, started(aws, "r2")


def _decided(decision: Decision) -> Callable[[], tuple[FakeAws, Deployment]]:
    def begin() -> tuple[FakeAws, Deployment]:
        aws = fake_aws()
        Human(aws, decision, after_seconds=20)
        return aws, started(aws, "r2", hold=True)

    return begin


def _nobody_decides() -> tuple[FakeAws, Deployment]:
    aws = fake_aws()
    asks(aws, expires_seconds=300, approve=None)
    return aws, started(aws, "r2", hold=True)


def _green_dies_on_hold() -> tuple[FakeAws, Deployment]:
    aws = fake_aws()
    aws.publish("bad", broken={"api": Behaviour.DIES_LATER})
    return aws, started(aws, "bad", hold=True)


STORIES = {
    "deploy": Story(_deploy, Outcome.SUCCEEDED, "r2"),
    "green fails": Story(_green_fails, Outcome.ROLLED_BACK, "r1"),
    "worker fails while the others bake": Story(_worker_fails_while_baking, Outcome.ROLLED_BACK, "r1"),
    "worker fails when the others are done": Story(_worker_fails_after_all_else_ended, Outcome.ROLLED_BACK, "r1"),
    "rollback": Story(_rollback, Outcome.SUCCEEDED, "r1"),
    "first release": Story(_first_release, Outcome.SUCCEEDED, "r1"),
    "first release fails": Story(_first_release_fails, Outcome.ROLLED_BACK, None),
    "first release fails late": Story(_first_release_fails_late, Outcome.ROLLED_BACK, None),
    "one service changed": Story(_one_changed, Outcome.SUCCEEDED, "r3"),
    "only recorded": Story(_recorded_only, Outcome.SUCCEEDED, "r3"),
    "takes over from a dead one": Story(_takes_over, Outcome.SUCCEEDED, "r3"),
    "stopped by somebody": Story(_stopped, Outcome.ROLLED_BACK, "r1"),
    "ECS lists deployments late": Story(_ecs_lists_late, Outcome.SUCCEEDED, "r2"),
    "approved": Story(_decided(Decision.APPROVED), Outcome.SUCCEEDED, "r2"),
    "rejected": Story(_decided(Decision.REJECTED), Outcome.ROLLED_BACK, "r1"),
    "nobody decides": Story(_nobody_decides, Outcome.ROLLED_BACK, "r1"),
    "green dies on hold": Story(_green_dies_on_hold, Outcome.ROLLED_BACK, "r1"),
}
