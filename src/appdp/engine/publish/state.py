"""What one call of :func:`appdp.engine.publish.publish` needs to know, and what it gives back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from appdp.errors import ConfigurationError
from appdp.model.handoff import check_release, is_release


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The whole memory of a publication. Everything else is read again, so it may be resumed at any point.

    Args:
        commit: the commit, which is the release's tag.
        created: when the commit was made, as RFC 3339 says it, such as ``2026-11-24T09:30:00Z``.
        source: where the commit is: ``owner/repo`` on GitHub, or an address; empty when it is not known.
        started_at: seconds since the epoch.

    Raises:
        ConfigurationError: a commit or a time that cannot be one.
    """

    commit: str
    created: str
    source: str
    started_at: float

    def __post_init__(self) -> None:
        check_release(self.commit)
        if not is_release(self.commit):
            raise ConfigurationError(
                f"{self.commit!r} cannot be published: a tag that ends with an architecture is one image's, no release."
            )
        if not _is_time(self.created):
            raise ConfigurationError(
                f"The commit's time {self.created!r} is no time: it must be like '2026-11-24T09:30:00Z'.",
                hint="Pass the commit's author date, as 'git show --format=%aI' prints it.",
            )

    @property
    def source_url(self) -> str:
        """The source as an address; empty when it is not known."""
        return self.source if not self.source or "://" in self.source else f"https://github.com/{self.source}"

    def to_json(self) -> str:
        """A continuation token."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Publication:
        """The inverse of :meth:`to_json`.

        Raises:
            ConfigurationError: it is no such token.
        """
        data = read_object("The continuation token", text)
        return cls(**{name: _value(data, name, kind) for name, kind in _FIELDS.items()})


_FIELDS: dict[str, type] = {"commit": str, "created": str, "source": str, "started_at": float}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The publication after one step.

    Args:
        state: keep it, it is the only memory.
        wait_seconds: how long to wait before the next step, unless CodePipeline decides.
        done: whether the release is registered.
        summary: what was done, or what is waited for, in one line.
        digests: image name → digest of its index, when done.
        unchanged: environment → the images that it runs already, when done.
        running: environment → the release that it runs, when done; without those that have none yet.
        schedules: environment → the schedules that the release repoints, when done; None where they cannot be read.
        unread: environment → why it could not be read.
    """

    state: Publication
    wait_seconds: float = 0.0
    done: bool = False
    summary: str
    digests: Mapping[str, str] = field(default_factory=dict)
    unchanged: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    running: Mapping[str, str] = field(default_factory=dict)
    schedules: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)


def begin(user_parameters: str, now: float) -> Publication:
    """Start a publication with what the pipeline's action was given.

    Args:
        user_parameters: ``{"commit": …, "created": …, "source": …}`` as JSON.
        now: seconds since the epoch.

    Raises:
        ConfigurationError: it is not that.
    """
    data = read_object("UserParameters", user_parameters)
    given = {name: _value(data, name, str) for name in ("commit", "created", "source")}
    return Publication(started_at=now, **given)


def read_object(what: str, text: str) -> dict[str, Any]:
    """A JSON object, or a :class:`ConfigurationError` that says what it should have been."""
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise ConfigurationError(
            f"{what} must be a JSON object with 'commit', 'created' and 'source', but it is {text[:200]!r}.",
            hint="Deploy the pipeline's stack again.",
        )
    return data


def _value(data: Mapping[str, Any], name: str, kind: type) -> Any:  # noqa: ANN401 - of the given type
    value = data.get(name)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind):
        raise ConfigurationError(
            f"The action was given {name}={value!r}; 'commit', 'created' and 'source' must be texts.",
            hint="Deploy the pipeline's stack again.",
        )
    return value


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
