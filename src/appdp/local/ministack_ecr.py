"""Amazon ECR's operations where MiniStack answers otherwise than AWS, over MiniStack's own stores.

Each function takes MiniStack's module, the request, and the function that it takes the place of. The table that puts
them there is in :mod:`appdp.local.ministack_patches`.

See: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from appdp.local.registry_requests import SIGNED_DOWNLOAD
from appdp.local.roles import calling_role, registry_token
from appdp.local.wire import ServiceError

Ecr = Any  # MiniStack's module; it has no types
Data = Mapping[str, Any]
Original = Callable[..., Any]

PAGE: Final = 100
"""The most that one page lists unless the caller asks for another number."""

_FILTERS: Final = "imageTagMutabilityExclusionFilters"


def create_repository(ecr: Ecr, data: Data, original: Original) -> Any:  # noqa: ANN401 - MiniStack's answers
    """Keeps the filters of tags that may move in an immutable repository."""
    answer = original(data)
    repository = ecr._repositories.get(data.get("repositoryName", ""))
    if answer[0] != 200 or repository is None:
        return answer
    repository[_FILTERS] = data.get(_FILTERS, [])
    return {"repository": ecr._repo_shape(repository)}


def put_image_tag_mutability(ecr: Ecr, data: Data, original: Original) -> Any:  # noqa: ANN401 - MiniStack's answers
    """As above."""
    answer = original(data)
    if answer[0] != 200:
        return answer
    filters = data.get(_FILTERS, [])
    ecr._repositories[data["repositoryName"]][_FILTERS] = filters
    return {**json.loads(answer[2]), _FILTERS: filters}


def repository_shape(_ecr: Ecr, repository: Data, original: Original) -> dict[str, Any]:
    """Shows the filters."""
    return {**original(repository), **({_FILTERS: repository[_FILTERS]} if repository.get(_FILTERS) else {})}


def keep_template_filters(ecr: Ecr, name: str, properties: Data) -> None:
    """What a template's ``AWS::ECR::Repository`` says about tags that may move."""
    prefix = "ImageTagMutabilityExclusionFilter"
    ecr._repositories[name][_FILTERS] = [
        {"filterType": found[f"{prefix}Type"], "filter": found[f"{prefix}Value"]}
        for found in properties.get(f"{prefix}s") or []
    ]


def put_image(ecr: Ecr, data: Data, original: Original) -> Any:  # noqa: ANN401 - MiniStack's answers
    """Refuses what AWS refuses, and makes the manifest one that the registry can serve by digest."""
    name, tag, manifest = data.get("repositoryName", ""), data.get("imageTag"), str(data.get("imageManifest", ""))
    _existing(ecr, name)
    digest = ecr._image_digest(manifest)
    if data.get("imageDigest", digest) != digest:
        message = f"The image digest '{data['imageDigest']}' does not match the manifest's, which is '{digest}'."
        raise ServiceError("ImageDigestDoesNotMatchException", message)
    present = ecr._find_image(name, {"imageDigest": digest})
    if present and (tag is None or tag in present["imageTags"]):
        message = f"Image with digest '{digest}' and tag '{tag}' already exists in the repository with name '{name}'"
        raise ServiceError("ImageAlreadyExistsException", message)
    if tag:
        _check_tag(ecr, name, tag, digest)
    ecr._manifest_blobs.setdefault(name, {})[digest] = manifest.encode()
    answer = original(data)
    image = json.loads(answer[2])["image"]
    return {"image": {**image, "imageId": _image_id(digest, tag)}}


def check_pushed_tag(ecr: Ecr, name: str, reference: str, body: bytes) -> Any:  # noqa: ANN401 - MiniStack's answers
    """An answer that refuses a docker push, or None."""
    if reference.startswith("sha256:") or name not in ecr._repositories:
        return None
    try:
        _check_tag(ecr, name, reference, ecr._content_digest(body))
    except ServiceError as error:
        return ecr._registry_error(400, "TAG_INVALID", error.message, {"tag": reference})
    return None


def batch_get_image(ecr: Ecr, data: Data, original: Original) -> Any:  # noqa: ANN401 - MiniStack's answers
    """Answers with the tag that was asked for, not with the one that was pushed last."""
    status, headers, body = original(data)
    if status != 200:
        return status, headers, body
    answer = json.loads(body)
    found = [
        identifier for identifier in data.get("imageIds", []) if ecr._find_image(data["repositoryName"], identifier)
    ]
    for image, asked in zip(answer["images"], found, strict=True):
        image["imageId"] = _image_id(image["imageId"]["imageDigest"], asked.get("imageTag"))
    return answer


def batch_delete_image(ecr: Ecr, data: Data, _original: Original) -> dict[str, Any]:
    """Deletes a tag; the image goes with its last tag, or when it is named by its digest."""
    name = data.get("repositoryName", "")
    _existing(ecr, name)
    deleted: list[Data] = []
    failures: list[Data] = []
    for asked in data.get("imageIds", []):
        failure = _delete(ecr, name, asked)
        if failure:
            code, reason = failure
            failures.append({"imageId": asked, "failureCode": code, "failureReason": reason})
        else:
            deleted.append(asked)
    return {"imageIds": deleted, "failures": failures}


def list_images(ecr: Ecr, data: Data, _original: Original) -> dict[str, Any]:
    """One entry per tag, in pages."""
    images = _of_status(_existing(ecr, data.get("repositoryName", "")), data)
    ids = [_image_id(image["imageDigest"], tag) for image in images for tag in image["imageTags"] or [None]]
    return _page("imageIds", ids, data)


def describe_images(ecr: Ecr, data: Data, _original: Original) -> dict[str, Any]:
    """In pages; an image that does not exist is an error; sizes are those of the layers."""
    name = data.get("repositoryName", "")
    images = _existing(ecr, name)
    if data.get("imageIds"):
        images = [_found(ecr, name, asked) for asked in data["imageIds"]]
    return _page("imageDetails", [_detail(image) for image in _of_status(images, data)], data)


def get_download_url_for_layer(ecr: Ecr, data: Data, _original: Original) -> dict[str, Any]:
    """An address of this endpoint, for a layer that there is."""
    name, digest = data.get("repositoryName", ""), data.get("layerDigest", "")
    _existing(ecr, name)
    if digest not in ecr._layer_blobs.get(name, {}):
        message = f"The layer with digest '{digest}' does not exist in the repository with name '{name}'."
        raise ServiceError("LayersNotFoundException", message)
    here = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"
    return {"downloadUrl": f"{here}/v2/{name}/blobs/{digest}?{SIGNED_DOWNLOAD}", "layerDigest": digest}


def get_authorization_token(_ecr: Ecr, data: Data, original: Original) -> dict[str, Any]:
    """Gives a token that says who asked for it, and this endpoint as the registry to use it with."""
    given = json.loads(original(data)[2])["authorizationData"]
    ours = {
        "authorizationToken": registry_token(calling_role.get()),
        "proxyEndpoint": f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
    }
    return {"authorizationData": [{**entry, **ours} for entry in given]}


def _existing(ecr: Ecr, name: str) -> list[dict[str, Any]]:
    """The images of a repository that exists."""
    if name not in ecr._repositories:
        raise ServiceError("RepositoryNotFoundException", f"The repository with name '{name}' does not exist")
    return list(ecr._images.get(name, []))


def _found(ecr: Ecr, name: str, asked: Data) -> dict[str, Any]:
    image = ecr._find_image(name, asked)
    if image is None:
        shown = ", ".join(f"{key}:'{asked.get(key, 'null')}'" for key in ("imageDigest", "imageTag"))
        message = f"The image with imageId {{{shown}}} does not exist within the repository with name '{name}'"
        raise ServiceError("ImageNotFoundException", message)
    return dict(image)


def _check_tag(ecr: Ecr, name: str, tag: str, digest: str) -> None:
    """See: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html"""
    repository = ecr._repositories[name]
    setting = repository.get("imageTagMutability", "MUTABLE")
    excluded = any(fnmatchcase(tag, found["filter"]) for found in repository.get(_FILTERS) or [])
    immutable = setting == "IMMUTABLE" or setting == ("MUTABLE" if excluded else "IMMUTABLE") + "_WITH_EXCLUSION"
    holder = ecr._find_image(name, {"imageTag": tag})
    if immutable and holder and holder["imageDigest"] != digest:
        message = (
            f"The image tag '{tag}' already exists in the '{name}' repository "
            "and cannot be overwritten because the tag is immutable."
        )
        raise ServiceError("ImageTagAlreadyExistsException", message)


def _delete(ecr: Ecr, name: str, asked: Data) -> tuple[str, str] | None:
    """Delete a tag or an image; returns why not, if it cannot be."""
    image = ecr._find_image(name, asked)
    if image is None:
        return "ImageNotFound", "Requested image not found"
    tag, digest = asked.get("imageTag"), image["imageDigest"]
    if tag and len(image["imageTags"]) > 1:
        image["imageTags"].remove(tag)
        return None
    holder = next((other["imageDigest"] for other in ecr._images[name] if digest in _children(other)), None)
    if holder:
        return "ImageReferencedByManifestList", f"Requested image referenced by manifest list: [{holder}]"
    ecr._images[name].remove(image)
    ecr._manifest_blobs.get(name, {}).pop(digest, None)
    return None


def _children(image: Data) -> Iterable[str]:
    return [child["digest"] for child in json.loads(image["imageManifest"]).get("manifests") or []]


def _detail(image: Data) -> dict[str, Any]:
    manifest = json.loads(image["imageManifest"])
    blobs = [*manifest.get("layers", []), manifest.get("config", {})]
    kind = image["imageManifestMediaType"]
    return {
        "registryId": image["registryId"],
        "repositoryName": image["repositoryName"],
        "imageDigest": image["imageDigest"],
        **({"imageTags": image["imageTags"]} if image["imageTags"] else {}),
        "imageSizeInBytes": sum(blob.get("size", 0) for blob in blobs),
        "imagePushedAt": image["imagePushedAt"],
        "imageManifestMediaType": kind,
        "artifactMediaType": manifest.get("artifactType") or manifest.get("config", {}).get("mediaType", kind),
    }


def _image_id(digest: str, tag: str | None) -> dict[str, str]:
    return {"imageDigest": digest, **({"imageTag": tag} if tag else {})}


def _of_status(images: list[dict[str, Any]], data: Data) -> list[dict[str, Any]]:
    status = (data.get("filter") or {}).get("tagStatus", "ANY")
    return [image for image in images if status == "ANY" or bool(image["imageTags"]) is (status == "TAGGED")]


def _page(member: str, items: list[Any], data: Data) -> dict[str, Any]:
    start = int(data.get("nextToken") or 0)
    end = start + int(data.get("maxResults") or PAGE)
    return {member: items[start:end], **({"nextToken": str(end)} if end < len(items) else {})}
