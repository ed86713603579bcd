"""A task definition as ECS describes it, as arguments of a construct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from appdp.engine.scaffold.code import call, seconds, table, text, texts
from appdp.engine.scaffold.program import Source
from appdp.engine.scaffold.secret import parameter, secret
from appdp.engine.scaffold.tracked import Tracked
from appdp.errors import ConfigurationError

_TASK_SEEN: Final = (
    *("taskDefinitionArn", "family", "revision", "status", "compatibilities", "requiresCompatibilities"),
    *("requiresAttributes", "registeredAt", "registeredBy", "networkMode", "containerDefinitions", "tags"),
    "executionRoleArn",
)

_CONTAINER_SEEN: Final = ("name", "image", "essential", "portMappings", "cpu", "memory", "memoryReservation")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTaskSettings:
    """Arguments of ``Image`` and of the service, and what could not be carried over."""

    image: Mapping[str, Source]
    options: Mapping[str, Source]
    notes: tuple[str, ...]


def read_task(owner: str, definition: Mapping[str, Any], container: str, *, web: bool) -> LiveTaskSettings:
    """What a task definition says.

    Args:
        owner: the service's name.
        definition: of DescribeTaskDefinition.
        container: the container that gets the requests; empty for the first essential one.
        web: whether it gets requests; then the load balancer tells whether it is well.
    """
    facts, notes = Tracked(definition), []
    for name in _TASK_SEEN:
        facts.take(name)
    main = _main(definition, container)
    others = [str(one["name"]) for one in definition["containerDefinitions"] if one is not main]
    if others:
        notes.append(f"containers {', '.join(others)}: give the service a task_definition= that has them")
    architecture, platform = _platform(facts, notes)
    options = {"architecture": f"Architecture.{architecture.upper()}", **_sizes(facts)}
    if role := facts.take("taskRoleArn"):
        notes.append(f"what its role may do ({role}): grant it to the service's task_role")
    options |= _container(owner, main, notes, web=web)
    return LiveTaskSettings(
        image={"platforms": platform}, options=options, notes=(*notes, *(f"task definition: {x}" for x in facts.left()))
    )


def _main(definition: Mapping[str, Any], container: str) -> Mapping[str, Any]:
    every = definition["containerDefinitions"]
    wanted = [one for one in every if one["name"] == container] or [one for one in every if one.get("essential", True)]
    if not wanted:
        raise ConfigurationError(f"Task definition {definition.get('family')!r} has no essential container.")
    found: Mapping[str, Any] = wanted[0]
    return found


def _platform(facts: Tracked, notes: list[str]) -> tuple[str, Source]:
    cpu = facts.take("runtimePlatform.cpuArchitecture") or "X86_64"
    family = facts.take("runtimePlatform.operatingSystemFamily") or "LINUX"
    if family != "LINUX":
        notes.append(f"operating system {family}: it is LINUX here")
    architecture = "arm64" if cpu == "ARM64" else "amd64"
    return architecture, f'("linux/{architecture}",)'


def _sizes(facts: Tracked) -> dict[str, Source]:
    values = {"cpu": facts.take("cpu"), "memory_mib": facts.take("memory")}
    return {name: str(int(value)) for name, value in values.items() if value}


def _container(owner: str, container: Mapping[str, Any], notes: list[str], *, web: bool) -> dict[str, Source]:
    facts = Tracked(container)
    for name in _CONTAINER_SEEN:
        facts.take(name)
    found: dict[str, Source] = {}
    notes.append(f"image {container.get('image')}: releases take its place")
    if variables := facts.take("environment"):
        found["environment"] = table({item["name"]: text(item["value"]) for item in variables})
    if given := facts.take("secrets"):
        found["secrets"] = table({item["name"]: _secret(owner, item) for item in given})
    if logging := facts.take("logConfiguration"):
        notes.append(f"logging with {logging.get('logDriver')}: it logs to CloudWatch Logs, below /appdp")
    if check := facts.take("healthCheck"):
        if web:
            notes.append(f"healthCheck of the container ({' '.join(check['command'])}): the load balancer asks instead")
        else:
            found["health_check"] = _check(check)
    notes += [f"container: {item}" for item in facts.left()]
    return found


def _secret(owner: str, item: Mapping[str, str]) -> Source:
    where = item["valueFrom"]
    return (secret if ":secretsmanager:" in where else parameter)(owner, item["name"], where)


def _check(check: Mapping[str, Any]) -> Source:
    arguments = {"command": texts(check["command"])}
    for theirs, ours in (("interval", "interval"), ("timeout", "timeout"), ("startPeriod", "start_period")):
        if check.get(theirs):
            arguments[ours] = seconds(check[theirs])
    if check.get("retries"):
        arguments["retries"] = str(check["retries"])
    return call("ecs.HealthCheck", (), arguments)
