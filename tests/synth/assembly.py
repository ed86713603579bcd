"""Reading what was synthesised."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Resources = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """A cloud assembly on disk; what cdk-nag and the CDK found that nobody explained; all that went to stderr."""

    folder: Path
    findings: list[str]
    warnings: list[str]
    said: str

    @property
    def templates(self) -> dict[str, Path]:
        """Stack name → template."""
        return {path.name.removesuffix(".template.json"): path for path in sorted(self.folder.glob("*.template.json"))}

    def template(self, stack: str) -> dict[str, Any]:
        """One stack's template."""
        loaded: dict[str, Any] = json.loads(self.templates[stack].read_text())
        return loaded


def resources_of(template: Mapping[str, Any], kind: str) -> Resources:
    """The resources of one type: logical id → resource."""
    return {name: item for name, item in template["Resources"].items() if item["Type"] == kind}


def only(template: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The properties of the only resource of a type."""
    found = resources_of(template, kind)
    assert len(found) == 1, f"{len(found)} resources of type {kind}: {sorted(found)}"
    properties: dict[str, Any] = next(iter(found.values()))["Properties"]
    return properties


def text_of(value: Any) -> str:  # noqa: ANN401 - a template's value is any JSON
    """A template's value as a deployment would see it, with names in place of what only CloudFormation knows."""
    match value:
        case str():
            return value
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(text_of(part) for part in parts)
        case {"Ref": "AWS::Region"}:
            return "eu-west-1"
        case {"Ref": "AWS::AccountId"}:
            return "111122223333"
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case {"Ref": "AWS::URLSuffix"}:
            return "amazonaws.com"
        case {"Ref": name}:
            return f"ref-{name}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"{name}.{attribute}"
        case {"Fn::ImportValue": name}:
            return f"import-{name}"
    raise AssertionError(f"not a text: {value}")


def statements(template: Mapping[str, Any], role: str) -> list[dict[str, Any]]:
    """All policy statements of the roles whose logical id contains ``role``."""
    found: list[dict[str, Any]] = []
    for name, item in resources_of(template, "AWS::IAM::Role").items():
        if role in name:
            for policy in item["Properties"].get("Policies", []):
                found.extend(policy["PolicyDocument"]["Statement"])
    for item in resources_of(template, "AWS::IAM::Policy").values():
        if any(role in json.dumps(attached) for attached in item["Properties"].get("Roles", [])):
            found.extend(item["Properties"]["PolicyDocument"]["Statement"])
    return found


def actions(found: list[dict[str, Any]]) -> set[str]:
    """The actions of policy statements."""
    return {name for item in found for name in _listed(item["Action"])}


def resources(found: list[dict[str, Any]], action: str) -> set[str]:
    """The resources on which an action is allowed."""
    return {text_of(name) for item in found if action in _listed(item["Action"]) for name in _listed(item["Resource"])}


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - a template's value is any JSON
    return value if isinstance(value, list) else [value]
