"""What a rehearsal plays: plain values. :mod:`~appdp.local.rehearsal.scenario_file` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from appdp.errors import ConfigurationError
from appdp.model.deployment import Outcome


class Decides(StrEnum):
    """What somebody on another terminal says of a release on hold."""

    APPROVE = "approve"
    REJECT = "reject"


class Verb(StrEnum):
    """What an act does: it pushes a commit, or types one of appdp's commands."""

    PUSH = "push"
    DEPLOY = "deploy"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plays:
    """How an image behaves where no container runs: ``runs``, ``exits`` or ``unhealthy``."""

    kind: str = "runs"
    code: int = 0
    status: int = 200
    log: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As the embedded ECS reads it."""
        if self.kind == "exits":
            return {"kind": "exits", "code": self.code, "log": list(self.log)}
        if self.kind == "unhealthy":
            return {"kind": "unhealthy", "status": self.status, "log": list(self.log)}
        return {"kind": "runs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePlay:
    """One image of one release, where nothing is built.

    Args:
        image: its name.
        since: the release that changed it last; images that are the same since then have the same digest.
        plays: how its containers behave.
        commands: first word of a command → how a container behaves that is started with it.
    """

    image: str
    since: str
    plays: Plays
    commands: Mapping[str, Plays] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The value of the manifest annotation that the embedded ECS reads."""
        commands = {word: plays.to_dict() for word, plays in self.commands.items()}
        return {**self.plays.to_dict(), **({"commands": commands} if commands else {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release of the scenario: a commit on top of the one before.

    Args:
        name: how the scenario calls it, such as ``"2"``.
        answers: what ``release_pattern`` finds in its responses. Default: the name.
        files: path → content, written over what the commit before has.
        images: one per image.
        commands: what the commands of jobs and schedules do in its images, where no container runs.
    """

    name: str
    answers: str
    files: Mapping[str, str]
    images: tuple[ImagePlay, ...]
    commands: Mapping[str, Plays] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How it is shown: ``release 2``."""
        return f"release {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the pipelines' source comes from.

    Args:
        repository: ``owner/name`` on GitHub, as the program's ``GitHub(...)`` says.
        branch: what acts push to.
    """

    repository: str
    branch: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What the rehearsal must know of the build; how it is done is the pipeline's."""

    images: tuple[str, ...]
    dockerfile: Path
    base_argument: str | None = None
    stand_in_needs: tuple[str, ...] = ("sh",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the load generator sends, and how a response says which release it comes from."""

    requests_per_second: int
    production_port: int
    test_port: int
    release_pattern: str
    paths: Mapping[str, str]
    load_balancer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What must come of an act.

    Args:
        outcome: how the deployment ends; None when the act is a push that starts no pipeline.
        failure: parts that the failure text must contain.
        log: more such parts, from what containers write; not looked for where no container runs.
        within_seconds: upper bound on the time from command to verdict. Default: none.
        switch_within_seconds: upper bound between the first and the last service's switch. Default: none.
        canary_percent: the share of the traffic that each service's new release has to get before it gets all.
            Default: nothing is said of it.
        schedules: schedule → what its next run has to write, with ``{release}`` for the release that the environment
            runs then; not looked for where no container runs.
    """

    outcome: Outcome | None
    failure: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    within_seconds: float | None = None
    switch_within_seconds: float | None = None
    canary_percent: float | None = None
    schedules: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act: a push or a command, and what must come of it.

    Args:
        branch: what a push goes to, unless it is of a tag.
        tag: the tag that is pushed, or ``""``.
        load: whether requests are sent meanwhile.
        hold: what is said of the release once it stands on hold; None for an act without a hold.
        context: context of the CDK program with which its stacks are deployed again before the act begins.
    """

    number: int
    title: str
    verb: Verb
    release: str
    expect: Expect
    branch: str = ""
    tag: str = ""
    load: bool = True
    hold: Decides | None = None
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The whole play."""

    directory: Path
    application: str
    environment: str
    source: Source
    build: Build
    load: Load
    releases: tuple[Release, ...]
    acts: tuple[Act, ...]
    by_name: Mapping[str, Release] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", MappingProxyType({release.name: release for release in self.releases}))

    def release(self, name: str) -> Release:
        """The release called ``name``; acts refer only to releases that exist."""
        return self.by_name[name]

    def releases_of(self, acts: tuple[Act, ...]) -> tuple[Release, ...]:
        """The releases that these acts need, in the scenario's order."""
        needed = {act.release for act in acts}
        return tuple(release for release in self.releases if release.name in needed)


def choose_acts(scenario: Scenario, numbers: tuple[int, ...]) -> tuple[Act, ...]:
    """The acts with these numbers, in order; the first act always comes along, since nothing runs before it.

    Raises:
        ConfigurationError: there is no such act.
    """
    known = {act.number for act in scenario.acts}
    unknown = sorted(set(numbers) - known)
    if unknown:
        raise ConfigurationError(
            f"There is no act {', '.join(map(str, unknown))}: the scenario has acts 1 to {len(known)}.",
            hint="Give numbers separated by commas, such as --acts 1,2.",
        )
    wanted = ({1} | set(numbers)) if numbers else known
    return tuple(act for act in scenario.acts if act.number in wanted)
