"""Watches a deployment from outside, through AWS's own APIs: the execution's states, and ECS's service deployments."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from appdp.local.lifecycle import EmbeddedAws
from appdp.local.rehearsal.timeline import Snapshot, StageSeen
from appdp.model.deployment import Deployment
from appdp.model.environment import ServiceManifest

POLL_SECONDS: Final = 0.5
_LIST_EVERY: Final = 3
"""Every how many polls new service deployments are looked for; those that are known are described at every poll."""
_NEWEST_EVENTS: Final = 25


class Watch:
    """Watches one act on a thread of its own, from entering to leaving the context.

    Args:
        aws: the embedded AWS.
        state_machine: ARN of the environment's state machine.
        services: the environment's services.

    Attributes:
        latest: the newest state of the deployment, for the live display.
        stages: what ECS said of the service deployments that began since then, in order.
    """

    def __init__(self, aws: EmbeddedAws, state_machine: str, services: tuple[ServiceManifest, ...]) -> None:
        self._executions = aws.client("stepfunctions")
        self._ecs = aws.client("ecs")
        self._state_machine = state_machine
        self._services = services
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._old_executions = set(self._execution_arns())
        self._old_deployments = {arn for service in services for arn in self._deployment_arns(service)}
        self._known: dict[str, str] = {}
        self._execution: str | None = None
        self.latest: Deployment | None = None
        self.stages: list[StageSeen] = []

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def snapshots(self) -> tuple[Snapshot, ...]:
        """Every state that the execution went through, from its history; none when no execution was started."""
        arn = self._find_execution()
        if arn is None:
            return ()
        pages = self._executions.get_paginator("get_execution_history").paginate(executionArn=arn)
        found = [snapshot for page in pages for event in page["events"] for snapshot in states(event)]
        return tuple(sorted(found, key=lambda snapshot: snapshot.at))

    def _run(self) -> None:
        turn = 0
        while not self._stop.wait(POLL_SECONDS):
            # The embedded AWS may be busy for a moment; what one poll misses the next one sees.
            with suppress(ClientError, BotoCoreError):
                self._poll(look_for_new=turn % _LIST_EVERY == 0)
            turn += 1

    def _poll(self, *, look_for_new: bool) -> None:
        if look_for_new:
            for service in self._services:
                for arn in self._deployment_arns(service):
                    if arn not in self._old_deployments:
                        self._known[arn] = service.name
        self._see_stages()
        self._see_state()

    def _see_stages(self) -> None:
        if not self._known:
            return
        newest: dict[str, dict[str, Any]] = {}
        answer = self._ecs.describe_service_deployments(serviceDeploymentArns=list(self._known)[-20:])
        for deployment in answer["serviceDeployments"]:
            name = self._known[deployment["serviceDeploymentArn"]]
            if name not in newest or deployment["createdAt"] > newest[name]["createdAt"]:
                newest[name] = deployment
        now = time.time()
        for name, deployment in newest.items():
            arn, stage = deployment["serviceDeploymentArn"], deployment.get("lifecycleStage", "")
            self.stages.append(StageSeen(now, name, arn, deployment.get("status", ""), stage))

    def _see_state(self) -> None:
        arn = self._find_execution()
        if arn is None:
            return
        answer = self._executions.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=_NEWEST_EVENTS)
        seen = [snapshot for event in answer["events"] for snapshot in states(event)]
        if seen:
            self.latest = max(seen, key=lambda snapshot: snapshot.at).deployment

    def _find_execution(self) -> str | None:
        if self._execution is None:
            new = [arn for arn in self._execution_arns() if arn not in self._old_executions]
            self._execution = new[0] if new else None
        return self._execution

    def _execution_arns(self) -> list[str]:
        answer = self._executions.list_executions(stateMachineArn=self._state_machine, maxResults=20)
        return [execution["executionArn"] for execution in answer["executions"]]

    def _deployment_arns(self, service: ServiceManifest) -> list[str]:
        answer = self._ecs.list_service_deployments(cluster=service.cluster, service=service.service, maxResults=5)
        return [deployment["serviceDeploymentArn"] for deployment in answer["serviceDeployments"]]


def states(event: Mapping[str, Any]) -> Iterator[Snapshot]:
    """The deployment states in one event of an execution's history, whichever kind of event carries them."""
    for key, details in event.items():
        if not key.endswith("EventDetails") or not isinstance(details, Mapping):
            continue
        for text in (details.get("output"), details.get("input")):
            if text and (found := _deployment(text)):
                yield Snapshot(event["timestamp"].timestamp(), found)


def _deployment(text: str) -> Deployment | None:
    with suppress(ValueError, KeyError, TypeError):
        data = json.loads(text)
        for place in (data, data.get("Payload") or {}):
            if isinstance(place.get("deployment"), dict):
                return Deployment.from_dict(place["deployment"])
    return None
