"""Whether traffic goes where the tasks are, whether they answer, and whether a deployment would notice if not."""

from __future__ import annotations

from typing import Final

from appdp.engine.live import LiveTask, TargetHealth
from appdp.engine.ports import Tasks
from appdp.engine.verify.check import DEPLOY_STACK, Finding, Result, ServiceCheck, Skip, judged
from appdp.engine.verify.load_balancing import group_arns, rule, short, weights
from appdp.engine.verify.ports import Item
from appdp.engine.verify.service import trusted
from appdp.engine.verify.subject import ServiceSubject

_GUIDE: Final = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide"
_HOOKS: Final = f"{_GUIDE}/lambda-lifecycle-hooks.html"
_STAGE: Final = "POST_TEST_TRAFFIC_SHIFT"
_DEPLOYER: Final = "Deploy the deployer's stack and the service's stack again: cdk deploy."


def _addresses(subject: ServiceSubject) -> set[str]:
    """The addresses of the running tasks of the service's own task definition.

    Raises:
        Skip: there are none to be seen, or they are changing.
    """
    live = subject.live
    _check_controller(subject)
    if subject.changing:
        raise Skip("a deployment is under way")
    if not live.get("desiredCount"):
        raise Skip("no task is wanted yet")
    tasks = subject.memo.ask(_tasks, subject.scene.ports.tasks, subject.manifest.cluster, subject.manifest.service)
    mine = (task for task in tasks if task.task_definition == live.get("taskDefinition") and task.status == "RUNNING")
    return {address for task in mine for address in task.addresses}


def _check_controller(subject: ServiceSubject) -> None:
    """Raise :class:`Skip` where somebody else than ECS deploys the service, with settings of their own."""
    controller = (subject.live.get("deploymentController") or {}).get("type", "ECS")
    if controller != "ECS":
        raise Skip(f"the deployment controller is {controller}")


def _tasks(port: Tasks, cluster: str, service: str) -> tuple[LiveTask, ...]:
    return port.of_service(cluster, service, stopped=False)


def _health(subject: ServiceSubject, arn: str) -> tuple[TargetHealth, ...]:
    return subject.memo.ask(subject.scene.ports.targets.health, arn)


def _running(subject: ServiceSubject) -> Finding:
    wanted, running = subject.live.get("desiredCount", 0), len(_addresses(subject))
    faults = [f"{running} of {wanted} tasks of the service's task definition run"] if running < wanted else []
    return judged(faults, f"{running} of {wanted} tasks run", then="Look why: appdp logs, or the service's events.")


def _live_group(subject: ServiceSubject) -> str:
    """The target group that the tasks are in.

    Raises:
        Skip: they are in none.
    """
    addresses = _addresses(subject)
    for arn in group_arns(subject):
        if addresses & {target.address for target in _health(subject, arn)}:
            return arn
    raise Skip("no running task is registered")


def _live_weights(subject: ServiceSubject) -> Finding:
    found = rule(subject, "productionListenerRule")
    live = _live_group(subject)
    if found is None or live not in weights(found):
        raise Skip("the production listener rule does not name the target group with the running tasks")
    shares = weights(found)
    faults = [
        f"the tasks are in {short(live)}, and {short(arn)} has weight {weight}"
        for arn, weight in shares.items()
        if (weight > 0) is not (arn == live)
    ]
    then = "Deploy the recorded release again, which moves traffic to where the tasks are."
    return judged(faults, f"all traffic goes to {short(live)}, where the tasks are", then=then)


def _target_health(subject: ServiceSubject) -> Finding:
    arns, addresses = group_arns(subject), _addresses(subject)
    states = {target.address: target for arn in arns for target in _health(subject, arn)}
    faults = [f"task {address} is not registered" for address in sorted(addresses - states.keys())]
    for address in sorted(addresses & states.keys()):
        target = states[address]
        if target.state != "healthy":
            said = f": {target.description}" if target.description else ""
            faults.append(f"task {address} is {target.state}{said}")
    if not addresses:
        raise Skip("no task runs")
    then = "Look at the health check's path and at what the tasks log: appdp logs."
    return judged(faults, f"{len(addresses)} tasks answer the health check", then=then)


def gate_hooks(subject: ServiceSubject) -> list[Item]:
    """The hooks at the stage where the deployer's gate waits.

    Raises:
        Skip: the strategy has no such stage.
    """
    if not subject.shifts:
        raise Skip("the strategy is rolling, which has no gate")
    hooks = subject.configuration.get("lifecycleHooks") or ()
    return [hook for hook in hooks if _STAGE in hook.get("lifecycleStages", ())]


def _gate(subject: ServiceSubject) -> Finding:
    found = gate_hooks(subject)
    return judged(
        [] if found else [f"no lifecycle hook waits at {_STAGE}"], f"{len(found)} at {_STAGE}", then=DEPLOY_STACK
    )


def _gate_function(subject: ServiceSubject) -> Finding:
    faults = []
    for hook in gate_hooks(subject):
        arn = str(hook.get("hookTargetArn", ""))
        found = subject.memo.ask(subject.facts.functions.function, arn)
        name = arn.rpartition(":")[2]
        if found is None:
            faults.append(f"function {name} does not exist")
        elif found.get("State", "Active") not in ("Active", "Inactive"):
            faults.append(f"function {name} is {found['State']}")
    if not gate_hooks(subject):
        raise Skip(f"no lifecycle hook waits at {_STAGE}")
    return judged(faults, "the function is there", then=_DEPLOYER)


def _gate_role(subject: ServiceSubject) -> Finding:
    found = gate_hooks(subject)
    if not found:
        raise Skip(f"no lifecycle hook waits at {_STAGE}")
    findings = [trusted(subject, str(hook.get("roleArn", "")), "ecs.amazonaws.com") for hook in found]
    return next((one for one in findings if one.result is Result.FAILED), findings[0])


def _breaker(subject: ServiceSubject) -> Finding:
    if subject.shifts:
        raise Skip("the deployer's watchdog stops a green that does not come up")
    _check_controller(subject)
    breaker = subject.configuration.get("deploymentCircuitBreaker") or {}
    off = [word for word in ("enable", "rollback") if not breaker.get(word)]
    faults = [f"the circuit breaker does not {' and '.join(off)}"] if off else []
    return judged(faults, "the circuit breaker is on and rolls back", then=DEPLOY_STACK)


def _alarms(subject: ServiceSubject) -> dict[str, Item | None]:
    """Name → alarm, or None where there is none of that name.

    Raises:
        Skip: the service names none.
    """
    names = _names(subject.live)
    if not names:
        raise Skip("the service has no alarms")
    every = dict.fromkeys(name for live in subject.scene.services.values() for name in _names(live))
    found = subject.memo.ask(subject.facts.alarms.alarms, tuple(every))
    return {name: found.get(name) for name in names}


def _names(live: Item) -> list[str]:
    alarms = (live.get("deploymentConfiguration") or {}).get("alarms") or {}
    return list(alarms.get("alarmNames", ())) if alarms.get("enable") else []


def _alarms_exist(subject: ServiceSubject) -> Finding:
    found = _alarms(subject)
    faults = [f"alarm {name} does not exist" for name, alarm in found.items() if alarm is None]
    return judged(faults, f"{len(found)} found", then="Deploy the stack with the alarm, or take it off the service.")


def _alarms_quiet(subject: ServiceSubject) -> Finding:
    found = _alarms(subject)
    faults = [
        f"alarm {name} is in ALARM" for name, alarm in found.items() if alarm and alarm.get("StateValue") == "ALARM"
    ]
    return judged(faults, "none is in ALARM", then="Look why it is; until it is OK, every deployment rolls back.")


CHECKS: Final = (
    ServiceCheck(
        id="tasks-running",
        asks="As many tasks of the service's task definition run as are wanted.",
        why="What does not run now will hardly run after the next release.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html",
        look=_running,
    ),
    ServiceCheck(
        id="live-weights",
        asks="All production traffic goes to the target group that the running tasks are in.",
        why="With other weights requests go to a target group without tasks, or to tasks of another release.",
        source=f"{_GUIDE}/blue-green-deployment-how-it-works.html",
        look=_live_weights,
    ),
    ServiceCheck(
        id="target-health",
        asks="Every running task is registered, and answers the health check's path.",
        why="A load balancer sends nothing to targets that are not healthy.",
        source="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html",
        look=_target_health,
    ),
    ServiceCheck(
        id="gate-hook",
        asks=f"A lifecycle hook waits at {_STAGE}.",
        why="Without the gate a service takes traffic before the others are ready.",
        source=_HOOKS,
        look=_gate,
    ),
    ServiceCheck(
        id="gate-function",
        asks="The function that the hook calls exists and can be called.",
        why="A hook that cannot be called fails the deployment.",
        source=_HOOKS,
        look=_gate_function,
    ),
    ServiceCheck(
        id="gate-role",
        asks="The role with which ECS calls the hook exists and trusts ecs.amazonaws.com.",
        why="A hook that cannot be called fails the deployment.",
        source=_HOOKS,
        look=_gate_role,
    ),
    ServiceCheck(
        id="circuit-breaker",
        asks="With the rolling strategy, the circuit breaker is on and rolls back.",
        why="A release whose tasks do not start would be tried for hours.",
        source=f"{_GUIDE}/deployment-circuit-breaker.html",
        look=_breaker,
    ),
    ServiceCheck(
        id="alarms-exist",
        asks="The alarms that roll a deployment back exist.",
        why="ECS watches nothing where an alarm is gone.",
        source=f"{_GUIDE}/deployment-alarm-failure.html",
        look=_alarms_exist,
    ),
    ServiceCheck(
        id="alarms-quiet",
        asks="None of these alarms is in ALARM.",
        why="ECS rolls back a deployment as soon as one is.",
        source=f"{_GUIDE}/deployment-alarm-failure.html",
        look=_alarms_quiet,
    ),
)
