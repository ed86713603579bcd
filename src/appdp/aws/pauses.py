"""How long to wait before what failed is tried again, where botocore does not do it."""

from __future__ import annotations

import random
from typing import Final

_LONGEST_SECONDS: Final = 8.0


def pause_after(attempt: int) -> float:
    """Seconds after the ``attempt``-th try, the first being 1.

    At random, up to a bound that doubles, so that many callers do not come back at the same moment.
    """
    return random.uniform(0, min(_LONGEST_SECONDS, 2.0**attempt / 2))  # noqa: S311 - not a secret
