"""A command line in front of a fake account."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from click.testing import CliRunner, Result

from appdp.cli.context import Aws, Cli
from appdp.cli.main import main
from appdp.model.environment import DeployerManifest
from appdp.model.handoff import deployer_parameter, lock_parameter
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.blueprints import FakeBlueprints
from tests.fakes.builder import FakeBuilder, FakeLogins
from tests.fakes.executions import FakeExecutions
from tests.fakes.log_events import FakeLogEvents
from tests.fakes.shells import FakeShells
from tests.fakes.verify_facts import facts
from tests.fakes.verify_world import VerifyWorld

ALICE = "arn:aws:sts::000000000000:assumed-role/dev/alice"


@dataclass
class Terminal:
    """What a user has: a shell, and an account with the environment ``dev`` of ``shop``.

    ``on_sleep`` is called before every wait, with the number of waits so far; it may interrupt.
    """

    account: FakeAws = field(default_factory=FakeAws)
    interactive: bool = False
    on_sleep: Callable[[int], None] = lambda count: None
    sleeps: int = 0
    caller: Callable[[], str] = lambda: ALICE

    def __post_init__(self) -> None:
        self.executions = FakeExecutions(self.account)
        self.log_events = FakeLogEvents()
        self.blueprints = FakeBlueprints()
        self.builder = FakeBuilder(self.account.registry)
        self.shells = FakeShells(self.account.services)

    def run(self, *args: str, typed: str | None = None) -> Result:
        """Run ``appdp`` with these arguments."""
        return CliRunner().invoke(main, args, obj=self.cli, input=typed)

    @property
    def cli(self) -> Cli:
        """What a command works with."""
        aws = Aws(
            ports=self.account.ports,
            executions=self.executions,
            log_events=self.log_events,
            facts=lambda: facts(VerifyWorld()),
            shells=self.shells,
            blueprints=self.blueprints,
            logins=FakeLogins(),
            caller=self.caller,
            region=lambda: "us-east-1",
        )
        return Cli(
            connect=lambda profile, region: aws,
            sleep=self._sleep,
            interactive=lambda: self.interactive,
            builder=lambda: self.builder,
        )

    def protect(self) -> None:
        """Make the environment ask first."""
        name = deployer_parameter(APPLICATION, ENVIRONMENT)
        manifest = DeployerManifest.from_json(self.account.parameters.values[name])
        self.account.parameters.put(name, replace(manifest, protected=True).to_json())

    @property
    def lock(self) -> str | None:
        """The environment's lock."""
        return self.account.parameters.get(lock_parameter(APPLICATION, ENVIRONMENT))

    def _sleep(self, seconds: float) -> None:
        self.sleeps += 1
        self.on_sleep(self.sleeps)
        self.account.clock.sleep(seconds)


def at_release(release: str = "v1") -> Terminal:
    """A terminal in front of an environment that runs a release, with ``v2`` published."""
    terminal = Terminal()
    terminal.account.publish(release)
    terminal.account.standing_at(release)
    terminal.account.publish("v2")
    return terminal


def data(result: Result) -> Any:  # noqa: ANN401  (whatever JSON it is)
    """What was printed on stdout."""
    return json.loads(result.stdout)
