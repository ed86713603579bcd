"""Ask all checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final, TypeVar

from appdp.engine.verify.check import (
    Check,
    EnvironmentCheck,
    Finding,
    Result,
    ScheduleCheck,
    ServiceCheck,
    Skip,
    TaskCheck,
    Unseen,
    unknown,
)
from appdp.engine.verify.groups import CHECKS
from appdp.engine.verify.subject import Scene, Subject
from appdp.errors import CredentialsError, Refused, RemoteError

_S = TypeVar("_S", bound=Subject)

_ASK_AGAIN: Final = "Run the same command again, or with a role that may ask."


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A check about one service, job or schedule, or, without ``about``, about the environment."""

    check: Check
    about: Subject | None
    look: Callable[[], Finding]


Each = Callable[[Callable[[Question], "Checked"], Sequence[Question]], Iterable["Checked"]]
"""Applies a function to all questions and gives the answers in their order: ``map``, or that of a thread pool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What one check found about one service, job or schedule.

    Args:
        check: its id.
        kind: ``service``, ``job``, ``schedule`` or ``environment``.
        name: the service's, job's or schedule's; empty for what belongs to the whole environment.
        result: see :class:`Result`.
        found, then: see :class:`Finding`.
        asks, source: see :class:`Check`.
    """

    check: str
    kind: str
    name: str
    result: Result
    found: str
    then: str
    asks: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What all checks found: service by service, job by job, schedule by schedule, and the whole environment last."""

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
    """Ask every check about all that it is for. None stops the others.

    Args:
        scene: what :func:`appdp.engine.verify.load` read.
        each: how; checks wait for AWS, so several at a time are faster.

    Raises:
        CredentialsError: AWS does not accept the caller's credentials (any longer).
    """
    # Check by check: then threads next to each other ask about different services, and seldom wait for one answer.
    questions = [question for check in CHECKS for question in _questions(check, scene)]
    order = {(one.kind, one.manifest.name): number for number, one in enumerate(scene.subjects)}
    answers = sorted(each(_checked, questions), key=lambda one: order.get((one.kind, one.name), len(order)))
    return Verification(
        application=scene.deployer.application,
        environment=scene.deployer.environment,
        release=scene.release,
        checked=tuple(answers),
    )


def _questions(check: Check, scene: Scene) -> list[Question]:
    match check:
        case ServiceCheck():
            return _about(check, check.look, scene.service_subjects)
        case ScheduleCheck():
            return _about(check, check.look, scene.schedule_subjects)
        case TaskCheck():
            return _about(check, check.look, scene.subjects)
        case EnvironmentCheck():
            return [Question(check=check, about=None, look=partial(check.look, scene))]
        case _:
            raise TypeError(check)


def _about(check: Check, look: Callable[[_S], Finding], subjects: Iterable[_S]) -> list[Question]:
    return [Question(check=check, about=one, look=partial(look, one)) for one in subjects]


def _checked(question: Question) -> Checked:
    check, about = question.check, question.about
    finding = _found(question.look)
    return Checked(
        check=check.id,
        kind="environment" if about is None else about.kind,
        name="" if about is None else about.manifest.name,
        result=finding.result,
        found=finding.found,
        then=finding.then,
        asks=check.asks,
        source=check.source,
    )


def _found(look: Callable[[], Finding]) -> Finding:
    try:
        return look()
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
