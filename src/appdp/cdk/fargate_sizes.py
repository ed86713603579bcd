"""The sizes that Fargate offers.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from appdp.errors import ConfigurationError

_GIB: Final = 1024

MEMORY_MIB: Final[Mapping[int, Sequence[int]]] = {
    256: (512, 1 * _GIB, 2 * _GIB),
    512: range(1 * _GIB, 4 * _GIB + 1, _GIB),
    1024: range(2 * _GIB, 8 * _GIB + 1, _GIB),
    2048: range(4 * _GIB, 16 * _GIB + 1, _GIB),
    4096: range(8 * _GIB, 30 * _GIB + 1, _GIB),
    8192: range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB),
    16384: range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB),
}
"""CPU units (1,024 are one vCPU) → the amounts of memory that go with them, in MiB."""


def check_size(path: str, cpu: int, memory_mib: int) -> None:
    """Raise unless Fargate has this size.

    Raises:
        ConfigurationError: it has not; the message lists what goes.
    """
    if cpu not in MEMORY_MIB:
        raise ConfigurationError(f"{path}: cpu={cpu}: Fargate offers {', '.join(map(str, MEMORY_MIB))} CPU units.")
    allowed = MEMORY_MIB[cpu]
    if memory_mib not in allowed:
        listed = ", ".join(map(str, allowed)) if len(allowed) <= 8 else f"{allowed[0]} to {allowed[-1]}"
        step = f" in steps of {allowed[1] - allowed[0]}" if len(allowed) > 8 else ""
        raise ConfigurationError(f"{path}: memory_mib={memory_mib}: with cpu={cpu} Fargate offers {listed}{step} MiB.")
