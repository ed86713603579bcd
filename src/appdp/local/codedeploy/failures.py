"""How a deployment ends before its time."""

from __future__ import annotations


class Failure(Exception):
    """The deployment failed.

    Args:
        code: an error code of CodeDeploy's ``errorInformation``.
        message: its message.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Halted(Exception):
    """The deployment was stopped: by somebody, by an alarm, or because nobody let it go on.

    Args:
        rolls_back: whether traffic goes back and the replacement task set goes.
    """

    def __init__(self, code: str, message: str, *, rolls_back: bool) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.rolls_back = rolls_back
