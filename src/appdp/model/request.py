"""What somebody asked for: the value that starts a deployment."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from appdp.errors import ConfigurationError
from appdp.model.handoff import check_name, check_release
from appdp.model.known_fields import known_fields

_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A wish to move one environment to one release.

    Args:
        application: the application's name.
        environment: the environment's name.
        release: the release's tag. None, for a rollback only: the last good release before the current one.
        rollback: whether the user asks to go back (only words, and the default release, differ).
        id: the deployment's id, unique; 1–80 of ``A-Za-z0-9_-``, because it is also the name of an execution
            (https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html) and part of a
            parameter's name.
        ignore_alarms: whether to start although an alarm of a service that changes is red; a rollback always does.
        rollback_needs_jobs: whether a later rollback away from the release must decide about jobs.
        with_jobs: whether a rollback runs all jobs (True), or only those that are marked for it (False); None did not
            decide.
        hold: whether a human must approve before traffic moves, also where the environment does not ask for it.

    Raises:
        ConfigurationError: a name, release or id that cannot be one, or no release without ``rollback``.
    """

    application: str
    environment: str
    release: str | None
    id: str
    rollback: bool = False
    hold: bool = False
    ignore_alarms: bool = False
    rollback_needs_jobs: bool = False
    with_jobs: bool | None = None

    def __post_init__(self) -> None:
        check_name("Application", self.application)
        check_name("Environment", self.environment)
        if not _ID.fullmatch(self.id):
            raise ConfigurationError(
                f"{self.id!r} cannot be the id of a deployment: allowed are 1 to 80 of A-Z, a-z, 0-9, '_' and '-'."
            )
        if self.release is not None:
            check_release(self.release)
        elif not self.rollback:
            raise ConfigurationError(
                f"A deployment to {self.environment!r} was asked for without a release.",
                hint="Name the release to deploy; 'appdp releases' lists them.",
            )

    @property
    def ignores_alarms(self) -> bool:
        """Whether a red alarm does not keep it from starting."""
        return self.ignore_alarms or self.rollback

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Request:
        """The inverse of :meth:`to_dict`; unknown keys are left out."""
        return cls(**known_fields(cls, data))
