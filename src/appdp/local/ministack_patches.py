"""The one module that touches MiniStack's inside: how it is started here, and what it would do differently from AWS.

MiniStack is pinned to one version. Every patch checks that what it replaces is still there with the same parameters, and
fails the start otherwise: behaviour that silently changed would make a rehearsal worth nothing.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from appdp.errors import LocalError
from appdp.local.front import AsgiApp
from appdp.local.wire import Caller

PINNED: Final = "1.5.33"

_LOG = logging.getLogger(__name__)
_MISSING: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One attribute of MiniStack that is replaced.

    Args:
        module: below ``ministack``.
        name: the attribute; ``Class.method`` for a method.
        expects: the parameters of what is replaced, or a text that it contains when it is a string.
        make: makes the replacement from the original.
        why: what MiniStack does, what AWS does, and where AWS says so.
    """

    module: str
    name: str
    expects: tuple[str, ...] | str
    make: Callable[[Any], Any]
    why: str

    def apply(self) -> None:
        """Replace the attribute; raises :class:`LocalError` when it is not what the patch was written for."""
        owner: Any = importlib.import_module(f"ministack.{self.module}")
        *path, attribute = self.name.split(".")
        for part in path:
            owner = getattr(owner, part, None)
        original = getattr(owner, attribute, _MISSING)
        if not self._fits(original):
            raise LocalError(
                f"MiniStack {version('ministack')} has no {self.module}.{self.name} like {PINNED}'s: {self.expects!r}.",
                hint=f"Install the pinned version: pip install 'ministack=={PINNED}'.",
            )
        setattr(owner, attribute, self.make(original))

    def _fits(self, original: object) -> bool:
        if isinstance(self.expects, str):
            return isinstance(original, str) and self.expects in original
        return callable(original) and tuple(inspect.signature(original).parameters) == self.expects


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
    for patch in PATCHES:
        patch.apply()
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


_failure = threading.local()


def _tell_error_type(script: str) -> str:
    return script.replace(_WORKER_ERROR, f'{_WORKER_ERROR}, "type": type(e).__name__')


_WORKER_ERROR: Final = '"trace": traceback.format_exc()'


def _keep_error_type(invoke: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def patched(*args: Any, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 - MiniStack has no types
        response = invoke(*args, **kwargs)
        _failure.type = response.get("type")
        return response

    return patched


def _answer_error_type(execute: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def patched(*args: Any) -> dict[str, Any]:  # noqa: ANN401 - MiniStack has no types
        _failure.type = None
        answer = execute(*args)
        if answer.get("error") and _failure.type:
            answer["body"]["errorType"] = _failure.type
        return answer

    return patched


_LAMBDA_ERRORS = (
    "MiniStack calls every exception Runtime.HandlerError; AWS gives the exception's class name, by which Step Functions "
    "retries: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"
)

PATCHES: Final = (
    Patch(
        module="app",
        name="_docker_socket_present",
        expects=(),
        make=lambda _original: lambda: False,
        why="MiniStack removes its containers at start, also those of other instances; here it never touches Docker.",
    ),
    Patch(
        module="app",
        name="_collect_scripts",
        expects=("dirs",),
        make=lambda _original: lambda *_dirs: [],
        why="MiniStack runs scripts that it finds in /docker-entrypoint-initaws.d; here nothing of the machine's is run.",
    ),
    Patch(
        module="core.lambda_runtime",
        name="_PYTHON_WORKER_SCRIPT",
        expects=_WORKER_ERROR,
        make=_tell_error_type,
        why=_LAMBDA_ERRORS,
    ),
    Patch(
        module="core.lambda_runtime",
        name="Worker.invoke",
        expects=("self", "event", "request_id", "trace_id", "depth", "durable", "invoked_function_arn"),
        make=_keep_error_type,
        why=_LAMBDA_ERRORS,
    ),
    Patch(
        module="services.lambda_svc",
        name="_execute_function_warm",
        expects=("func", "event", "request_id"),
        make=_answer_error_type,
        why=_LAMBDA_ERRORS,
    ),
)
