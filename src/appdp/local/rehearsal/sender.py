"""The load generator's process: requests at a fixed rate, whatever the answers do.

``python -m appdp.local.rehearsal.sender`` reads one JSON line (:class:`~appdp.local.rehearsal.load.Order`) from stdin,
then sends until stdin ends. It writes JSON lines: when it started, batches of rows, and at the end how many it sent
and when it stopped.

It is open-loop: the next request leaves when its time has come, not when the last answer is there, and the time that a
request takes counts from when it was due. A slow server therefore shows as latency, not as a lower rate. There is one
limit: no more requests are under way than fall due in :data:`OPEN_SECONDS`. Those that fall due meanwhile leave as soon
as others are answered, so a short stall costs none. Where the machine is too slow for the rate, it falls behind, which
shows, and the releases go on; without a limit, requests pile up faster than they are answered, and nothing else gets
its turn.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Sequence
from itertools import cycle
from typing import Any, Final

import aiohttp

from appdp.local.open_files import allow_many_open_files
from appdp.local.rehearsal.load import NO_ANSWER, TIMEOUT_SECONDS, Order, Row

FLUSH_SECONDS: Final = 0.25
TEST_REQUESTS_PER_SECOND: Final = 4.0
OPEN_SECONDS: Final = 2.0
FEWEST_OPEN: Final = 50
"""The limit of requests under way is not below this, however low the rate is."""


class Sender:
    """Sends requests and keeps their rows until they are written."""

    def __init__(self, order: Order, session: aiohttp.ClientSession) -> None:
        self._order = order
        self._session = session
        self._pattern = re.compile(order.release_pattern)
        self._rows: list[Row] = []
        self._open: set[asyncio.Task[None]] = set()
        self._sent = 0
        self._room = asyncio.Semaphore(max(FEWEST_OPEN, int(order.rate * OPEN_SECONDS)))

    async def run(self, stop: asyncio.Event) -> None:
        """Send on the production and the test listener until ``stop``, then wait for what is under way."""
        production = [index for index, target in enumerate(self._order.targets) if not target.test]
        test = [index for index, target in enumerate(self._order.targets) if target.test]
        _emit({"started": time.time()})
        writer = asyncio.create_task(self._write(stop))
        stopped, _ = await asyncio.gather(
            self._pace(production, self._order.rate, stop), self._pace(test, TEST_REQUESTS_PER_SECOND, stop)
        )
        if self._open:
            await asyncio.wait(self._open)
        await writer
        self._flush()
        _emit({"sent": self._sent, "stopped": stopped})

    async def _pace(self, targets: Sequence[int], rate: float, stop: asyncio.Event) -> float:
        """Send until ``stop``; when it stopped, in seconds since the epoch."""
        due = time.time()
        for target in cycle(targets):
            delay = due - time.time()
            if delay > 0:
                await asyncio.sleep(delay)
            full = self._room.locked()
            await self._room.acquire()
            # What is overdue is sent all the same, if there is room: a stall at the end is no lower rate.
            if stop.is_set() and (delay > 0 or full):
                break
            self._sent += 1
            task = asyncio.create_task(self._send(target, due))
            self._open.add(task)
            task.add_done_callback(self._answered)
            due += 1 / rate
        return time.time()

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._open.discard(task)
        self._room.release()

    async def _send(self, index: int, due: float) -> None:
        release, status = "", NO_ANSWER
        try:
            async with self._session.get(self._order.targets[index].url) as response:
                body = await response.text()
                found = self._pattern.search(body)
                release, status = found.group(1) if found else "", response.status
        except (OSError, TimeoutError, aiohttp.ClientError, UnicodeDecodeError):
            status = NO_ANSWER
        self._rows.append((round(due, 4), round(time.time() - due, 4), index, release, status))

    async def _write(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.sleep(FLUSH_SECONDS)
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            rows, self._rows = self._rows, []
            _emit({"rows": rows})


def _emit(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, separators=(",", ":")) + "\n")
    sys.stdout.flush()


async def _main() -> None:
    loop = asyncio.get_running_loop()
    order = Order.from_json(await loop.run_in_executor(None, sys.stdin.readline))
    stop = asyncio.Event()
    loop.run_in_executor(None, sys.stdin.read).add_done_callback(lambda _ended: stop.set())
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=5)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        await Sender(order, session).run(stop)


if __name__ == "__main__":
    allow_many_open_files()
    asyncio.run(_main())
