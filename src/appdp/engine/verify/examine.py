"""Ask all checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from appdp.engine.verify.check import Check, Finding, Result, Skip, Unseen, unknown
from appdp.engine.verify.groups import CHECKS
from appdp.engine.verify.subject import Scene, Subject
from appdp.errors import CredentialsError, Refused, RemoteError

_ASK_AGAIN: Final = "Run the same command again, or with a role that may ask."

Question = tuple[Check, Subject]
Each = Callable[[Callable[[Question], "Checked"], Sequence[Question]], Iterable["Checked"]]
"""Applies a function to all questions and gives the answers in their order: ``map``, or that of a thread pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What one check found about one service; ``service`` is empty for what belongs to the whole environment."""

    check: str
    service: str
    result: Result
    found: str
    then: str
    asks: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What all checks found: service by service, and what belongs to the whole environment at the end."""

    application: str
    environment: str
    release: str | None
    checked: tuple[Checked, ...]

    @property
    def failed(self) -> bool:
        """Whether a check failed."""
        return any(one.result is Result.FAILED for one in self.checked)

    def count(self, result: Result) -> int:
        """How many checks had this result."""
        return sum(one.result is result for one in self.checked)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**asdict(self), "healthy": not self.failed}


def examine(scene: Scene, each: Each = map) -> Verification:
    """Ask every check about every service. None stops the others.

    Args:
        scene: what :func:`appdp.engine.verify.load` read.
        each: how; checks wait for AWS, so several at a time are faster.

    Raises:
        CredentialsError: AWS does not accept the caller's credentials (any longer).
    """
    # Check by check: then threads next to each other ask about different services, and seldom wait for one answer.
    questions = [(check, subject) for check in CHECKS for subject in scene.subjects[: 1 if check.whole else None]]
    order = {manifest.name: number for number, manifest in enumerate(scene.manifests)}
    answers = sorted(each(_checked, questions), key=lambda one: order.get(one.service, len(order)))
    return Verification(
        application=scene.deployer.application,
        environment=scene.deployer.environment,
        release=scene.release,
        checked=tuple(answers),
    )


def _checked(question: Question) -> Checked:
    check, subject = question
    finding = _found(check, subject)
    return Checked(
        check=check.id,
        service="" if check.whole else subject.manifest.name,
        result=finding.result,
        found=finding.found,
        then=finding.then,
        asks=check.asks,
        source=check.source,
    )


def _found(check: Check, subject: Subject) -> Finding:
    try:
        return check.look(subject)
    except Skip as reason:
        return Finding(result=Result.SKIPPED, found=str(reason))
    except Unseen as reason:
        return unknown(str(reason), reason.then)
    except CredentialsError:
        raise
    except RemoteError as error:
        return unknown(error.message, error.hint or _ASK_AGAIN)
    except Refused as error:
        return Finding(result=Result.FAILED, found=error.message, then=error.hint)
