"""Where :mod:`.ministack_ecr` takes the place of MiniStack's own ECR. :mod:`.ministack_patches` applies it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from appdp.local import ministack_ecr
from appdp.local.ministack_patch import Patch
from appdp.local.wire import ServiceError


def _operation(operation: Callable[[Any, Mapping[str, Any], Callable[..., Any]], Any]) -> Callable[[Any], Any]:
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


def _shape(original: Callable[..., Any]) -> Callable[..., Any]:
    return lambda repository: ministack_ecr.repository_shape(None, repository, original)


def _push(original: Callable[..., Any]) -> Callable[..., Any]:
    def patched(name: str, reference: str, headers: Mapping[str, str], body: bytes) -> Any:  # noqa: ANN401 - MiniStack has no types
        ecr = importlib.import_module("ministack.services.ecr")
        return ministack_ecr.check_pushed_tag(ecr, name, reference, body) or original(name, reference, headers, body)

    return patched


def _template(original: Callable[..., None]) -> Callable[..., None]:
    def patched(name: str, properties: Mapping[str, Any]) -> None:
        original(name, properties)
        ministack_ecr.keep_template_filters(importlib.import_module("ministack.services.ecr"), name, properties)

    return patched


_MUTABILITY = (
    "MiniStack knows no filters of tags that may move: "
    "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html"
)
_API = "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_"
_OPERATIONS: Final = (
    ("_create_repository", ministack_ecr.create_repository, _MUTABILITY),
    ("_put_image_tag_mutability", ministack_ecr.put_image_tag_mutability, _MUTABILITY),
    (
        "_put_image",
        ministack_ecr.put_image,
        f"MiniStack moves any tag, accepts an image twice, serves no put index by digest: {_API}PutImage.html",
    ),
    (
        "_batch_get_image",
        ministack_ecr.batch_get_image,
        f"MiniStack answers with whichever tag came last: {_API}BatchGetImage.html",
    ),
    (
        "_batch_delete_image",
        ministack_ecr.batch_delete_image,
        f"MiniStack deletes the image with all its tags: {_API}BatchDeleteImage.html",
    ),
    (
        "_list_images",
        ministack_ecr.list_images,
        f"MiniStack lists one tag per image and has no pages: {_API}ListImages.html",
    ),
    (
        "_describe_images",
        ministack_ecr.describe_images,
        f"MiniStack has no pages and no ImageNotFoundException: {_API}DescribeImages.html",
    ),
    (
        "_get_download_url_for_layer",
        ministack_ecr.get_download_url_for_layer,
        f"MiniStack gives addresses at Amazon's host, of any layer: {_API}GetDownloadUrlForLayer.html",
    ),
    (
        "_get_authorization_token",
        ministack_ecr.get_authorization_token,
        f"MiniStack names Amazon's host as the registry: {_API}GetAuthorizationToken.html",
    ),
)

PATCHES: Final = (
    *(
        Patch(module="services.ecr", name=name, expects=("data",), make=_operation(operation), why=why)
        for name, operation, why in _OPERATIONS
    ),
    Patch(module="services.ecr", name="_repo_shape", expects=("repo",), make=_shape, why=_MUTABILITY),
    Patch(
        module="services.ecr",
        name="_v2_put_manifest",
        expects=("name", "ref", "headers", "body"),
        make=_push,
        why=_MUTABILITY,
    ),
    Patch(
        module="services.cloudformation.provisioners",
        name="_ecr_repo_apply_policies",
        expects=("name", "props"),
        make=_template,
        why=_MUTABILITY,
    ),
)
