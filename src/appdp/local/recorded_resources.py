"""CloudFormation types that are accepted and recorded, and do nothing.

So that a template with, say, a budget beside its services deploys unmodified. What is recorded only is listed at
``/_appdp/unsimulated``: a rehearsal says so instead of pretending.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from appdp.local.wire import ResourceHandler, ResourceRequest, ResourceResult

_ARN: Final = ("Arn",)

RECORDED_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::Budgets::Budget": (),
    "AWS::Chatbot::SlackChannelConfiguration": _ARN,
    "AWS::CloudWatch::AnomalyDetector": ("Id",),
    "AWS::CloudWatch::CompositeAlarm": _ARN,
    "AWS::CodeBuild::ReportGroup": _ARN,
    "AWS::CodeBuild::SourceCredential": (),
    "AWS::CodeConnections::Connection": ("ConnectionArn", "ConnectionStatus", "OwnerAccountId"),
    "AWS::CodeStarConnections::Connection": ("ConnectionArn", "ConnectionStatus", "OwnerAccountId"),
    "AWS::CodeStarNotifications::NotificationRule": _ARN,
    "AWS::ECR::PullThroughCacheRule": (),
    "AWS::ECR::RegistryPolicy": ("RegistryId",),
    "AWS::ECR::ReplicationConfiguration": ("RegistryId",),
    "AWS::ECR::RepositoryCreationTemplate": ("CreatedAt",),
    "AWS::Events::EventBusPolicy": (),
    "AWS::IAM::OIDCProvider": _ARN,
    "AWS::IAM::ServiceLinkedRole": ("RoleName",),
    "AWS::Logs::QueryDefinition": ("QueryDefinitionId",),
    "AWS::WAFv2::WebACLAssociation": (),
}
"""Type → the attributes that ``Fn::GetAtt`` gives.

See: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

_NAME_PROPERTIES: Final = ("Name", "ApplicationName", "AlarmName", "ConfigurationName", "ConnectionName")


class RecordedResources:
    """What was accepted without being simulated."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], str] = {}

    def handlers(self) -> dict[str, ResourceHandler]:
        """The handlers of all types here."""
        return {name: _Recorded(name, attributes, self._held) for name, attributes in RECORDED_TYPES.items()}

    def page(self) -> dict[str, list[str]]:
        """Type → the resources of that type that stacks hold, as ``stack/logical id``."""
        listed: dict[str, list[str]] = {}
        for (kind, _physical_id), name in self._held.items():
            listed.setdefault(kind, []).append(name)
        return listed


class _Recorded:
    def __init__(self, kind: str, attributes: tuple[str, ...], held: dict[tuple[str, str], str]) -> None:
        self._kind = kind
        self._attributes = attributes
        self._held = held

    async def create(self, request: ResourceRequest) -> ResourceResult:
        named = next((str(request.properties[name]) for name in _NAME_PROPERTIES if name in request.properties), "")
        physical_id = named or f"{request.stack}-{request.logical_id}-{uuid4().hex[:12]}"
        self._held[self._kind, physical_id] = f"{request.stack}/{request.logical_id}"
        return ResourceResult(physical_id=physical_id, attributes=self._values(request, physical_id))

    async def update(self, request: ResourceRequest) -> ResourceResult:
        return ResourceResult(physical_id=request.physical_id, attributes=self._values(request, request.physical_id))

    async def delete(self, request: ResourceRequest) -> None:
        self._held.pop((self._kind, request.physical_id), None)

    def _values(self, request: ResourceRequest, physical_id: str) -> dict[str, Any]:
        service = self._kind.split("::")[1].lower()
        arn = f"arn:aws:{service}:{request.caller.region}:{request.caller.account}:{physical_id}"
        return {name: arn if name.endswith("Arn") else physical_id for name in self._attributes}
