"""Everything that is changed inside MiniStack: what it would do differently from AWS, or to this machine.

MiniStack is pinned to one version. Every patch checks that what it replaces is still there with the same parameters,
and fails the start otherwise: behaviour that silently changed would make a rehearsal worth nothing.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from appdp.local import ministack_ecr_patches, ministack_iam
from appdp.local.ministack_patch import Patch


def apply() -> None:
    """Apply all patches; raises :class:`LocalError` when one does not fit."""
    for patch in PATCHES:
        patch.apply()


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

    def patched(stack_id: str, stack: str, logical_id: str, kind: str, status: str, *args: Any, **kwargs: Any) -> None:
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
    def patched(*args: Any, **kwargs: Any) -> dict[str, Any]:
        response = invoke(*args, **kwargs)
        _failure.type = response.get("type")
        return response

    return patched


def _answer_error_type(execute: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def patched(*args: Any) -> dict[str, Any]:
        _failure.type = None
        answer = execute(*args)
        if answer.get("error") and _failure.type:
            answer["body"]["errorType"] = _failure.type
        return answer

    return patched


def _as_role(credentials: Callable[[Mapping[str, Any]], dict[str, str]]) -> Callable[..., dict[str, str]]:
    return lambda config: {**credentials(config), "AWS_SESSION_TOKEN": str(config.get("Role", ""))}


def _known_roles_only(original: Callable[..., Any]) -> Callable[..., Any]:
    def patched(role_arn: str, session_name: str) -> Any:  # noqa: ANN401 - MiniStack has no types
        assumed, error = original(role_arn, session_name)
        if error:
            return assumed, error
        roles = importlib.import_module("ministack.services.iam")._roles
        role = roles.get_scoped(role_arn.split(":")[4], None, role_arn.rpartition("/")[2])
        if role and role["Arn"] == role_arn:
            return assumed, None
        message = f"The caller is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
        return None, importlib.import_module("ministack.services.sts")._error(403, "AccessDenied", message, ns="sts")

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
    *ministack_ecr_patches.PATCHES,
    *ministack_iam.PATCHES,
    Patch(
        module="services.sts",
        name="_assumed_role_arn",
        expects=("role_arn", "session_name"),
        make=_known_roles_only,
        why="MiniStack gives credentials for roles that are not there; AWS refuses. It looks at no trust policy: "
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
    ),
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
        module="services.scheduler",
        name="start_scheduler",
        expects=(),
        make=lambda _original: lambda: None,
        why="MiniStack runs no ECS tasks, takes every time as UTC and waits an interval before a rate's first time: "
        "https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html",
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
    Patch(
        module="core.lambda_runtime",
        name="execution_credentials",
        expects=("config",),
        make=_as_role,
        why="MiniStack gives a function the account's credentials; AWS gives it those of a session of its role: "
        "https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html",
    ),
)
