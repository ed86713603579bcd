"""Who calls AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appdp.aws.errors import translated

if TYPE_CHECKING:
    from appdp.aws.session import Session


class StsCaller:
    """The caller's own identity. ``sts:GetCallerIdentity`` needs no permission."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @translated("sts")
    def arn(self) -> str:
        """The caller as AWS names them: the ARN of a user, or of a role's session."""
        return self._session.sts.get_caller_identity()["Arn"]
