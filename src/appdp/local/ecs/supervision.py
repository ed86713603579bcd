"""Background work that cannot die in silence, and waiting for "something changed"."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from appdp.local.wire import Caller, Clients

_LOG = logging.getLogger(__name__)

CALLS_AT_ONCE = 32
"""Threads for AWS calls to our own endpoint; a Lambda hook holds one for as long as the function runs."""


class Change:
    """Wakes everybody who waits, each time something changed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        """Wake the waiting."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, at_most: float) -> None:
        """Return at the next change, or after ``at_most`` seconds."""
        try:
            async with asyncio.timeout(at_most):
                await self._event.wait()
        except TimeoutError:
            return


class Supervisor:
    """Starts background work; what fails in it is logged and handed to whoever must know."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def spawn(
        self,
        work: Callable[[], Coroutine[Any, Any, None]],
        *,
        what: str,
        crashed: Callable[[Exception], None] | None = None,
    ) -> asyncio.Task[None]:
        """Run ``work``; when it raises, log it and call ``crashed``."""
        task = asyncio.create_task(_watched(work, what, crashed), name=what)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def stop(self) -> None:
        """Cancel everything that runs and wait until it has ended."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _watched(
    work: Callable[[], Coroutine[Any, Any, None]], what: str, crashed: Callable[[Exception], None] | None
) -> None:
    try:
        await work()
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not die unseen
        _LOG.exception("%s crashed", what)
        if crashed is not None:
            crashed(error)


class Calls:
    """AWS calls to our own endpoint, in threads of their own so that nothing else waits for them."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._threads = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="ecs-call")

    async def __call__(self, service: str, operation: str, caller: Caller, **parameters: Any) -> dict[str, Any]:
        """Call ``operation`` (boto3's name) of ``service``; raises what boto3 raises."""

        def blocking() -> dict[str, Any]:
            answer: dict[str, Any] = getattr(self._clients.client(service, caller), operation)(**parameters)
            body = answer.get("Payload")
            return answer if body is None else {**answer, "Payload": body.read()}

        return await asyncio.get_running_loop().run_in_executor(self._threads, blocking)

    def close(self) -> None:
        """Let running calls end by themselves, and start none."""
        self._threads.shutdown(wait=False, cancel_futures=True)
