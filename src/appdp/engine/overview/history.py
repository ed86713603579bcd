"""Which deployments an environment had, and how each one ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from appdp.engine.deploy.manifests import read_deployer
from appdp.engine.ports import Ports, Recorded
from appdp.model.deployment import Outcome
from appdp.model.handoff import SENTINEL, history_parameter, release_parameter
from appdp.model.history import EndedDeployment

_APART_SECONDS: Final = 60
"""How far the engine's clock and Parameter Store's may be apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDeployment:
    """A deployment that ended.

    Args:
        deployment: its id; None when only its release is known, because it died after it had recorded it, or an older
            version of appdp ran it.
        requested_by: who asked; without an id, who wrote the release parameter.
        started_at: None without an id. All times are in seconds since the epoch.
        services: how many services it was to change; None without an id.

    The others are those of :class:`appdp.model.history.EndedDeployment`.
    """

    deployment: str | None
    release: str
    previous: str | None
    rollback: bool
    outcome: Outcome
    requested_by: str
    direct: bool
    started_at: float | None
    ended_at: float
    services: int | None
    approval: str = ""
    rollback_needs_jobs: bool = False
    reason: str = ""

    @property
    def seconds(self) -> float | None:
        """How long it took, if that is known."""
        return None if self.started_at is None else self.ended_at - self.started_at

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**asdict(self), "seconds": self.seconds}


def history(application: str, environment: str, ports: Ports) -> tuple[PastDeployment, ...]:
    """The environment's deployments, newest first: the last 100, and what the release parameter knows besides.

    Raises:
        NotFound: there is no such environment; lists those that there are.
        ConfigurationError: the history was written by a newer appdp.
    """
    read_deployer(application, environment, ports)
    versions = ports.parameters.history(history_parameter(application, environment))
    ended = [one for version in versions if (one := EndedDeployment.from_json(version.value)) is not None]
    known = [PastDeployment(**asdict(one)) for one in ended]
    releases = ports.parameters.history(release_parameter(application, environment))
    oldest_first = sorted([*known, *_unknown(releases, ended)], key=lambda past: past.ended_at)
    return tuple(reversed(oldest_first))


def _unknown(releases: Sequence[Recorded], ended: Sequence[EndedDeployment]) -> Iterator[PastDeployment]:
    """The releases that were recorded by none of these deployments."""
    known = _recorded(releases, ended)
    previous: str | None = None
    for one in releases:
        if one.value == SENTINEL:
            continue
        if one.version not in known:
            yield PastDeployment(
                deployment=None,
                release=one.value,
                previous=previous,
                rollback=False,
                outcome=Outcome.SUCCEEDED,
                requested_by=one.by,
                direct=False,
                started_at=None,
                ended_at=one.at,
                services=None,
            )
        previous = one.value


def _recorded(releases: Sequence[Recorded], ended: Sequence[EndedDeployment]) -> set[int]:
    """The versions of the release parameter that these deployments wrote: each at most one, before its end."""
    found: set[int] = set()
    for by in reversed(ended):
        # A deployment of the release that was recorded already writes nothing.
        if by.outcome is Outcome.SUCCEEDED and by.release != by.previous:
            written = (one for one in reversed(releases) if one.value == by.release and one.version not in found)
            version = next((one.version for one in written if one.at <= by.ended_at + _APART_SECONDS), None)
            if version is not None:
                found.add(version)
    return found
