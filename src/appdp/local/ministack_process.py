"""MiniStack inside our server process: how it is loaded, started, asked and stopped. Its modules have no types."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from appdp.errors import LocalError
from appdp.local import ministack_patches
from appdp.local.front import AsgiApp
from appdp.local.ministack_patch import PINNED
from appdp.local.wire import Caller


def load(port: int) -> AsgiApp:
    """Import MiniStack for a server on ``port``, patched.

    Raises:
        LocalError: another version is installed, or a patch does not fit.
    """
    os.environ["GATEWAY_PORT"] = str(port)  # read when MiniStack's modules are imported
    if version("ministack") != PINNED:
        raise LocalError(
            f"MiniStack {version('ministack')} is installed; the embedded AWS is written for {PINNED}.",
            hint=f"Install it: pip install 'ministack=={PINNED}'.",
        )
    logging.getLogger("kms").setLevel(logging.ERROR)  # it warns at import that it cannot sign; nothing here signs
    ministack_patches.apply()
    application: AsgiApp = importlib.import_module("ministack.app").app
    return application


async def start(application: AsgiApp) -> asyncio.Task[None]:
    """Run MiniStack's own start-up on this loop; cancel the task to end it.

    Its shutdown is not run: it would import services that nothing used, and we keep no state.
    """
    started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    messages = iter([{"type": "lifespan.startup"}])

    async def receive() -> dict[str, Any]:
        for message in messages:
            return message
        await asyncio.Event().wait()
        return {}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "lifespan.startup.complete" and not started.done():
            started.set_result(None)

    task = asyncio.ensure_future(application({"type": "lifespan"}, receive, send))
    await asyncio.wait({task, started}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        raise LocalError("MiniStack did not start.") from task.exception()
    return task


def stop() -> None:
    """End MiniStack's Lambda workers; blocks for at most a few seconds."""
    runtime = importlib.import_module("ministack.core.lambda_runtime")
    runtime.reset()


def put_event(caller: Caller, entry: Mapping[str, Any]) -> None:
    """Put an event on the default bus as an AWS service does; blocks while rules are matched."""
    responses = importlib.import_module("ministack.core.responses")
    eventbridge = importlib.import_module("ministack.services.eventbridge")
    with responses.request_scope(caller.account, caller.region):
        eventbridge._put_events({"Entries": [dict(entry)]}, allow_aws_source=True)


def current_caller() -> Caller:
    """For whom MiniStack works in this context."""
    responses = importlib.import_module("ministack.core.responses")
    return Caller(account=responses.get_account_id(), region=responses.get_region())
