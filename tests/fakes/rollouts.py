"""How a fake ECS moves service deployments along, one second at a time."""

from __future__ import annotations

from appdp.engine.live import DeploymentStatus
from tests.fakes.cluster import Revision, Rollout, Service, Shift, Task
from tests.fakes.gate_hook import GateHook
from tests.fakes.logs import FakeLogs
from tests.fakes.registry import Behaviour

STAGES = (
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
)
BREAKER_TASKS = 3


class Rollouts:
    """Moves tasks and deployments; writes down every shift of production traffic."""

    def __init__(self, hook: GateHook, logs: FakeLogs) -> None:
        self._hook = hook
        self._logs = logs
        self._tasks = 0
        self.shifts: list[Shift] = []

    def tick(self, service: Service, now: float) -> None:
        """One second passes for one service."""
        for task in service.tasks:
            self._age(service, task, now)
        rollout = service.rollout
        if rollout is None:
            self._keep(service, service.revision, now)
            return
        if rollout.status is DeploymentStatus.PENDING:
            rollout.status, rollout.entered = DeploymentStatus.IN_PROGRESS, now
            rollout.stage = "" if service.strategy == "ROLLING" else STAGES[0]
        elif rollout.status is DeploymentStatus.IN_PROGRESS:
            (self._rolling if service.strategy == "ROLLING" else self._staged)(service, rollout, now)
        else:
            self._rolling_back(service, rollout, now)

    def _staged(self, service: Service, rollout: Rollout, now: float) -> None:
        if not self._stage_is_over(service, rollout, now):
            return
        following = STAGES.index(rollout.stage) + 1
        if following == len(STAGES):
            self._succeed(service, rollout)
            return
        if rollout.stage == "POST_PRODUCTION_TRAFFIC_SHIFT" and rollout.step < service.traffic_steps:
            rollout.step += 1
            following = STAGES.index("PRE_PRODUCTION_TRAFFIC_SHIFT")
        rollout.stage, rollout.entered, rollout.hook_at = STAGES[following], now, now
        if rollout.stage == "PRODUCTION_TRAFFIC_SHIFT":
            self._move_traffic(service, rollout, now)

    def _move_traffic(self, service: Service, rollout: Rollout, now: float) -> None:
        """The first step shows the release to somebody; production is on it when the last one is done."""
        before = service.production
        if rollout.step == 1:
            self._shift(service, rollout, rollout.target, now, back=False)
        service.production = rollout.target if rollout.step == service.traffic_steps else before

    def _stage_is_over(self, service: Service, rollout: Rollout, now: float) -> bool:
        match rollout.stage:
            case "SCALE_UP":
                self._keep(service, rollout.target, now)
                return len(service.healthy(rollout.target)) >= service.desired_count
            case "POST_TEST_TRAFFIC_SHIFT":
                self._keep(service, rollout.target, now)
                return self._passes(service, rollout, now)
            case "BAKE_TIME":
                return now - rollout.entered >= service.bake_seconds
            case _:
                return True

    def _passes(self, service: Service, rollout: Rollout, now: float) -> bool:
        if service.controller == "CODE_DEPLOY":
            return rollout.continued
        if not service.hook:
            return True
        if now < rollout.hook_at:
            return False
        delay = self._hook.ask(rollout.target.task_definition, now)
        rollout.hook_at = now + delay
        return delay == 0

    def _rolling(self, service: Service, rollout: Rollout, now: float) -> None:
        self._keep(service, rollout.target, now)
        ours = [task for task in service.tasks if task.revision is rollout.target]
        if any(task.started_at is not None for task in ours) and service.production is not rollout.target:
            self._shift(service, rollout, rollout.target, now, back=False)
        stopped = [task for task in ours if task.status == "STOPPED"]
        if service.breaker and len(stopped) >= BREAKER_TASKS:
            rollout.status = DeploymentStatus.ROLLBACK_REQUESTED
            rollout.reason = "Service deployment rolled back because the circuit breaker threshold was exceeded."
        elif len(service.healthy(rollout.target)) >= service.desired_count:
            self._succeed(service, rollout)

    def _rolling_back(self, service: Service, rollout: Rollout, now: float) -> None:
        if rollout.status is not DeploymentStatus.ROLLBACK_IN_PROGRESS:
            rollout.status = DeploymentStatus.ROLLBACK_IN_PROGRESS
            if service.production is rollout.target:
                self._shift(service, rollout, rollout.source, now, back=True)
            return
        if service.rollback_fails:
            rollout.status, rollout.reason = (
                DeploymentStatus.ROLLBACK_FAILED,
                "tasks of the source revision do not start",
            )
            return
        self._keep(service, rollout.source, now)
        if len(service.healthy(rollout.source)) >= service.desired_count:
            self._stop_tasks(service, rollout.target)
            rollout.status = DeploymentStatus.ROLLBACK_SUCCESSFUL
            service.revision, service.task_definition = rollout.source, rollout.source.task_definition

    def _succeed(self, service: Service, rollout: Rollout) -> None:
        self._stop_tasks(service, rollout.source)
        rollout.status = DeploymentStatus.SUCCESSFUL
        service.revision = service.production = rollout.target

    def _shift(self, service: Service, rollout: Rollout, to: Revision, now: float, *, back: bool) -> None:
        service.production = to
        if service.controller == "CODE_DEPLOY":
            service.task_definition = to.task_definition
        gated = service.hook and service.strategy != "ROLLING"
        gate = self._hook.text()
        self.shifts.append(Shift(now, service.name, to, rollout.arn, gated, gate, back))

    def _stop_tasks(self, service: Service, revision: Revision) -> None:
        for task in service.of(revision):
            task.stop("Scaling activity initiated by (deployment ecs-svc/1)", 143)

    def _keep(self, service: Service, revision: Revision, now: float) -> None:
        """Start tasks that are missing, stop those that are too many."""
        running = service.of(revision)
        for task in running[service.desired_count :]:
            task.stop("Scaling activity initiated by (deployment ecs-svc/1)", 143)
        for _ in range(service.desired_count - len(running)):
            self._tasks += 1
            arn = f"{service.cluster.replace(':cluster/', ':task/')}/{self._tasks:032x}"
            address = f"10.0.{self._tasks // 250}.{self._tasks % 250 + 1}"
            service.tasks.append(Task(arn=arn, revision=revision, address=address, created_at=now))

    def _age(self, service: Service, task: Task, now: float) -> None:
        behaviour = task.revision.behaviour
        if task.status == "STOPPED" or (task.target == "healthy" and behaviour is Behaviour.RUNS):
            return
        if task.status == "PENDING":
            self._begin(task, behaviour, now)
            return
        age = now - (task.started_at or now)
        match behaviour:
            case Behaviour.EXITS if age >= 1:
                self._log(service, task, ["starting", "no such table: carts"])
                task.stop("Essential container in task exited", 1)
            case Behaviour.UNHEALTHY if age >= 4:
                self._log(service, task, ["listening on port 80"])
                task.stop("Task failed ELB health checks in (target-group arn:tg)", 143)
            case Behaviour.UNHEALTHY if age >= 2:
                task.target = "unhealthy"
            case Behaviour.DIES_LATER if age >= 15:
                self._log(service, task, ["out of memory"])
                task.stop("Essential container in task exited", 137)
            case Behaviour.RUNS | Behaviour.DIES_LATER if age >= 2:
                task.target = "healthy"

    def _begin(self, task: Task, behaviour: Behaviour, now: float) -> None:
        if behaviour is Behaviour.CANNOT_BE_PULLED:
            task.stop("Task failed to start", None, "CannotPullContainerError: not found")
        elif behaviour is not Behaviour.NEVER_STARTS:
            task.status, task.started_at = "RUNNING", now

    def _log(self, service: Service, task: Task, lines: list[str]) -> None:
        for name in task.revision.digests:
            stream = f"{service.name}/{name}/{task.arn.rsplit('/', 1)[1]}"
            self._logs.streams[("/appdp/shop/dev", stream)] = lines
