"""Every error that appdp raises on purpose, with its exit code and its next step.

::

    AppdpError                     5  failed, needs a human
    ├── ConfigurationError         2  what the user wrote cannot work (also raised by constructs)
    ├── NotFound                   2  a name that does not exist; lists what does
    ├── Refused                    8  checked before anything changed; the deployment cannot work
    │   └── Locked                 8  another deployment of this environment is running
    ├── RemoteError                9  AWS answered with an error, or did not answer
    │   ├── CredentialsError       9  no credentials, or expired ones
    │   └── Throttled              9  AWS asked us to slow down for longer than we wait
    └── LocalError                 5  the embedded AWS or the rehearsal

How a deployment *ended* is not an error: see :class:`appdp.model.deployment.Outcome`, which has exit codes of its own.
"""

from __future__ import annotations


class AppdpError(Exception):
    """Root of the tree.

    Args:
        message: what failed, the value received and what is allowed.
        hint: the next action, as an imperative sentence; empty when there is none.
    """

    exit_code = 5

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class ConfigurationError(AppdpError, ValueError):
    """What the user wrote cannot work, whatever AWS holds."""

    exit_code = 2


class NotFound(AppdpError, LookupError):
    """A name that does not exist.

    Args:
        kind: what was looked for, such as ``"release"``.
        name: the name received.
        known: the names that exist; shown, at most ten of them.
    """

    exit_code = 2

    def __init__(self, kind: str, name: str, known: tuple[str, ...] = (), *, hint: str = "") -> None:
        listed = ", ".join(known[:10]) + (", …" if len(known) > 10 else "")
        there_are = f"There are: {listed}." if known else f"There is no {kind} yet."
        super().__init__(f"No {kind} is called {name!r}. {there_are}", hint=hint)
        self.kind = kind
        self.name = name
        self.known = known


class Refused(AppdpError):
    """The deployment cannot work; nothing was changed."""

    exit_code = 8


class Locked(Refused):
    """Another deployment of the same environment is running."""


class RemoteError(AppdpError):
    """AWS answered with an error, or did not answer.

    Args:
        code: AWS's error code, such as ``"AccessDeniedException"``; empty when there was no answer.
    """

    exit_code = 9

    def __init__(self, message: str, *, code: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class CredentialsError(RemoteError):
    """No credentials, or expired ones."""


class Throttled(RemoteError):
    """AWS asked to slow down for longer than we wait. Try again; nothing is lost."""


class LocalError(AppdpError):
    """The embedded AWS or the rehearsal cannot go on."""
