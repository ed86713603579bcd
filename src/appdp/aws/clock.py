"""The time."""

from __future__ import annotations

import time


class SystemClock:
    """This machine's clock."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()
