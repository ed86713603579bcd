"""Ask for many ids in calls that take a few."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from appdp.aws.errors import code_of


def chunks(ids: Sequence[str], size: int) -> Iterator[list[str]]:
    """The ids, ``size`` at a time, each once."""
    once = list(dict.fromkeys(ids))
    for start in range(0, len(once), size):
        yield once[start : start + size]


def known(ids: Sequence[str], size: int, ask: Callable[[list[str]], list[Any]], unknown: str) -> list[Any]:
    """What ``ask`` answers, ``size`` ids at a time; where AWS refuses them all because of one, one at a time.

    Args:
        unknown: AWS's error code for an id that it does not know.
    """
    found: list[Any] = []
    for chunk in chunks(ids, size):
        try:
            found += ask(chunk)
        except ClientError as error:
            if code_of(error) != unknown:
                raise
            if len(chunk) > 1:
                found += known(chunk, 1, ask, unknown)
    return found
