"""Whether the owner of a lock still runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from appdp.aws.errors import code_of, translated
from appdp.engine.ports import Clock
from appdp.model.deployment import Owner

if TYPE_CHECKING:
    from appdp.aws.session import Session

LEASE_SECONDS: Final = 180.0
"""How long a process's lock counts after it was renewed last. The engine renews it every half minute."""

_RUNNING: Final = frozenset({"RUNNING", "PENDING_REDRIVE"})


class LockOwners:
    """Implements :class:`appdp.engine.ports.Owners`. Needs ``states:DescribeExecution``."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    @translated("states")
    def alive(self, owner: Owner, renewed_at: float) -> bool:
        """For an execution: whether Step Functions says it is running. For a process: whether its lease is fresh."""
        if owner.execution is None:
            return self._clock.now() - renewed_at < LEASE_SECONDS
        try:
            status = self._session.stepfunctions.describe_execution(executionArn=owner.execution)["status"]
        except ClientError as error:
            # Step Functions forgets an execution 90 days after it ended.
            if code_of(error) == "ExecutionDoesNotExist":
                return False
            raise
        return status in _RUNNING
