"""Deploys a cloud assembly's stacks to the embedded AWS as ``cdk deploy`` does: unmodified, through change sets."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from botocore.exceptions import ClientError

from appdp.errors import LocalError
from appdp.local import assembly
from appdp.local.assembly import AssemblyStack, FileAsset
from appdp.local.bootstrap import assets_bucket
from appdp.local.lifecycle import EmbeddedAws
from appdp.local.wire import Caller

TEMPLATE_LIMIT: Final = 51_200
"""The longest template, in bytes, that may travel in a request; a longer one goes through S3.

See: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

WAIT_SECONDS: Final = 1800.0
"""How long one stack may take."""

_CAPABILITIES: Final = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_NO_CHANGES: Final = ("didn't contain changes", "No updates are to be performed")
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackResult:
    """How a stack was deployed.

    Args:
        name: the stack.
        status: CloudFormation's status, such as ``CREATE_COMPLETE``.
        changed: logical ids of the resources that were created, updated or deleted; empty when there was nothing to do.
    """

    name: str
    status: str
    changed: tuple[str, ...]


def deploy(
    aws: EmbeddedAws,
    assembly_dir: Path | str,
    stack_names: Sequence[str] | None = None,
    *,
    tell: Callable[[str], None] = lambda _line: None,
) -> list[StackResult]:
    """Deploy stacks in the order of their dependencies, each in its account and region, and wait for each.

    Args:
        aws: where to.
        assembly_dir: the synthesised cloud assembly, such as ``cdk.out``.
        stack_names: stacks to deploy, with what they depend on. Default: all.
        tell: called with a line for each thing that begins.

    Raises:
        LocalError: a stack failed; the message names the resource that failed first and its reason.
        NotFound: there is no such stack.
    """
    stacks = assembly.select(assembly.read(Path(assembly_dir)), stack_names)
    return [_StackDeployment(aws, stack, tell).run() for stack in stacks]


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What a stack had before it was updated."""

    events: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()


class _StackDeployment:
    def __init__(self, aws: EmbeddedAws, stack: AssemblyStack, tell: Callable[[str], None]) -> None:
        place = Caller(account=stack.account or aws.endpoint.account, region=stack.region or aws.endpoint.region)
        aws.bootstrap(account=place.account, region=place.region)
        self._cloudformation = aws.client("cloudformation", account=place.account, region=place.region)
        self._s3 = aws.client("s3", account=place.account, region=place.region)
        self._url = aws.endpoint.url
        self._place = place
        self._stack = stack
        self._tell = tell

    def run(self) -> StackResult:
        for asset in self._stack.assets:
            self._upload(asset)
        before = self._describe()
        if before and before["StackStatus"] == "ROLLBACK_COMPLETE":  # a failed creation can only be deleted
            self._cloudformation.delete_stack(StackName=self._stack.name)
            self._wait()
            before = None
        exists = before is not None and before["StackStatus"] != "REVIEW_IN_PROGRESS"
        snapshot = self._snapshot() if exists else _Snapshot()
        change_set = self._create_change_set(before if exists else None)
        if change_set is None:
            return StackResult(name=self._stack.name, status=self._status(), changed=())
        self._tell(f"{self._stack.name}: {'updating' if exists else 'creating'} {len(change_set['Changes'])} resources")
        self._cloudformation.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
        self._wait()
        return self._result(snapshot)

    def _create_change_set(self, before: dict[str, Any] | None) -> dict[str, Any] | None:
        """None when the stack is as the template says."""
        try:
            created = self._cloudformation.create_change_set(
                StackName=self._stack.name,
                ChangeSetName=f"appdp-{uuid4().hex[:12]}",
                ChangeSetType="UPDATE" if before else "CREATE",
                Capabilities=_CAPABILITIES,
                Parameters=self._previous_parameters(before or {}),
                Tags=[{"Key": key, "Value": value} for key, value in self._stack.tags.items()],
                **self._template(),
            )
        except ClientError as error:
            reason = error.response["Error"]["Message"]
            raise LocalError(f"Stack {self._stack.name} cannot be deployed: {reason}") from error
        described: dict[str, Any] = self._cloudformation.describe_change_set(ChangeSetName=created["Id"])
        while described["Status"] in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
            time.sleep(0.1)
            described = self._cloudformation.describe_change_set(ChangeSetName=created["Id"])
        if described["Status"] != "FAILED":
            return described
        reason = described.get("StatusReason", "")
        self._cloudformation.delete_change_set(ChangeSetName=created["Id"])
        if any(text in reason for text in _NO_CHANGES):
            return None
        raise LocalError(f"Stack {self._stack.name} cannot be deployed: {reason}")

    def _previous_parameters(self, before: dict[str, Any]) -> list[dict[str, Any]]:
        """As cdk deploy does. Of a Systems Manager parameter the name is kept; its value is read again."""
        declared = json.loads(self._stack.template).get("Parameters", {})
        names = [parameter["ParameterKey"] for parameter in before.get("Parameters", [])]
        return [{"ParameterKey": name, "UsePreviousValue": True} for name in names if name in declared]

    def _template(self) -> dict[str, str]:
        body = self._stack.template
        if len(body.encode()) <= TEMPLATE_LIMIT:
            return {"TemplateBody": body}
        bucket, key = assets_bucket(self._place), f"templates/{self._stack.name}.json"
        self._s3.put_object(Bucket=bucket, Key=key, Body=body.encode())
        return {"TemplateURL": f"{self._url}/{bucket}/{key}"}

    def _upload(self, asset: FileAsset) -> None:
        bucket = _resolved(asset.bucket, self._place.account, self._place.region)
        content = _zip(asset.source) if asset.zipped else asset.source.read_bytes()
        self._s3.put_object(Bucket=bucket, Key=asset.key, Body=content)

    def _wait(self) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        pause = 0.05
        while self._status().endswith("_IN_PROGRESS"):
            if time.monotonic() > deadline:
                raise LocalError(f"Stack {self._stack.name} was still {self._status()} after {WAIT_SECONDS:.0f} s.")
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)

    def _result(self, before: _Snapshot) -> StackResult:
        status = self._status()
        events = [event for event in self._events() if event["EventId"] not in before.events]
        if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            raise LocalError(f"Stack {self._stack.name} ended as {status}: {_first_failure(events)}")
        touched = {
            event["LogicalResourceId"]: None for event in events if event["LogicalResourceId"] != self._stack.name
        }
        removed = dict.fromkeys(sorted(before.resources - self._resource_ids()))
        return StackResult(name=self._stack.name, status=status, changed=tuple({**touched, **removed}))

    def _status(self) -> str:
        stack = self._describe()
        return str(stack["StackStatus"]) if stack else "DELETE_COMPLETE"

    def _describe(self) -> dict[str, Any] | None:
        try:
            stack: dict[str, Any] = self._cloudformation.describe_stacks(StackName=self._stack.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack

    def _events(self) -> list[dict[str, Any]]:
        """Oldest first."""
        pages = self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=self._stack.name)
        return [event for page in pages for event in page["StackEvents"]][::-1]

    def _snapshot(self) -> _Snapshot:
        return _Snapshot(events=frozenset(event["EventId"] for event in self._events()), resources=self._resource_ids())

    def _resource_ids(self) -> frozenset[str]:
        pages = self._cloudformation.get_paginator("list_stack_resources").paginate(StackName=self._stack.name)
        return frozenset(found["LogicalResourceId"] for page in pages for found in page["StackResourceSummaries"])


def _first_failure(events: Sequence[dict[str, Any]]) -> str:
    for event in events:
        if event["ResourceStatus"].endswith("_FAILED") and event["ResourceType"] != "AWS::CloudFormation::Stack":
            reason = event.get("ResourceStatusReason", "no reason was given")
            return f"{event['LogicalResourceId']} ({event['ResourceType']}) failed: {reason}"
    reasons = [event["ResourceStatusReason"] for event in events if event.get("ResourceStatusReason")]
    return reasons[0] if reasons else "no reason was given."


def _resolved(text: str, account: str, region: str) -> str:
    """An asset's destination of a stack without a fixed environment has these three in its name."""
    pseudo = {"${AWS::AccountId}": account, "${AWS::Region}": region, "${AWS::Partition}": "aws"}
    for name, value in pseudo.items():
        text = text.replace(name, value)
    return text


def _zip(directory: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _files(directory):
            entry = zipfile.ZipInfo(path.relative_to(directory).as_posix(), date_time=_ZIP_TIME)
            entry.external_attr = (path.stat().st_mode & 0xFFFF) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return content.getvalue()


def _files(directory: Path) -> Iterator[Path]:
    return (path for path in sorted(directory.rglob("*")) if path.is_file())
