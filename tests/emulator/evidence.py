"""What an embedded AWS was doing when a journey gave up, for whoever reads the failure and cannot look."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from appdp.errors import LocalError
from appdp.local.lifecycle import EmbeddedAws

EVENTS: Final = 3
"""The newest of each service's events, and of each running execution's."""


def evidence(aws: EmbeddedAws) -> str:
    """Services that a deployment is at with their tasks, running executions, and the end of the server's log."""
    try:
        lines = [*_services(aws), *_executions(aws)]
    except (BotoCoreError, ClientError, LocalError) as error:
        lines = [f"it does not answer: {error}"]
    return "\n".join(["The embedded AWS:", *lines, "Its log ends with:", aws.log_tail(15), *_machine()])


def _machine() -> Iterator[str]:
    """What slows everything down: processors, memory and disk that others use or the host takes away."""
    yield f"The machine: load {os.getloadavg()}, {shutil.disk_usage('/').free >> 20} MiB free on its disk"
    for file in ("stat", "pressure/cpu", "pressure/io", "pressure/memory"):
        told = Path("/proc", file)
        if told.exists():  # only on Linux, and the last three not in every kernel
            yield f"  {told}: {told.read_text().splitlines()[0]}"


def _services(aws: EmbeddedAws) -> Iterator[str]:
    ecs = aws.client("ecs")
    for cluster in ecs.list_clusters()["clusterArns"]:
        for arn in ecs.list_services(cluster=cluster, maxResults=100)["serviceArns"]:
            (service,) = ecs.describe_services(cluster=cluster, services=[arn])["services"]
            listed = ecs.list_service_deployments(cluster=cluster, service=arn)["serviceDeployments"]
            under_way = [one["serviceDeploymentArn"] for one in listed if one["status"] == "IN_PROGRESS"]
            if not under_way and service["runningCount"] == service["desiredCount"]:
                continue
            yield f"{service['serviceName']}: {service['runningCount']} of {service['desiredCount']} run"
            yield from (f"  {event['message']}" for event in service["events"][:EVENTS])
            if under_way:
                yield from _deployments(ecs, under_way)
            yield from _tasks(ecs, cluster, service["serviceName"])


def _deployments(ecs: Any, arns: list[str]) -> Iterator[str]:  # noqa: ANN401 - botocore's clients have no common type
    for one in ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"]:
        target, hooks = one["targetServiceRevision"], one.get("lifecycleHookDetails", ())
        yield (
            f"  at {one.get('lifecycleStage')}: {target['runningTaskCount']} of {target['requestedTaskCount']} run, "
            f"hooks {[hook.get('status') for hook in hooks]}"
        )


def _tasks(ecs: Any, cluster: str, service: str) -> Iterator[str]:  # noqa: ANN401 - botocore's clients have no common type
    for status in ("RUNNING", "STOPPED"):
        arns = ecs.list_tasks(cluster=cluster, serviceName=service, desiredStatus=status)["taskArns"][:EVENTS]
        for task in ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else ():
            containers = [(each["lastStatus"], each.get("reason", "")) for each in task["containers"]]
            why = task.get("stoppedReason", "")
            yield f"  task {task['createdAt']:%X} {task['lastStatus']}, {task.get('healthStatus')}: {containers} {why}"


def _executions(aws: EmbeddedAws) -> Iterator[str]:
    states = aws.client("stepfunctions")
    for machine in states.list_state_machines()["stateMachines"]:
        arn = machine["stateMachineArn"]
        for execution in states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
            yield f"execution {execution['name']}"
            named = {"executionArn": execution["executionArn"], "reverseOrder": True, "maxResults": EVENTS}
            for event in states.get_execution_history(**named)["events"]:
                why = json.dumps(event, default=str) if event["type"].endswith(("Failed", "TimedOut")) else ""
                yield f"  {event['timestamp']:%X} {event['type']} {why}"
