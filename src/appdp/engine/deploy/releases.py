"""Which releases an environment ran, and which one to go back to."""

from __future__ import annotations

from collections.abc import Iterable

from appdp.engine.ports import Ports
from appdp.errors import NotFound
from appdp.model.handoff import SENTINEL, release_parameter, release_registry_parameter
from appdp.model.publication import LatestRelease


def recorded_release(application: str, environment: str, ports: Ports) -> str | None:
    """The release that the environment runs, or None before the first one."""
    value = ports.parameters.get(release_parameter(application, environment))
    return None if value in (None, SENTINEL) else value


def newest_release(application: str, environment: str, ports: Ports) -> str:
    """The release that was published last, where this account knows of one; else the one that the environment runs.

    Raises:
        NotFound: there is neither.
        ConfigurationError: the record of the last published release cannot be read.
    """
    text = ports.parameters.get(release_registry_parameter(application))
    if text is not None:
        return LatestRelease.from_json(text).release
    recorded = recorded_release(application, environment, ports)
    if recorded is None:
        raise NotFound("release", "(the newest)", hint="Name the release; 'appdp releases' lists them.")
    return recorded


def good_releases(values: Iterable[str]) -> tuple[str, ...]:
    """The releases that still count as good, oldest first; the last one is the current one.

    A release that was left by going back to an earlier one is not good, so going back twice never leads to it. A
    release that was deployed again counts from then on.

    Args:
        values: every value that the release parameter had, oldest first.
    """
    good: list[str] = []
    for value in values:
        if value in good:
            del good[good.index(value) + 1 :]
        elif value != SENTINEL:
            good.append(value)
    return tuple(good)


def last_good_release(application: str, environment: str, ports: Ports) -> str:
    """The last good release before the current one.

    Raises:
        NotFound: there is none.
    """
    history = ports.parameters.history(release_parameter(application, environment))
    good = good_releases(entry.value for entry in history)
    if len(good) < 2:
        ran = tuple(dict.fromkeys(entry.value for entry in reversed(history) if entry.value != SENTINEL))
        raise NotFound(
            "release",
            f"the last good one before {good[-1] if good else 'the first'}",
            ran,
            hint=f"Name the release: appdp rollback {environment} RELEASE.",
        )
    return good[-2]
