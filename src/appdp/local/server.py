"""The server process: composes the embedded AWS, says when it is ready, and takes everything down again.

It ends when its standard input does (the process that started it is gone), or on SIGTERM or SIGINT.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

from appdp.local import ministack_process
from appdp.local.bootstrap import bootstrap
from appdp.local.calls import CallRecord
from appdp.local.clients import EndpointClients
from appdp.local.events import QueuedEvents
from appdp.local.front import Front
from appdp.local.open_files import allow_many_open_files
from appdp.local.parts import Parts
from appdp.local.server_config import ACCOUNT, REGION, STOP_SECONDS, ServerConfig
from appdp.local.wire import AddressBook, Caller, Endpoint, Kernel

_LOG = logging.getLogger(__name__)


def run(config: ServerConfig) -> None:
    """Serve until told to stop. Announces itself with one line of JSON on standard output."""
    announcements = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else prints goes to the log
    os.set_inheritable(config.lock, False)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s [%(name)s] %(message)s")

    def announce(message: dict[str, Any]) -> None:
        announcements.write(json.dumps(message) + "\n")
        announcements.flush()

    status = 1
    try:
        asyncio.run(_serve(config, announce))
        status = 0
    except Exception:  # noqa: BLE001 - reported in the log, whose end the starting process shows
        _LOG.exception("The embedded AWS failed")
    finally:
        logging.shutdown()
        os._exit(status)  # threads of MiniStack may still wait for a Lambda function


async def _serve(config: ServerConfig, announce: Callable[[dict[str, Any]], None]) -> None:
    stop = _stop_signals()
    async with AsyncExitStack() as stack:
        url, mode = await _start(config, stack)
        announce({"url": url, "mode": mode, "pid": os.getpid()})
        await stop.wait()
        threading.Timer(STOP_SECONDS, os._exit, (1,)).start()


async def _start(config: ServerConfig, stack: AsyncExitStack) -> tuple[str, str]:
    listener = socket.create_server(("127.0.0.1", config.port), backlog=512)
    port = listener.getsockname()[1]
    endpoint = Endpoint(url=f"http://127.0.0.1:{port}", account=ACCOUNT, region=REGION)
    caller = Caller(account=ACCOUNT, region=REGION)
    ministack = ministack_process.load(port)
    running = await ministack_process.start(ministack)
    stack.callback(running.cancel)
    stack.push_async_callback(asyncio.to_thread, ministack_process.stop)
    front = Front(ministack, caller)
    front.page("calls", front.calls.page)
    await stack.enter_async_context(_http(front, listener))
    kernel = _kernel(config, endpoint, stack, front.calls)
    parts = Parts(kernel, docker=config.docker, repositories=config.repositories)
    stack.push_async_callback(parts.stop)
    await parts.start(front)
    await asyncio.to_thread(bootstrap, kernel.clients, caller)
    front.page("health", lambda: {"status": "ready", "mode": parts.mode, "instance": config.instance})
    return endpoint.url, parts.mode


def _kernel(config: ServerConfig, endpoint: Endpoint, stack: AsyncExitStack, calls: CallRecord) -> Kernel:
    clients = EndpointClients(endpoint)
    events = QueuedEvents(ministack_process.put_event, Caller(account=endpoint.account, region=endpoint.region))
    stack.callback(clients.close)
    stack.push_async_callback(asyncio.to_thread, events.close)

    def register_cleanup(cleanup: Callable[[], None]) -> None:
        stack.push_async_callback(_cleaned, cleanup)

    return Kernel(
        endpoint=endpoint,
        clients=clients,
        events=events,
        addresses=AddressBook(),
        time_scale=config.time_scale,
        bake_scale=config.bake_scale,
        register_cleanup=register_cleanup,
        instance=config.instance,
        note_call=calls.note,
    )


async def _cleaned(cleanup: Callable[[], None]) -> None:
    try:
        await asyncio.to_thread(cleanup)
    except Exception:  # noqa: BLE001 - one failing cleanup must not keep the others from running
        _LOG.exception("A cleanup failed")


@asynccontextmanager
async def _http(front: Front, listener: socket.socket) -> AsyncIterator[None]:
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.graceful_timeout = 0.5
    config.keep_alive_max_requests = 1_000_000  # a proxied docker push or a load test is one connection
    config.errorlog = logging.getLogger("hypercorn.error")
    closing = asyncio.Event()
    serving = asyncio.ensure_future(serve(front, config, shutdown_trigger=closing.wait))  # type: ignore[arg-type] # hypercorn types scopes as TypedDicts, we as plain dicts
    try:
        yield
    finally:
        closing.set()
        await serving


def _stop_signals() -> asyncio.Event:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def wait_for_parent() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait_for_parent, name="appdp-life-line", daemon=True).start()
    return stop


def main(argument: str) -> None:
    """Entry of ``python -m appdp.local``: hidden, its only caller is :mod:`appdp.local.lifecycle`."""
    config = ServerConfig.from_json(argument)
    allow_many_open_files()
    os.chdir(Path(config.directory))
    run(config)
