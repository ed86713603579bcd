"""Amazon Resource Names and identifiers in ECS's own forms.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html (long ARN formats)
"""

from __future__ import annotations

import itertools
import secrets
import string
import time
from datetime import UTC, datetime

from appdp.local.wire import Caller

_LETTERS = string.ascii_letters + string.digits + "-_"
_NUMBERS = itertools.count(1)


def now() -> datetime:
    """The time, as API answers hold it."""
    return datetime.now(UTC)


def arn(caller: Caller, resource: str) -> str:
    """An ECS ARN of ``resource``, such as ``cluster/shop``."""
    return f"arn:aws:ecs:{caller.region}:{caller.account}:{resource}"


def last(value: str) -> str:
    """The name in an ARN, or ``value`` itself when it is a name."""
    return value.rpartition("/")[2]


def task_id() -> str:
    """A task's id: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def number() -> str:
    """A 19-digit number as in service revisions and deployments; later ones are larger."""
    return str(time.time_ns() + next(_NUMBERS))


def deployment_id() -> str:
    """A service deployment's id: 21 letters, digits, ``-`` and ``_``."""
    return "".join(secrets.choice(_LETTERS) for _ in range(21))


def generated(stack: str, logical_id: str) -> str:
    """A resource's name as CloudFormation makes one: stack, logical id, twelve characters."""
    return f"{stack}-{logical_id}-{secrets.token_hex(6)}"


class PrivateAddresses:
    """Unique private addresses, as a VPC gives to tasks: from 10.0.1.0 up."""

    def __init__(self) -> None:
        self._next = itertools.count(256)

    def take(self) -> str:
        """The next address."""
        value = next(self._next)
        return f"10.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"
