"""What a check is, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from appdp.engine.verify.subject import Scene, ScheduleSubject, ServiceSubject, Subject


DEPLOY_STACK: Final = "Deploy its stack again: cdk deploy."
"""What to do where something is gone that a stack makes."""


class Result(StrEnum):
    """What a check found."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It does not apply here."""
    UNKNOWN = "unknown"
    """AWS did not say, mostly because the caller may not ask. Never taken for ok."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A check's answer.

    Args:
        result: see :class:`Result`.
        found: what was found, or why the check does not apply.
        then: what to do about it; empty when there is nothing to do.
    """

    result: Result
    found: str
    then: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A question. Its ``look`` answers it; that may raise :class:`Skip`, :class:`Unseen`, or whatever the ports raise.

    Args:
        id: stable, in kebab case; people and programs refer to it.
        asks: the question, as a sentence that is true when all is well.
        why: what goes wrong otherwise, as one sentence.
        source: where AWS says so.
    """

    id: str
    asks: str
    why: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCheck(Check):
    """A question about each service."""

    look: Callable[[ServiceSubject], Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleCheck(Check):
    """A question about each schedule."""

    look: Callable[[ScheduleSubject], Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCheck(Check):
    """A question about everything that runs tasks: each service, job and schedule."""

    look: Callable[[Subject], Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentCheck(Check):
    """A question about the environment, asked once."""

    look: Callable[[Scene], Finding]


class Skip(Exception):
    """The check does not apply: the text says why."""


class Unseen(Exception):
    """The check cannot tell: the text says why, ``then`` what to do about it."""

    def __init__(self, found: str, then: str) -> None:
        super().__init__(found)
        self.then = then


def ok(found: str) -> Finding:
    """All is well."""
    return Finding(result=Result.OK, found=found)


def unknown(found: str, then: str) -> Finding:
    """AWS did not say."""
    return Finding(result=Result.UNKNOWN, found=found, then=then)


def judged(faults: Iterable[str], found: str, *, then: str) -> Finding:
    """Failed with these faults, each a sentence without its full stop; or ok with ``found`` when there is none."""
    said = "; ".join(faults)
    return Finding(result=Result.FAILED, found=said, then=then) if said else ok(found)
