"""One environment of the program in this folder, as its operator and its services show it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

from appdp.local.lifecycle import EmbeddedAws
from appdp.model.environment import ServiceManifest
from appdp.model.handoff import release_parameter
from tests.emulator.evidence import evidence
from tests.emulator.outcomes.releases import APPLICATION
from tests.emulator.outcomes.service import Seen, Service

PATIENCE_SECONDS: Final = 600.0
"""How long anything may take on a slow machine before the test gives up."""

Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended: its exit code, the JSON that it printed, and what it said."""

    code: int
    data: dict[str, Any]
    said: str


class Command:
    """A running ``appdp`` command."""

    def __init__(self, aws: EmbeddedAws, *words: str) -> None:
        self._aws = aws
        self._words = words
        self._process = subprocess.Popen(
            [str(Path(sys.executable).with_name("appdp")), *words, "--json"],
            env=aws.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ended(self) -> Ended:
        """Wait for its end."""
        try:
            out, said = self._process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            _, said = self._process.communicate()
            raise self._gave_up(f"did not end: {said}") from None
        return Ended(code=self._process.returncode, data=json.loads(out) if out.strip() else {}, said=said)

    def wait_for(self, probe: Callable[[], Found | None]) -> Found:
        """The first true answer of ``probe``, while the command goes on."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            if found := probe():
                return found
            if self._process.poll() is not None:
                raise AssertionError(f"ended too early: {self.ended()}")
            time.sleep(0.3)
        raise self._gave_up(f"goes on, but what it was to lead to did not come within {PATIENCE_SECONDS:g} s")

    def _gave_up(self, why: str) -> AssertionError:
        return AssertionError(f"appdp {' '.join(self._words)} {why}\n{evidence(self._aws)}")


@dataclass(frozen=True)
class Environment:
    """One environment; ``name`` is its name."""

    aws: EmbeddedAws
    name: str

    def start(self, verb: str, *words: str) -> Command:
        """Start a command for this environment, which asks nothing."""
        return Command(self.aws, verb, self.name, *words, "--yes")

    def follow(self, deployment: str) -> Command:
        """Wait for the end of a deployment, also if that was a moment ago."""
        return Command(self.aws, "wait", self.name, "--deployment", deployment)

    def runs(self) -> dict[str, str]:
        """Service → the digest of the only revision that it runs."""
        return {name: service.runs() for name, service in self.services.items()}

    def digests_of(self, release: str) -> dict[str, str]:
        """Service → the digest that the release's tag stands for in its repository."""
        return {name: service.digest_of(release) for name, service in self.services.items()}

    def seen(self) -> Seen:
        """How far the newest deployment of its only service is."""
        (service,) = self.services.values()
        return service.seen()

    def recorded(self) -> str:
        """What the release parameter says."""
        name = release_parameter(APPLICATION, self.name)
        return str(self.aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])

    def left(self) -> set[str]:
        """The environment's parameters that a deployment that ended must not leave behind."""
        path = f"/appdp/{APPLICATION}/{self.name}"
        found = self.aws.client("ssm").get_parameters_by_path(Path=path, Recursive=False)["Parameters"]
        return {item["Name"].rsplit("/", 1)[1] for item in found} - {"deployer", "release", "history"}

    def set_alarm(self, state: str) -> None:
        """Put the alarm that guards the service into a state."""
        self.aws.client("cloudwatch").set_alarm_state(
            AlarmName=f"{self.name}-errors", StateValue=state, StateReason="the test says so"
        )

    def kill_engine(self) -> None:
        """End the state machine's running execution; what it had started goes on."""
        states = self.aws.client("stepfunctions")
        path = f"/appdp/{APPLICATION}/{self.name}/deployer"
        deployer = json.loads(self.aws.client("ssm").get_parameter(Name=path)["Parameter"]["Value"])
        machine = deployer["state_machine"]
        (running,) = states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
        states.stop_execution(executionArn=running["executionArn"], cause="killed by the test")

    @cached_property
    def services(self) -> dict[str, Service]:
        """Its services by name."""
        path = f"/appdp/{APPLICATION}/{self.name}/services"
        found = self.aws.client("ssm").get_parameters_by_path(Path=path)["Parameters"]
        manifests = [ServiceManifest.from_json(item["Value"]) for item in found]
        return {manifest.name: Service(self.aws, manifest) for manifest in manifests}
