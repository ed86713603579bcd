"""Reads and checks ``rehearsal.toml`` before anything starts."""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from appdp.errors import ConfigurationError
from appdp.local.rehearsal.scenario import (
    Act,
    Build,
    Decides,
    Expect,
    ImagePlay,
    Load,
    Plays,
    Release,
    Scenario,
    Source,
    Verb,
)
from appdp.local.rehearsal.tables import Table, named
from appdp.model.deployment import Outcome
from appdp.model.handoff import check_name

FILE: Final = "rehearsal.toml"
MAX_REQUESTS_PER_SECOND: Final = 2000
NO_PIPELINE: Final = "no_pipeline"
"""The outcome of a push that starts no pipeline."""


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
    source, build = _source(top.table("source")), _build(top.table("build"), directory)
    releases = _releases(top, build)
    names = [release.name for release in releases]
    if len(set(names)) != len(names):
        raise top.wrong("release", names, "releases with names of their own")
    acts = tuple(_act(number, table, names, source) for number, table in enumerate(top.tables("act"), start=1))
    scenario = Scenario(
        directory=directory,
        application=check_name("Application", top.text("application")),
        environment=check_name("Environment", top.text("environment")),
        source=source,
        build=build,
        load=_load(top.table("load")),
        releases=releases,
        acts=acts,
    )
    top.finish()
    return scenario


def _source(table: Table) -> Source:
    source = Source(repository=table.text("repository"), branch=table.text("branch", "main"))
    if not re.fullmatch(r"[^/\s]+/[^/\s]+", source.repository):
        raise table.wrong("repository", source.repository, "owner/name, as GitHub(...) has it in the CDK program")
    table.finish()
    return source


def _build(table: Table, directory: Path) -> Build:
    build = Build(
        images=tuple(check_name("Image", name) for name in table.texts("images")),
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


def _releases(top: Table, build: Build) -> tuple[Release, ...]:
    releases: list[Release] = []
    for table in top.tables("release"):
        releases.append(_release(table, build, releases[-1] if releases else None))
    return tuple(releases)


def _release(table: Table, build: Build, before: Release | None) -> Release:
    name = table.text("name")
    commands = {**(before.commands if before else {}), **_commands(table)}
    release = Release(
        name=name,
        answers=table.text("answers", name),
        files=_files(table),
        images=_images(table, build, name, before, commands),
        commands=commands,
    )
    table.finish()
    return release


def _files(table: Table) -> dict[str, str]:
    files = dict(table.mapping("files", {}))
    for path in files:
        if posixpath.isabs(path) or posixpath.normpath(path).split("/")[0] in ("..", ".git", "."):
            raise table.wrong("files", path, "paths inside the repository")
    return files


def _images(
    table: Table, build: Build, release: str, before: Release | None, commands: Mapping[str, Plays]
) -> tuple[ImagePlay, ...]:
    plays, overrides = _plays(table), table.table("images", {})
    changes = table.texts("changes", build.images)
    if unknown := sorted(set(changes) - set(build.images)):
        raise table.wrong("changes", unknown, "some of " + ", ".join(build.images))
    older = {image.image: image for image in before.images} if before else {}
    images = []
    for image in build.images:
        override = overrides.table(image, {})
        changed = ImagePlay(image=image, since=release, plays=_plays(override, plays), commands=commands)
        images.append(changed if image in changes else older.get(image, changed))
        override.finish()
    overrides.finish()
    return tuple(images)


def _plays(table: Table, default: Plays | None = None) -> Plays:
    return _played(table.table("plays")) if table.has("plays") else default or Plays()


def _commands(table: Table) -> dict[str, Plays]:
    commands = table.table("commands", {})
    return {word: _played(commands.table(word)) for word in commands.keys()}  # noqa: SIM118 - it is no mapping


def _played(plays: Table) -> Plays:
    value = Plays(
        kind=plays.choice("kind", ("runs", "exits", "unhealthy")),
        code=plays.integer("code", 0),
        status=plays.integer("status", 200),
        log=plays.texts("log", ()),
    )
    plays.finish()
    return value


def _act(number: int, table: Table, releases: list[str], source: Source) -> Act:
    act = Act(
        number=number,
        title=table.text("title"),
        verb=Verb(table.choice("verb", named(Verb))),
        release=table.choice("release", tuple(releases)),
        expect=_expect(table.table("expect")),
        branch=table.text("branch", source.branch),
        tag=table.text("tag", ""),
        load=table.flag("load", True),
        hold=Decides(table.choice("hold", named(Decides))) if table.has("hold") else None,
        context=table.mapping("context", {}),
    )
    if act.hold and act.verb is Verb.PUSH:
        raise table.wrong("hold", str(act.hold), "only with the verb deploy or rollback: pipelines ask for approvals")
    if act.verb is not Verb.PUSH and (table.has("branch") or table.has("tag") or act.expect.outcome is None):
        raise table.wrong("verb", str(act.verb), f"push, for an act with a branch, a tag or the outcome {NO_PIPELINE}")
    table.finish()
    return act


def _expect(table: Table) -> Expect:
    outcome = table.choice("outcome", (*named(Outcome), NO_PIPELINE))
    expect = Expect(
        outcome=None if outcome == NO_PIPELINE else Outcome(outcome),
        failure=table.texts("failure", ()),
        log=table.texts("log", ()),
        within_seconds=table.number("within_seconds", None),
        switch_within_seconds=table.number("switch_within_seconds", None),
        canary_percent=table.number("canary_percent", None),
        schedules=table.mapping("schedules", {}),
    )
    table.finish()
    return expect
