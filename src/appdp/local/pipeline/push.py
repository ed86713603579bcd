"""Does a push start a pipeline? Reads the triggers of its declaration, as CodePipeline does.

See: https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-triggers.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PushEvent:
    """A push to a branch or of a tag, one of the two, with the paths that it changed."""

    branch: str = ""
    tag: str = ""
    paths: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"tag {self.tag!r}" if self.tag else f"branch {self.branch!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the push starts the pipeline, of which source action, and why or why not."""

    action: str = ""
    reason: str

    @property
    def starts(self) -> bool:
        """Whether it does."""
        return bool(self.action)


def started_by(push: PushEvent, pipeline: Mapping[str, Any]) -> Verdict:
    """The verdict on a push to the repository of a pipeline, which is a declaration as GetPipeline gives it."""
    reasons: list[str] = []
    for trigger in pipeline.get("triggers") or ():
        git = trigger["gitConfiguration"]
        for number, wanted in enumerate(git.get("push") or (), 1):
            reason = _mismatch(push, wanted)
            if not reason:
                return Verdict(action=git["sourceActionName"], reason=f"{push} matches filter {number}.")
            reasons.append(f"filter {number}: {reason}")
    if not reasons:
        return Verdict(reason=f"{pipeline['name']} has no push trigger: it is started by hand.")
    return Verdict(reason=f"{push} starts nothing in {pipeline['name']}; " + "; ".join(reasons) + ".")


def _mismatch(push: PushEvent, wanted: Mapping[str, Any]) -> str:
    """Why a filter does not fit the push; empty when it does."""
    if push.tag:
        if not wanted.get("tags"):
            return "it is for branches, not for tags"
        return _outside([push.tag], wanted["tags"], "the tag")
    if wanted.get("tags"):
        return "it is for tags, not for branches"
    if wanted.get("branches") and (reason := _outside([push.branch], wanted["branches"], "the branch")):
        return reason
    return _outside(push.paths, wanted["filePaths"], "no changed path") if wanted.get("filePaths") else ""


def _outside(names: Sequence[str], patterns: Mapping[str, Sequence[str]], what: str) -> str:
    included, excluded = patterns.get("includes") or (), patterns.get("excludes") or ()
    # What is excluded is so even where it is included, too.
    left = [name for name in names if not _any(name, excluded)]
    if not left:
        return f"{what} is excluded by {', '.join(excluded)}" if excluded else f"{what} is known"
    if included and not any(_any(name, included) for name in left):
        return f"{what} is none of {', '.join(included)}"
    return ""


def _any(name: str, patterns: Iterable[str]) -> bool:
    return any(_glob(pattern).fullmatch(name) for pattern in patterns)


def _glob(pattern: str) -> re.Pattern[str]:
    """``*`` is anything but a slash, ``**`` anything, ``?`` one character, ``{a,b}`` either.

    See: https://docs.aws.amazon.com/codepipeline/latest/userguide/syntax-glob.html
    """
    parts = re.split(r"(\*\*|\*|\?|\{[^{}]*\})", pattern)
    return re.compile("".join(_part(part) for part in parts))


def _part(part: str) -> str:
    if part in _WILDCARDS:
        return _WILDCARDS[part]
    if part.startswith("{") and part.endswith("}"):
        return "(?:" + "|".join(_glob(choice).pattern for choice in part[1:-1].split(",")) + ")"
    return re.escape(part)


_WILDCARDS = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
