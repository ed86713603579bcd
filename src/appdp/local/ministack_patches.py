"""The one module that touches MiniStack's inside: how it is started here, and what it would do differently from AWS.

MiniStack is pinned to one version. Every patch checks that what it replaces is still there with the same parameters,
and fails the start otherwise: behaviour that silently changed would make a rehearsal worth nothing.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import logging
import os
import re
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


def current_caller() -> Caller:
    """For whom MiniStack works in this context."""
    responses = importlib.import_module("ministack.core.responses")
    return Caller(account=responses.get_account_id(), region=responses.get_region())


def register_types(types: Mapping[str, Mapping[str, Any]], *, keep: bool = False) -> None:
    """Put resource types into CloudFormation's table, with the engine's functions of each.

    Their handlers decide themselves what a changed property replaces, and run on worker threads.

    Args:
        keep: leave a type alone that MiniStack has. Default: ours take its place.
    """
    provisioners = importlib.import_module("ministack.services.cloudformation.provisioners")
    for name, functions in types.items():
        if keep and name in provisioners._RESOURCE_HANDLERS:
            continue
        provisioners._RESOURCE_HANDLERS[name] = dict(functions)
        provisioners._REPLACING_PROPERTIES.pop(name, None)
        provisioners._CUSTOM_NAME_REPLACEMENT.pop(name, None)
        _our_types.add(name)


_our_types: set[str] = set()
_unchanged: set[tuple[str, str]] = set()
_failure = threading.local()


def _also_ours(runs_on_worker_thread: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda resource_type: resource_type in _our_types or runs_on_worker_thread(resource_type)


def _also_services(sends_back: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda resource_type: resource_type == "AWS::ECS::Service" or sends_back(resource_type)


def _note_unchanged(update: Callable[..., Any]) -> Callable[..., Any]:
    def patched(*args: Any) -> Any:  # noqa: ANN401 - MiniStack has no types
        _type, _physical_id, old, new, stack, logical_id, _attributes = args
        if old == new:
            _unchanged.add((stack, logical_id))
        return update(*args)

    return patched


def _without_unchanged(add_event: Callable[..., None]) -> Callable[..., None]:
    """Events of a resource that an update leaves alone are taken back: AWS has none."""

    def patched(stack_id: str, stack: str, logical_id: str, kind: str, status: str, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        if status != "UPDATE_COMPLETE" or (stack, logical_id) not in _unchanged:
            add_event(stack_id, stack, logical_id, kind, status, *args, **kwargs)
            return
        _unchanged.discard((stack, logical_id))
        events = importlib.import_module("ministack.services.cloudformation")._stack_events[stack_id]
        started = [event for event in events if event["LogicalResourceId"] == logical_id]
        if started and started[-1]["ResourceStatus"] == "UPDATE_IN_PROGRESS":
            events.remove(started[-1])

    return patched


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


def _download_from_us(answer: Callable[..., Any]) -> Callable[..., Any]:
    def patched(data: Mapping[str, Any]) -> Any:  # noqa: ANN401 - MiniStack has no types
        status, headers, body = answer(data)
        here = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}/v2/".encode()
        return status, headers, re.sub(rb"https://[^/]+/v2/", here, body)

    return patched


_LAMBDA_ERRORS = (
    "MiniStack calls every exception Runtime.HandlerError; AWS gives the exception's class name, by which Step "
    "Functions retries: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"
)

_UNCHANGED = (
    "MiniStack writes events for every resource of an update; AWS only for those that it touches: "
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html"
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
        why="MiniStack runs what it finds in /docker-entrypoint-initaws.d; nothing of the machine's is run here.",
    ),
    Patch(
        module="services.cloudformation.stacks",
        name="_runs_on_worker_thread",
        expects=("resource_type",),
        make=_also_ours,
        why="MiniStack provisions on its event loop; our handlers run there too, so waiting would never end.",
    ),
    Patch(
        module="services.cloudformation.stacks",
        name="_sends_back_failed_update",
        expects=("resource_type",),
        make=_also_services,
        why="MiniStack rolls back what succeeded only. A service that failed to update has changed: AWS sends it back. "
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-continueupdaterollback.html",
    ),
    Patch(
        module="services.cloudformation.stacks",
        name="_update_keeping_seed",
        expects=("args",),
        make=_note_unchanged,
        why=_UNCHANGED,
    ),
    Patch(
        module="services.cloudformation.stacks",
        name="_add_event",
        expects=(
            "stack_id",
            "stack_name",
            "logical_id",
            "resource_type",
            "status",
            "reason",
            "physical_id",
            "detailed_status",
        ),
        make=_without_unchanged,
        why=_UNCHANGED,
    ),
    Patch(
        module="services.ecr",
        name="_get_download_url_for_layer",
        expects=("data",),
        make=_download_from_us,
        why="MiniStack's download addresses are at Amazon's host, which does not answer here; AWS's can be downloaded: "
        "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html",
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
