"""``AWS::Scheduler::Schedule`` in the embedded CloudFormation: every property goes to the API, and an update sends all.

UpdateSchedule replaces a schedule whole, so an update of the stack also puts back what was changed by hand.

See: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-scheduler-schedule.html and
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from appdp.local.casing import api_parameters
from appdp.local.ecs import names
from appdp.local.wire import Clients, ResourceRequest, ResourceResult, ServiceError

NAME_LENGTH: Final = 64
"""See: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html, ``Name``."""


class ScheduleHandler:
    """Creates, updates and deletes schedules."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def create(self, request: ResourceRequest) -> ResourceResult:
        """Create it."""
        name = str(
            request.properties.get("Name")
            or names.generated(request.stack, request.logical_id)[-NAME_LENGTH:].lstrip("-")
        )
        return await self._write("create_schedule", name, request)

    async def update(self, request: ResourceRequest) -> ResourceResult:
        """Replace it whole; another name is another schedule."""
        if request.properties.get("Name", request.physical_id) != request.physical_id:
            return await self.create(request)
        return await self._write("update_schedule", request.physical_id, request)

    async def delete(self, request: ResourceRequest) -> None:
        """Delete it; one that is gone already is not an error."""
        group = str(request.properties.get("GroupName", "default"))
        try:
            await self._call("delete_schedule", request, {"Name": request.physical_id, "GroupName": group})
        except ServiceError as error:
            if error.code != "ResourceNotFoundException":
                raise

    async def _write(self, operation: str, name: str, request: ResourceRequest) -> ResourceResult:
        told = api_parameters("CreateSchedule", {**request.properties, "Name": name}, service="scheduler")
        answer = await self._call(operation, request, told)
        return ResourceResult(physical_id=name, attributes={"Arn": answer["ScheduleArn"]})

    async def _call(self, operation: str, request: ResourceRequest, parameters: Mapping[str, Any]) -> dict[str, Any]:
        def blocking() -> dict[str, Any]:
            client = self._clients.client("scheduler", request.caller)
            return dict(getattr(client, operation)(**parameters))

        try:
            return await asyncio.to_thread(blocking)
        except ClientError as error:
            told = error.response["Error"]
            raise ServiceError(str(told["Code"]), str(told.get("Message", ""))) from error
