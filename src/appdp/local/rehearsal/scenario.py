"""What a rehearsal plays: ``rehearsal.toml``, read and checked before anything starts."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from appdp.errors import ConfigurationError
from appdp.local.rehearsal.tables import Table, named
from appdp.model.deployment import Outcome
from appdp.model.handoff import check_name

FILE: Final = "rehearsal.toml"
MAX_REQUESTS_PER_SECOND: Final = 2000


class Verb(StrEnum):
    """The commands that an act can run."""

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
        """The value of the manifest annotation that the embedded ECS reads."""
        if self.kind == "exits":
            return {"kind": "exits", "code": self.code, "log": list(self.log)}
        if self.kind == "unhealthy":
            return {"kind": "unhealthy", "status": self.status, "log": list(self.log)}
        return {"kind": "runs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBuild:
    """One image of one release."""

    image: str
    build_args: Mapping[str, str]
    plays: Plays


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release of the scenario.

    Args:
        name: how the scenario calls it, such as ``"2"``.
        answers: what ``release_pattern`` finds in its responses. Default: the name.
        images: one build per image.
    """

    name: str
    answers: str
    images: tuple[ImageBuild, ...]

    @property
    def label(self) -> str:
        """How it is shown: ``release 2``."""
        return f"release {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """Where the images come from."""

    images: tuple[str, ...]
    context: Path
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
        outcome: how the deployment ends.
        failure: parts that the failure text must contain.
        log: more such parts, from what containers write; not looked for where no container runs.
        within_seconds: upper bound on the time from command to verdict. Default: none.
        switch_within_seconds: upper bound between the first and the last service's switch. Default: none.
    """

    outcome: Outcome
    failure: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    within_seconds: float | None = None
    switch_within_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act: a command, and what must come of it."""

    number: int
    title: str
    verb: Verb
    release: str
    expect: Expect
    load: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The whole play."""

    directory: Path
    application: str
    environment: str
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


def read(directory: Path) -> Scenario:
    """Read and check the scenario of an example.

    Args:
        directory: the example's directory; it holds ``rehearsal.toml`` and the CDK program's ``cdk.json``.

    Raises:
        ConfigurationError: the file is missing, is not TOML, or says something that cannot work.
    """
    path = directory / FILE
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"{directory} has no {FILE}, so there is nothing to rehearse.",
            hint="Give the directory of an example, such as examples/shop.",
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not TOML: {error}.", hint="Correct the line and start again.") from error
    return parse(data, directory)


def parse(data: dict[str, Any], directory: Path) -> Scenario:
    """Check the data of a scenario; paths in it are relative to ``directory``."""
    top = Table(str(directory / FILE), data)
    build = _build(top.table("build"), directory)
    releases = tuple(_release(table, build) for table in top.tables("release"))
    names = [release.name for release in releases]
    if len(set(names)) != len(names):
        raise top.wrong("release", names, "releases with names of their own")
    acts = tuple(_act(number, table, names) for number, table in enumerate(top.tables("act"), start=1))
    scenario = Scenario(
        directory=directory,
        application=check_name("Application", top.text("application")),
        environment=check_name("Environment", top.text("environment")),
        build=build,
        load=_load(top.table("load")),
        releases=releases,
        acts=acts,
    )
    top.finish()
    return scenario


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


def _build(table: Table, directory: Path) -> Build:
    build = Build(
        images=tuple(check_name("Image", name) for name in table.texts("images")),
        context=directory / table.text("context", "."),
        dockerfile=directory / table.text("dockerfile", "Dockerfile"),
        base_argument=table.text("base_argument", "") or None,
        stand_in_needs=table.texts("stand_in_needs", ("sh",)),
    )
    if not build.dockerfile.is_file():
        raise table.wrong("dockerfile", str(build.dockerfile), "a file that exists")
    table.finish()
    return build


def _load(table: Table) -> Load:
    load = Load(
        requests_per_second=table.integer("requests_per_second", 250),
        production_port=table.integer("production_port"),
        test_port=table.integer("test_port"),
        release_pattern=table.text("release_pattern"),
        paths=table.mapping("paths"),
        load_balancer=table.text("load_balancer", "") or None,
    )
    if not 1 <= load.requests_per_second <= MAX_REQUESTS_PER_SECOND:
        raise table.wrong("requests_per_second", load.requests_per_second, f"1 to {MAX_REQUESTS_PER_SECOND}")
    if not load.paths:
        raise table.wrong("paths", {}, "at least one service with its path")
    try:
        groups = re.compile(load.release_pattern).groups
    except re.error as error:
        raise table.wrong("release_pattern", load.release_pattern, f"a regular expression ({error})") from error
    if groups != 1:
        raise table.wrong("release_pattern", load.release_pattern, "a regular expression with exactly one group")
    table.finish()
    return load


def _release(table: Table, build: Build) -> Release:
    name = table.text("name")
    arguments, plays = table.mapping("build_args", {}), _plays(table)
    overrides = table.table("images", {})
    images = []
    for image in build.images:
        override = overrides.table(image, {})
        images.append(
            ImageBuild(
                image=image,
                build_args=override.mapping("build_args", arguments),
                plays=_plays(override, plays),
            )
        )
        override.finish()
    overrides.finish()
    release = Release(name=name, answers=table.text("answers", name), images=tuple(images))
    table.finish()
    return release


def _plays(table: Table, default: Plays | None = None) -> Plays:
    if not table.has("plays"):
        return default or Plays()
    plays = table.table("plays")
    value = Plays(
        kind=plays.choice("kind", ("runs", "exits", "unhealthy")),
        code=plays.integer("code", 0),
        status=plays.integer("status", 200),
        log=plays.texts("log", ()),
    )
    plays.finish()
    return value


def _act(number: int, table: Table, releases: list[str]) -> Act:
    act = Act(
        number=number,
        title=table.text("title"),
        verb=Verb(table.choice("verb", named(Verb))),
        release=table.choice("release", tuple(releases)),
        expect=_expect(table.table("expect")),
        load=table.flag("load", True),
    )
    table.finish()
    return act


def _expect(table: Table) -> Expect:
    expect = Expect(
        outcome=Outcome(table.choice("outcome", named(Outcome))),
        failure=table.texts("failure", ()),
        log=table.texts("log", ()),
        within_seconds=table.number("within_seconds", None),
        switch_within_seconds=table.number("switch_within_seconds", None),
    )
    table.finish()
    return expect
