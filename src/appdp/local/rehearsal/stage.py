"""The whole rehearsal, from an empty account to the last act."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from appdp import __version__
from appdp.errors import ConfigurationError
from appdp.local import stacks
from appdp.local.docker_daemon import choose
from appdp.local.lifecycle import EmbeddedAws
from appdp.local.rehearsal import base_image, synth, synthetic
from appdp.local.rehearsal.acts import play, targets_of
from appdp.local.rehearsal.docker_command import DockerCommand
from appdp.local.rehearsal.live import Screen
from appdp.local.rehearsal.load import Target
from appdp.local.rehearsal.looking import World
from appdp.local.rehearsal.record import ActRecord, Environment, RehearsalRecord
from appdp.local.rehearsal.repository import SourceRepository
from appdp.local.rehearsal.scenario import Act, Scenario
from appdp.model.application import PLATFORMS
from appdp.model.deployment import Outcome

BAKE_SCALE: Final = 0.1
"""ECS takes bake times in whole minutes; here a minute takes six seconds."""

_BAKE_NOTE: Final = (
    f"Bake times and schedules pass ten times faster than on AWS: a minute takes {60 * BAKE_SCALE:g} seconds."
)
_NO_CONTAINERS: Final = (
    "Without Docker this shows the control plane alone: no build, no real container, no load. What a push would build "
    "is deployed with appdp deploy, and the simulated ECS plays how each image behaves. Start Docker for the whole."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to rehearse.

    Args:
        acts: the acts to play.
        screen: who watches.
        docker: True insists on Docker, False does without, None takes it if a daemon answers.
        rate: requests per second. Default: the scenario's.
        agree: whether to agree to every approval. Default: the screen is asked.
        linger: called after the last act, while everything still runs. Default: everything ends at once.
    """

    acts: tuple[Act, ...]
    screen: Screen
    docker: bool | None = None
    rate: int | None = None
    agree: bool = False
    linger: Callable[[EmbeddedAws], None] | None = None


def rehearse(scenario: Scenario, options: Options) -> RehearsalRecord:
    """Play the acts.

    Raises:
        ConfigurationError: the scenario does not fit the templates.
        LocalError: something of the rehearsal itself failed, such as an image build or a stack.
    """
    started_at = time.time()
    daemon = choose(options.docker)
    docker = DockerCommand(daemon) if daemon else None
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="appdp-source-")))
        source = SourceRepository(folder)
        source.fill(scenario.directory, scenario.releases)
        options.screen.step("starting the embedded AWS")
        aws = stack.enter_context(
            EmbeddedAws.start(
                docker=docker is not None,
                bake_scale=BAKE_SCALE,
                repositories={scenario.source.repository: source.origin},
            )
        )
        world, where = _Stage(scenario, options, aws, docker).prepare(source)
        records = _play_all(options.acts, world)
        if options.linger:
            options.linger(aws)
    return RehearsalRecord(
        application=scenario.application,
        environment=scenario.environment,
        started_at=started_at,
        ended_at=time.time(),
        acts=tuple(records),
        planned_acts=len(options.acts),
        where=where,
    )


def _play_all(acts: tuple[Act, ...], world: World) -> list[ActRecord]:
    records: list[ActRecord] = []
    for act in acts:
        records.append(play(act, world))
        ended = records[-1].outcome
        if ended not in {records[-1].expected_outcome, Outcome.ROLLED_BACK, Outcome.REFUSED}:
            break  # what follows would play in an environment that nobody described
    return records


class _Stage:
    """Everything that must stand before the first act."""

    def __init__(self, scenario: Scenario, options: Options, aws: EmbeddedAws, docker: DockerCommand | None) -> None:
        self._scenario = scenario
        self._options = options
        self._aws = aws
        self._docker = docker
        self._notes: list[str] = []

    def prepare(self, source: SourceRepository) -> tuple[World, Environment]:
        """Stacks deployed, and what no pipeline can build published."""
        self._note(_BAKE_NOTE)
        platforms, context = self._build_context()
        self._deploy_stacks(context)
        if not self._docker:
            self._note(_NO_CONTAINERS)
            releases = self._scenario.releases_of(self._options.acts)
            tags = {release.name: source.commits[release.name] for release in releases}
            synthetic.push_all(self._scenario, tags, self._aws.endpoint.url)
        world = World(
            aws=self._aws,
            scenario=self._scenario,
            source=source,
            targets=self._targets() if self._docker else (),
            platforms=platforms,
            rate=float(self._options.rate or self._scenario.load.requests_per_second),
            screen=self._options.screen,
            redeploy=lambda more: self._deploy_stacks({**context, **more}),
            agree=self._options.agree,
        )
        return world, self._where()

    def _note(self, text: str) -> None:
        self._notes.append(text)
        self._options.screen.note(text)

    def _build_context(self) -> tuple[tuple[str, ...], dict[str, str]]:
        """What can be built here, and the CDK context that says so to the program."""
        if self._docker is None:
            return (), {}
        self._options.screen.step("looking for the base image")
        base = base_image.find(self._scenario.build, self._docker, self._aws)
        if base.note:
            self._note(base.note)
        platforms = tuple(name for name in PLATFORMS if name in base.platforms)
        if missing := [name for name in PLATFORMS if name not in platforms]:
            self._note(f"This machine cannot build for {', '.join(missing)}, so the pipelines are synthesised without.")
        context = {"architecture": self._docker.architecture(), "platforms": ",".join(platforms)}
        return platforms, {**context, "base": base.reference} if base.reference else context

    def _deploy_stacks(self, context: dict[str, str]) -> None:
        directory = self._scenario.directory
        with tempfile.TemporaryDirectory(prefix="appdp-synth-") as folder:
            self._options.screen.step(f"synthesising {directory}")
            synth.synthesise(directory, Path(folder), context)
            self._options.screen.step("deploying the stacks")
            stacks.deploy(self._aws, folder, tell=self._options.screen.step)

    def _targets(self) -> tuple[Target, ...]:
        listeners = self._aws.listeners()
        targets = targets_of(self._scenario, listeners)
        if {target.test for target in targets} != {True, False}:
            load = self._scenario.load
            raise ConfigurationError(
                f"The scenario's load goes to listeners on ports {load.production_port} and {load.test_port}; "
                f"the stacks have {', '.join(sorted(listeners)) or 'none'}.",
                hint="Correct production_port and test_port in rehearsal.toml.",
            )
        return targets

    def _where(self) -> Environment:
        versions = {"appdp": __version__, "Python": platform.python_version(), "MiniStack": version("ministack")}
        if self._docker:
            versions["Docker"] = self._docker.do("version", "--format", "{{.Server.Version}}")
        return Environment(
            mode="real containers on Docker" if self._docker else "control plane alone",
            machine=f"{os.cpu_count()} processors, {platform.system()} {platform.machine()}",
            versions=versions,
            notes=tuple(self._notes),
        )
