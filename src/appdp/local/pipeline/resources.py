"""``AWS::CodePipeline::Pipeline`` and ``AWS::CodeBuild::Project`` of the embedded CloudFormation.

Creating a pipeline starts nothing here: it runs when a push comes or when somebody starts it.

See: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codepipeline-pipeline.html and
aws-resource-codebuild-project.html
"""

from __future__ import annotations

from collections.abc import Mapping

from appdp.local.casing import api_parameters
from appdp.local.pipeline.store import Pipeline, Store, new_id
from appdp.local.wire import ResourceHandler, ResourceRequest, ResourceResult


def handlers(store: Store) -> Mapping[str, ResourceHandler]:
    """CloudFormation type → handler."""
    return {"AWS::CodePipeline::Pipeline": _Pipelines(store), "AWS::CodeBuild::Project": _Projects(store)}


def _name(request: ResourceRequest) -> str:
    return str(request.properties.get("Name") or request.physical_id or f"{request.logical_id}-{new_id()[:12]}")


class _Pipelines:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, request: ResourceRequest) -> ResourceResult:
        name = _name(request)
        properties = {**request.properties, "Name": name}
        if stores := properties.get("ArtifactStores"):
            # A list in a template, a map in the API.
            properties["ArtifactStores"] = {item["Region"]: item["ArtifactStore"] for item in stores}
        declared = api_parameters("CreatePipeline", {"Pipeline": properties}, service="codepipeline")["pipeline"]
        known = self._store.pipelines.get(name)
        version = known.version + 1 if known else 1
        self._store.pipelines[name] = Pipeline(declaration=declared, caller=request.caller, version=version)
        return ResourceResult(physical_id=name, attributes={"Version": str(version)})

    async def update(self, request: ResourceRequest) -> ResourceResult:
        return await self.create(request)

    async def delete(self, request: ResourceRequest) -> None:
        self._store.pipelines.pop(request.physical_id, None)


class _Projects:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, request: ResourceRequest) -> ResourceResult:
        name = _name(request)
        self._store.projects[name] = {**request.properties, "Name": name}
        caller = request.caller
        arn = f"arn:aws:codebuild:{caller.region}:{caller.account}:project/{name}"
        return ResourceResult(physical_id=name, attributes={"Arn": arn})

    async def update(self, request: ResourceRequest) -> ResourceResult:
        return await self.create(request)

    async def delete(self, request: ResourceRequest) -> None:
        self._store.projects.pop(request.physical_id, None)
