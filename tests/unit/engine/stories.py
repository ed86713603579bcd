"""The deployments that the crash tests interrupt: how each begins, and how it must end, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from appdp.engine.deploy import ask_to_stop
from appdp.model.deployment import Deployment, Outcome, Phase
from appdp.model.handoff import gate_parameter
from appdp.model.hold import Decision
from appdp.model.job import JobRun
from appdp.model.schedule_state import ScheduleProgress
from appdp.model.stop_request import StopRequest
from tests.fakes import fake_aws
from tests.fakes.aws import APPLICATION, ENVIRONMENT, SHOP_WITH_CODEDEPLOY, FakeAws, repository
from tests.fakes.driver import drive, started
from tests.fakes.human import Human, asks
from tests.fakes.jobs import JobBehaviour
from tests.fakes.registry import Behaviour
from tests.fakes.scheduled import scheduled_aws

REPOINTED = ScheduleProgress.REPOINTED


@dataclass(frozen=True)
class Story:
    """Args:
    begin: makes the account and the deployment.
    outcome: how the deployment must end.
    release: what the environment must run, and have recorded, afterwards; None is zero and the sentinel.
    calls: how many port calls an undisturbed run makes: at each of them the engine is killed.
    """

    begin: Callable[[], tuple[FakeAws, Deployment]]
    outcome: Outcome
    release: str | None
    calls: int


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


class Stopper:
    """Asks once to stop what shut the gate."""

    def __init__(self, aws: FakeAws) -> None:
        self._aws = aws
        self._asked = False

    def look(self, now: float) -> None:
        if not self._asked and self._aws.parameters.get(gate_parameter(APPLICATION, ENVIRONMENT)):
            self._asked = True
            request = StopRequest(deployment="d1", by="arn:bob", reason="wrong {{ branch }}")
            ask_to_stop(APPLICATION, ENVIRONMENT, request, self._aws.ports)


def _stopped() -> tuple[FakeAws, Deployment]:
    """Somebody asks for it as soon as the gate is shut, which is when the first change is made."""
    aws = fake_aws()
    aws.clock.each_second(Stopper(aws).look)
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


def _with_codedeploy(*, release: str | None = "r1") -> FakeAws:
    """CodeDeploy deploys the api; ECS the storefront, blue/green, and the worker, rolling."""
    return fake_aws(release=release, services=SHOP_WITH_CODEDEPLOY)


def _codedeploy() -> tuple[FakeAws, Deployment]:
    aws = _with_codedeploy()
    return aws, started(aws, "r2")


def _codedeploy_green_fails() -> tuple[FakeAws, Deployment]:
    aws = _with_codedeploy()
    aws.publish("bad", broken={"api": Behaviour.EXITS})
    return aws, started(aws, "bad")


def _codedeploy_is_done_when_another_fails() -> tuple[FakeAws, Deployment]:
    aws = _with_codedeploy()
    aws.publish("bad", broken={"worker": Behaviour.EXITS})
    aws.service("worker").breaker = False
    aws.service("api").bake_seconds = 0
    return aws, started(aws, "bad")


def _codedeploy_first_release() -> tuple[FakeAws, Deployment]:
    aws = _with_codedeploy(release=None)
    return aws, started(aws, "r1")


def _codedeploy_first_release_fails() -> tuple[FakeAws, Deployment]:
    aws = _with_codedeploy(release=None)
    aws.publish("bad", broken={"api": Behaviour.UNHEALTHY})
    return aws, started(aws, "bad")


def _codedeploy_approved() -> tuple[FakeAws, Deployment]:
    aws = _with_codedeploy()
    Human(aws, Decision.APPROVED, after_seconds=20)
    return aws, started(aws, "r2", hold=True)


def _schedules() -> tuple[FakeAws, Deployment]:
    aws = scheduled_aws()
    return aws, started(aws, "r2")


def _only_a_schedule_changes() -> tuple[FakeAws, Deployment]:
    aws = scheduled_aws()
    aws.publish("r3", same={"api": "r1", "worker": "r1", "storefront": "r1"})
    return aws, started(aws, "r3")


def _a_schedule_stays_behind() -> tuple[FakeAws, Deployment]:
    aws = scheduled_aws()
    aws.schedules.refused.add("report")
    return aws, started(aws, "r2")


def _takes_over_while_recording() -> tuple[FakeAws, Deployment]:
    """The dead one pointed its schedules at its release, and nothing names that release yet."""
    aws = scheduled_aws()
    aws.publish("bad", broken={"api": Behaviour.EXITS})
    drive(
        aws,
        started(aws, "r2", id="dead"),
        until=lambda state: state.schedules != () and all(one.progress is REPOINTED for one in state.schedules),
    )
    aws.owners.running.clear()
    return aws, started(aws, "bad")


def _first_release_schedules() -> tuple[FakeAws, Deployment]:
    aws = scheduled_aws(release=None)
    return aws, started(aws, "r1")


def _first_release_stays_behind() -> tuple[FakeAws, Deployment]:
    aws = scheduled_aws(release=None)
    aws.schedules.refused.add("report")
    return aws, started(aws, "r1")


def _migrates() -> tuple[FakeAws, Deployment]:
    aws = fake_aws()
    aws.add_job("migrate")
    aws.add_job("warm", run=JobRun.AFTER_TRAFFIC)
    return aws, started(aws, "r2")


def _job_fails(run: JobRun) -> Callable[[], tuple[FakeAws, Deployment]]:
    def begin() -> tuple[FakeAws, Deployment]:
        aws = fake_aws()
        aws.add_job("migrate", run=run)
        _behaves_in_r2(aws, JobBehaviour(exit_code=1, seconds=20))
        return aws, started(aws, "r2")

    return begin


def _job_takes_too_long() -> tuple[FakeAws, Deployment]:
    aws = fake_aws()
    aws.add_job("migrate", timeout_seconds=60)
    _behaves_in_r2(aws, JobBehaviour(seconds=5000))
    return aws, started(aws, "r2")


def _behaves_in_r2(aws: FakeAws, behaviour: JobBehaviour) -> None:
    """Other releases' jobs succeed."""
    aws.jobs.behaves[repository("api").by_digest(aws.digest("api", "r2") or "")] = behaviour


def _takes_over_while_a_job_runs() -> tuple[FakeAws, Deployment]:
    aws = fake_aws()
    aws.add_job("migrate")
    aws.jobs.behaves["shop-dev-migrate"] = JobBehaviour(seconds=300)
    drive(aws, started(aws, "r2", id="dead"), until=lambda state: any(job.task for job in state.jobs))
    aws.jobs.behaves["shop-dev-migrate"] = JobBehaviour()
    aws.owners.running.clear()
    return aws, started(aws, "r2")


STORIES = {
    "deploy": Story(_deploy, Outcome.SUCCEEDED, "r2", 271),
    "green fails": Story(_green_fails, Outcome.ROLLED_BACK, "r1", 188),
    "worker fails while the others bake": Story(_worker_fails_while_baking, Outcome.ROLLED_BACK, "r1", 279),
    "worker fails when the others are done": Story(_worker_fails_after_all_else_ended, Outcome.ROLLED_BACK, "r1", 484),
    "rollback": Story(_rollback, Outcome.SUCCEEDED, "r1", 273),
    "first release": Story(_first_release, Outcome.SUCCEEDED, "r1", 257),
    "first release fails": Story(_first_release_fails, Outcome.ROLLED_BACK, None, 264),
    "first release fails late": Story(_first_release_fails_late, Outcome.ROLLED_BACK, None, 266),
    "one service changed": Story(_one_changed, Outcome.SUCCEEDED, "r3", 202),
    "only recorded": Story(_recorded_only, Outcome.SUCCEEDED, "r3", 56),
    "takes over from a dead one": Story(_takes_over, Outcome.SUCCEEDED, "r3", 313),
    "stopped by somebody": Story(_stopped, Outcome.ROLLED_BACK, "r1", 90),
    "ECS lists deployments late": Story(_ecs_lists_late, Outcome.SUCCEEDED, "r2", 249),
    "approved": Story(_decided(Decision.APPROVED), Outcome.SUCCEEDED, "r2", 584),
    "rejected": Story(_decided(Decision.REJECTED), Outcome.ROLLED_BACK, "r1", 516),
    "nobody decides": Story(_nobody_decides, Outcome.ROLLED_BACK, "r1", 1505),
    "schedules": Story(_schedules, Outcome.SUCCEEDED, "r2", 303),
    "only a schedule changes": Story(_only_a_schedule_changes, Outcome.SUCCEEDED, "r3", 74),
    "a schedule stays behind": Story(_a_schedule_stays_behind, Outcome.ROLLED_BACK, "r1", 584),
    "the one before died at its schedules": Story(_takes_over_while_recording, Outcome.ROLLED_BACK, "r1", 501),
    "first release switches schedules on": Story(_first_release_schedules, Outcome.SUCCEEDED, "r1", 288),
    "first release fails at a schedule": Story(_first_release_stays_behind, Outcome.ROLLED_BACK, None, 295),
    "migrates": Story(_migrates, Outcome.SUCCEEDED, "r2", 343),
    "job before traffic fails": Story(_job_fails(JobRun.BEFORE_TRAFFIC), Outcome.ROLLED_BACK, "r1", 160),
    "job after traffic fails": Story(_job_fails(JobRun.AFTER_TRAFFIC), Outcome.ROLLED_BACK, "r1", 658),
    "job takes too long": Story(_job_takes_too_long, Outcome.ROLLED_BACK, "r1", 321),
    "takes over while a job runs": Story(_takes_over_while_a_job_runs, Outcome.SUCCEEDED, "r2", 380),
    "green dies on hold": Story(_green_dies_on_hold, Outcome.ROLLED_BACK, "r1", 630),
    "CodeDeploy": Story(_codedeploy, Outcome.SUCCEEDED, "r2", 277),
    "CodeDeploy, green fails": Story(_codedeploy_green_fails, Outcome.ROLLED_BACK, "r1", 188),
    "CodeDeploy is done when another fails": Story(
        _codedeploy_is_done_when_another_fails, Outcome.ROLLED_BACK, "r1", 403
    ),
    "CodeDeploy, first release": Story(_codedeploy_first_release, Outcome.SUCCEEDED, "r1", 263),
    "CodeDeploy, first release fails": Story(_codedeploy_first_release_fails, Outcome.ROLLED_BACK, None, 259),
    "CodeDeploy, approved": Story(_codedeploy_approved, Outcome.SUCCEEDED, "r2", 590),
}
