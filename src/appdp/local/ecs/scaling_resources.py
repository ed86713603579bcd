"""Application Auto Scaling's resource types in CloudFormation. Both are remembered only: nothing scales here.

See: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApplicationAutoScaling.html
"""

from __future__ import annotations

import secrets

from appdp.local.ecs import names
from appdp.local.wire import ResourceRequest, ResourceResult


class ScalableTargetHandler:
    """``AWS::ApplicationAutoScaling::ScalableTarget``: remembered, nothing scales."""

    async def create(self, request: ResourceRequest) -> ResourceResult:
        """Remember it."""
        properties = request.properties
        parts = (properties.get("ResourceId"), properties.get("ScalableDimension"), properties.get("ServiceNamespace"))
        return ResourceResult(physical_id="|".join(map(str, parts)), attributes={"Id": secrets.token_hex(12)})

    async def update(self, request: ResourceRequest) -> ResourceResult:
        """Remember it anew."""
        return await self.create(request)

    async def delete(self, request: ResourceRequest) -> None:
        """Nothing to undo."""


class ScalingPolicyHandler:
    """``AWS::ApplicationAutoScaling::ScalingPolicy``: remembered, nothing scales."""

    async def create(self, request: ResourceRequest) -> ResourceResult:
        """Give it an ARN."""
        name = str(request.properties.get("PolicyName") or names.generated(request.stack, request.logical_id))
        caller = request.caller
        arn = (
            f"arn:aws:autoscaling:{caller.region}:{caller.account}:scalingPolicy:{secrets.token_hex(16)}:"
            f"resource/ecs/{request.properties.get('ScalingTargetId', '')}:policyName/{name}"
        )
        return ResourceResult(physical_id=arn, attributes={"Arn": arn})

    async def update(self, request: ResourceRequest) -> ResourceResult:
        """Keep its ARN."""
        return ResourceResult(physical_id=request.physical_id, attributes={"Arn": request.physical_id})

    async def delete(self, request: ResourceRequest) -> None:
        """Nothing to undo."""
