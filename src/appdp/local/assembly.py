"""Reads a cloud assembly: what ``cdk synth`` wrote, in the order in which it is to be deployed.

See: https://docs.aws.amazon.com/cdk/v2/guide/deploy.html#deploy-how-synth-assemblies
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appdp.errors import LocalError, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAsset:
    """A file that a stack wants in an S3 bucket. ``zipped``: the source is a directory, to be put in an archive."""

    source: Path
    zipped: bool
    bucket: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssemblyStack:
    """One stack of an assembly.

    Args:
        name: its name in CloudFormation.
        account: its account; empty for the one in which it happens to be deployed.
        region: its region; empty as above.
        id: its artifact's id.
        template: the template, unmodified.
        tags: stack tags.
        assets: what must be uploaded first.
        dependencies: ids of the stacks that come before it.
    """

    name: str
    account: str
    region: str
    id: str
    template: str
    tags: dict[str, str]
    assets: tuple[FileAsset, ...]
    dependencies: tuple[str, ...]


def read(directory: Path) -> tuple[AssemblyStack, ...]:
    """All stacks of an assembly and of the assemblies nested in it (stages), dependencies first.

    Raises:
        LocalError: there is no assembly, or a stack needs a container image asset.
    """
    stacks = {stack.id: stack for stack in _stacks(directory)}
    ordered: dict[str, AssemblyStack] = {}

    def add(stack: AssemblyStack) -> None:
        for dependency in stack.dependencies:
            if dependency in stacks and dependency not in ordered:
                add(stacks[dependency])
        ordered[stack.id] = stack

    for stack in stacks.values():
        add(stack)
    return tuple(ordered.values())


def select(stacks: Sequence[AssemblyStack], names: Sequence[str] | None) -> tuple[AssemblyStack, ...]:
    """The stacks with these names or artifact ids and what they depend on; all of them when ``names`` is None.

    Raises:
        NotFound: a name that no stack has.
    """
    if names is None:
        return tuple(stacks)
    wanted: set[str] = set()
    by_id = {stack.id: stack for stack in stacks}

    def want(stack: AssemblyStack) -> None:
        wanted.add(stack.id)
        for dependency in stack.dependencies:
            if dependency in by_id and dependency not in wanted:
                want(by_id[dependency])

    for name in names:
        found = [stack for stack in stacks if name in (stack.name, stack.id)]
        if not found:
            raise NotFound("stack", name, tuple(stack.name for stack in stacks))
        want(found[0])
    return tuple(stack for stack in stacks if stack.id in wanted)


def _stacks(directory: Path) -> Iterator[AssemblyStack]:
    artifacts = _manifest(directory).get("artifacts", {})
    for artifact_id, artifact in artifacts.items():
        if artifact["type"] == "cdk:cloud-assembly":
            yield from _stacks(directory / artifact["properties"]["directoryName"])
        elif artifact["type"] == "aws:cloudformation:stack":
            yield _stack(directory, artifact_id, artifact, artifacts)


def _manifest(directory: Path) -> dict[str, Any]:
    path = directory / "manifest.json"
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError) as error:
        raise LocalError(
            f"{directory} is not a cloud assembly: {error}", hint="Synthesise it first, for example with 'cdk synth'."
        ) from error


def _stack(directory: Path, artifact_id: str, artifact: dict[str, Any], artifacts: dict[str, Any]) -> AssemblyStack:
    properties = artifact["properties"]
    dependencies = artifact.get("dependencies", [])
    assets: list[FileAsset] = []
    for dependency in dependencies:
        if artifacts.get(dependency, {}).get("type") == "cdk:asset-manifest":
            assets += _assets(directory, artifacts[dependency]["properties"]["file"])
    account, region = _environment(artifact.get("environment", ""))
    return AssemblyStack(
        name=properties.get("stackName", artifact_id),
        account=account,
        region=region,
        id=artifact_id,
        template=(directory / properties["templateFile"]).read_text(),
        tags=dict(properties.get("tags", {})),
        assets=tuple(assets),
        dependencies=tuple(dependencies),
    )


def _environment(text: str) -> tuple[str, str]:
    """Account and region of ``aws://account/region``; empty where the CDK writes ``unknown-account`` or so."""
    account, _, region = text.removeprefix("aws://").partition("/")
    return ("" if account.startswith("unknown-") else account, "" if region.startswith("unknown-") else region)


def _assets(directory: Path, manifest: str) -> Iterator[FileAsset]:
    content = json.loads((directory / manifest).read_text())
    if content.get("dockerImages"):
        raise LocalError(
            f"{manifest} asks for container image assets, which the embedded AWS does not build: "
            f"{sorted(content['dockerImages'])}.",
            hint="Build and push the images yourself, and refer to their repository in the template.",
        )
    for file in content.get("files", {}).values():
        for destination in file["destinations"].values():
            yield FileAsset(
                source=directory / file["source"]["path"],
                zipped=file["source"]["packaging"] == "zip",
                bucket=destination["bucketName"],
                key=destination["objectKey"],
            )
