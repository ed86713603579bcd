"""Everything that is changed inside MiniStack: what it would do differently from AWS, or to this machine.

MiniStack is pinned to one version. Every patch checks that what it replaces is still there with the same parameters,
and fails the start otherwise: behaviour that silently changed would make a rehearsal worth nothing.
"""

from __future__ import annotations

import importlib
import inspect
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from appdp.errors import LocalError
from appdp.local import ministack_ecr
from appdp.local.wire import ServiceError

PINNED: Final = "1.5.33"

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


def _ecr_operation(operation: Callable[[Any, Mapping[str, Any], Callable[..., Any]], Any]) -> Callable[[Any], Any]:
    """Makes an operation of :mod:`ministack_ecr` out of MiniStack's: both take the request and give an HTTP answer."""

    def make(original: Callable[..., Any]) -> Callable[[Mapping[str, Any]], Any]:
        def patched(data: Mapping[str, Any]) -> Any:  # noqa: ANN401 - MiniStack has no types
            ecr = importlib.import_module("ministack.services.ecr")
            responses = importlib.import_module("ministack.core.responses")
            # The registry of another account is named in the request; MiniStack looks into the caller's own.
            with responses.request_scope(data.get("registryId") or ecr.get_account_id(), ecr.get_region()):
                try:
                    answer = operation(ecr, data, original)
                except ServiceError as error:
                    return ecr.error_response_json(error.code, error.message, error.status)
                return ecr.json_response(answer) if isinstance(answer, dict) else answer

        return patched

    return make


def _ecr_shape(original: Callable[..., Any]) -> Callable[..., Any]:
    return lambda repository: ministack_ecr.repository_shape(None, repository, original)


def _ecr_push(original: Callable[..., Any]) -> Callable[..., Any]:
    def patched(name: str, reference: str, headers: Mapping[str, str], body: bytes) -> Any:  # noqa: ANN401 - MiniStack has no types
        ecr = importlib.import_module("ministack.services.ecr")
        return ministack_ecr.check_pushed_tag(ecr, name, reference, body) or original(name, reference, headers, body)

    return patched


def _ecr_template(original: Callable[..., None]) -> Callable[..., None]:
    def patched(name: str, properties: Mapping[str, Any]) -> None:
        original(name, properties)
        ministack_ecr.keep_template_filters(importlib.import_module("ministack.services.ecr"), name, properties)

    return patched


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

_MUTABILITY = (
    "MiniStack knows no filters of tags that may move: "
    "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html"
)
_ECR_API = "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_"
_ECR_OPERATIONS: Final = (
    ("_create_repository", ministack_ecr.create_repository, _MUTABILITY),
    ("_put_image_tag_mutability", ministack_ecr.put_image_tag_mutability, _MUTABILITY),
    (
        "_put_image",
        ministack_ecr.put_image,
        f"MiniStack moves any tag, accepts an image twice, serves no put index by digest: {_ECR_API}PutImage.html",
    ),
    (
        "_batch_get_image",
        ministack_ecr.batch_get_image,
        f"MiniStack answers with whichever tag came last: {_ECR_API}BatchGetImage.html",
    ),
    (
        "_batch_delete_image",
        ministack_ecr.batch_delete_image,
        f"MiniStack deletes the image with all its tags: {_ECR_API}BatchDeleteImage.html",
    ),
    (
        "_list_images",
        ministack_ecr.list_images,
        f"MiniStack lists one tag per image and has no pages: {_ECR_API}ListImages.html",
    ),
    (
        "_describe_images",
        ministack_ecr.describe_images,
        f"MiniStack has no pages and no ImageNotFoundException: {_ECR_API}DescribeImages.html",
    ),
    (
        "_get_download_url_for_layer",
        ministack_ecr.get_download_url_for_layer,
        f"MiniStack gives addresses at Amazon's host, of any layer: {_ECR_API}GetDownloadUrlForLayer.html",
    ),
    (
        "_get_authorization_token",
        ministack_ecr.get_authorization_token,
        f"MiniStack names Amazon's host as the registry: {_ECR_API}GetAuthorizationToken.html",
    ),
)

PATCHES: Final = (
    *(
        Patch(module="services.ecr", name=name, expects=("data",), make=_ecr_operation(operation), why=why)
        for name, operation, why in _ECR_OPERATIONS
    ),
    Patch(module="services.ecr", name="_repo_shape", expects=("repo",), make=_ecr_shape, why=_MUTABILITY),
    Patch(
        module="services.ecr",
        name="_v2_put_manifest",
        expects=("name", "ref", "headers", "body"),
        make=_ecr_push,
        why=_MUTABILITY,
    ),
    Patch(
        module="services.cloudformation.provisioners",
        name="_ecr_repo_apply_policies",
        expects=("name", "props"),
        make=_ecr_template,
        why=_MUTABILITY,
    ),
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
