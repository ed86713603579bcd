"""CloudFormation as ``cdk deploy`` uses it, on templates as CDK writes them.

See: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appdp.errors import LocalError, NotFound
from appdp.local.lifecycle import EmbeddedAws
from appdp.local.stacks import StackResult, deploy

Template = dict[str, Any]

BOOTSTRAP: Template = {
    "Parameters": {
        "BootstrapVersion": {
            "Type": "AWS::SSM::Parameter::Value<String>",
            "Default": "/cdk-bootstrap/hnb659fds/version",
        }
    },
    "Rules": {
        "CheckBootstrapVersion": {
            "Assertions": [
                {
                    "Assert": {"Fn::Not": [{"Fn::Contains": [["1", "2", "3", "4", "5"], {"Ref": "BootstrapVersion"}]}]},
                    "AssertDescription": "CDK bootstrap stack version 6 required.",
                }
            ]
        }
    },
}


def _parameter(name: str, value: object, **more: object) -> Template:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Name": name, "Type": "String", "Value": value}, **more}


class Assembly:
    """Writes cloud assemblies and deploys them."""

    def __init__(self, aws: EmbeddedAws, directory: Path) -> None:
        self._aws = aws
        self._directory = directory
        self._artifacts: dict[str, Any] = {}

    def stack(self, name: str, resources: Template, *, after: tuple[str, ...] = (), **sections: Any) -> None:
        template = {**sections, "Resources": resources}
        for section, content in BOOTSTRAP.items():
            template[section] = {**content, **sections.get(section, {})}
        (self._directory / f"{name}.template.json").write_text(json.dumps(template))
        self._artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": f"{name}.template.json", "stackName": name, "tags": {"team": "a"}},
            "dependencies": [*after, *self._artifacts.get(name, {}).get("dependencies", [])],
        }

    def asset(self, stack: str, source: Path, key: str) -> None:
        destination = {"bucketName": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}", "objectKey": key}
        packaging = "zip" if source.is_dir() else "file"
        file = {"source": {"path": str(source), "packaging": packaging}, "destinations": {"current": destination}}
        (self._directory / f"{stack}.assets.json").write_text(json.dumps({"files": {"f": file}, "dockerImages": {}}))
        self._artifacts[f"{stack}.assets"] = {
            "type": "cdk:asset-manifest",
            "properties": {"file": f"{stack}.assets.json"},
        }
        self._artifacts[stack] = {"dependencies": [f"{stack}.assets"]}

    def deploy(self, *names: str) -> list[StackResult]:
        (self._directory / "manifest.json").write_text(json.dumps({"version": "48.0.0", "artifacts": self._artifacts}))
        return deploy(self._aws, self._directory, names or None)


@pytest.fixture
def assembly(aws: EmbeddedAws, tmp_path: Path) -> Assembly:
    return Assembly(aws, tmp_path)


def _value(aws: EmbeddedAws, name: str) -> str:
    return str(aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def _events(aws: EmbeddedAws, stack: str) -> list[tuple[str, str]]:
    pages = aws.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack)
    events = [(event["LogicalResourceId"], event["ResourceStatus"]) for page in pages for event in page["StackEvents"]]
    return events[::-1]


def test_create_then_nothing_then_update(aws: EmbeddedAws, assembly: Assembly) -> None:
    assembly.stack("update", {"A": _parameter("/update/a", "1"), "B": _parameter("/update/b", "1")})
    assert assembly.deploy() == [StackResult(name="update", status="CREATE_COMPLETE", changed=("A", "B"))]
    seen = len(_events(aws, "update"))
    assert assembly.deploy() == [StackResult(name="update", status="CREATE_COMPLETE", changed=())]
    assert len(_events(aws, "update")) == seen
    assembly.stack("update", {"A": _parameter("/update/a", "2"), "B": _parameter("/update/b", "1")})
    assert assembly.deploy() == [StackResult(name="update", status="UPDATE_COMPLETE", changed=("A",))]
    assert _value(aws, "/update/a") == "2"
    assert not [event for event in _events(aws, "update")[seen:] if event[0] == "B"]


def test_a_resource_that_left_the_template_is_deleted(aws: EmbeddedAws, assembly: Assembly) -> None:
    assembly.stack("removal", {"A": _parameter("/removal/a", "1"), "B": _parameter("/removal/b", "1")})
    assembly.deploy()
    assembly.stack("removal", {"A": _parameter("/removal/a", "1")})
    assert assembly.deploy()[0].changed == ("B",)
    assert aws.client("ssm").get_parameters(Names=["/removal/b"])["InvalidParameters"] == ["/removal/b"]


def test_a_parameter_of_systems_manager_is_read_at_every_deployment(aws: EmbeddedAws, assembly: Assembly) -> None:
    aws.client("ssm").put_parameter(Name="/flip/release", Value="none", Type="String")

    def stack() -> None:
        assembly.stack(
            "flip",
            {
                "A": _parameter("/flip/a", {"Fn::If": ["Empty", "0", {"Ref": "AWS::NoValue"}]}, Condition="Always"),
                "B": {
                    "Type": "AWS::SSM::Parameter",
                    "Properties": {
                        "Name": "/flip/b",
                        "Type": "String",
                        "Value": "constant",
                        "Description": {"Fn::If": ["Empty", "sleeping", {"Ref": "AWS::NoValue"}]},
                    },
                },
                "C": _parameter("/flip/c", "only while empty", Condition="Empty"),
            },
            Parameters={"Release": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/flip/release"}},
            Conditions={
                "Empty": {"Fn::Equals": [{"Ref": "Release"}, "none"]},
                "Always": {"Fn::Equals": [1, 1]},
            },
        )

    stack()
    # A has no value when the release is set, so only B and C take part in the second half.
    first = assembly.deploy()[0]
    assert first.changed == ("A", "B", "C")
    assert _value(aws, "/flip/c") == "only while empty"
    assert assembly.deploy()[0].changed == ()
    described = aws.client("ssm").describe_parameters(ParameterFilters=[{"Key": "Name", "Values": ["/flip/b"]}])
    assert described["Parameters"][0]["Description"] == "sleeping"


def test_a_condition_that_flips_updates_only_what_it_resolves_to(aws: EmbeddedAws, assembly: Assembly) -> None:
    aws.client("ssm").put_parameter(Name="/flop/release", Value="none", Type="String")
    assembly.stack(
        "flop",
        {
            "Kept": _parameter("/flop/kept", {"Fn::Join": ["-", ["a", {"Ref": "AWS::Region"}]]}),
            "Changed": _parameter("/flop/changed", {"Fn::If": ["Empty", "zero", "many"]}),
            "Gone": _parameter("/flop/gone", "x", Condition="Empty"),
        },
        Parameters={"Release": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/flop/release"}},
        Conditions={"Empty": {"Fn::Equals": [{"Ref": "Release"}, "none"]}},
    )
    assembly.deploy()
    aws.client("ssm").put_parameter(Name="/flop/release", Value="1f2e3d", Type="String", Overwrite=True)
    (result,) = assembly.deploy()
    assert set(result.changed) == {"Changed", "Gone"}
    assert _value(aws, "/flop/changed") == "many"
    assert assembly.deploy()[0].changed == ()


def test_a_failed_creation_is_rolled_back_with_the_reason(aws: EmbeddedAws, assembly: Assembly) -> None:
    broken = {
        "Good": _parameter("/broken/good", "1"),
        "Bad": {
            "Type": "AWS::EC2::SecurityGroupIngress",
            "Properties": {"GroupId": "sg-00000000000000000", "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80},
            "DependsOn": "Good",
        },
    }
    assembly.stack("broken", broken)
    with pytest.raises(
        LocalError, match=r"ROLLBACK_COMPLETE: Bad \(AWS::EC2::SecurityGroupIngress\) failed: .*sg-0000"
    ):
        assembly.deploy()
    assert aws.client("ssm").get_parameters(Names=["/broken/good"])["InvalidParameters"] == ["/broken/good"]
    assembly.stack("broken", {"Good": broken["Good"]})
    assert assembly.deploy()[0].status == "CREATE_COMPLETE"  # the remains are deleted first, as cdk deploy does


def test_a_failed_update_is_rolled_back(aws: EmbeddedAws, assembly: Assembly) -> None:
    assembly.stack("backwards", {"A": _parameter("/backwards/a", "1")})
    assembly.deploy()
    bad = {
        "Type": "AWS::EC2::SecurityGroupEgress",
        "Properties": {"GroupId": "sg-00000000000000000", "IpProtocol": "-1", "CidrIp": "0.0.0.0/0"},
        "DependsOn": "A",
    }
    assembly.stack("backwards", {"A": _parameter("/backwards/a", "2"), "Bad": bad})
    with pytest.raises(LocalError, match="UPDATE_ROLLBACK_COMPLETE: Bad"):
        assembly.deploy()
    assert _value(aws, "/backwards/a") == "1"
    assembly.stack("backwards", {"A": _parameter("/backwards/a", "1")})
    assert assembly.deploy()[0].changed == ()


def test_stacks_are_deployed_in_the_order_of_their_dependencies(aws: EmbeddedAws, assembly: Assembly) -> None:
    assembly.stack(
        "consumer",
        {"A": _parameter("/order/a", {"Fn::ImportValue": "producer:Value"})},
        after=("producer",),
    )
    assembly.stack("other", {"A": _parameter("/order/other", "1")})
    assembly.stack(
        "producer",
        {"A": _parameter("/order/produced", "made")},
        Outputs={"Value": {"Value": {"Fn::GetAtt": ["A", "Value"]}, "Export": {"Name": "producer:Value"}}},
    )
    assert [result.name for result in assembly.deploy("consumer")] == ["producer", "consumer"]
    assert _value(aws, "/order/a") == "made"
    with pytest.raises(NotFound, match="consumer"):
        assembly.deploy("nothing")


def test_file_assets_and_long_templates(aws: EmbeddedAws, assembly: Assembly, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "package").mkdir(parents=True)
    (source / "package" / "main.py").write_text("def handler(event, context):\n    return {'got': event}\n")
    assembly.asset("asset", source, "code.zip")
    padding = {f"P{number}": _parameter(f"/asset/{number}", "x" * 900) for number in range(60)}
    assembly.stack(
        "asset",
        {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Action": "sts:AssumeRole",
                                "Principal": {"Service": "lambda.amazonaws.com"},
                            }
                        ],
                    }
                },
            },
            "Function": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "FunctionName": "from-asset",
                    "Runtime": "python3.13",
                    "Handler": "package.main.handler",
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Code": {
                        "S3Bucket": {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"},
                        "S3Key": "code.zip",
                    },
                },
            },
            **padding,
        },
    )
    assert assembly.deploy()[0].status == "CREATE_COMPLETE"
    answer = aws.client("lambda").invoke(FunctionName="from-asset", Payload=b'{"a": 1}')
    assert json.loads(answer["Payload"].read()) == {"got": {"a": 1}}


NETWORK: Template = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
    "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24"}},
    "Address": {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc"}},
    "Gateway": {
        "Type": "AWS::EC2::NatGateway",
        "Properties": {"SubnetId": {"Ref": "Subnet"}, "AllocationId": {"Fn::GetAtt": ["Address", "AllocationId"]}},
    },
    "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "g", "VpcId": {"Ref": "Vpc"}}},
    "Inbound": {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {
            "GroupId": {"Fn::GetAtt": ["Group", "GroupId"]},
            "SourceSecurityGroupId": {"Fn::GetAtt": ["Group", "GroupId"]},
            "IpProtocol": "tcp",
            "FromPort": 8080,
            "ToPort": 8080,
            "Description": "load balancer to target",
        },
    },
    "Outbound": {
        "Type": "AWS::EC2::SecurityGroupEgress",
        "Properties": {
            "GroupId": {"Fn::GetAtt": ["Group", "GroupId"]},
            "CidrIp": "10.1.0.0/16",
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 443,
        },
    },
}


def test_network_types_that_are_made_through_the_api(aws: EmbeddedAws, assembly: Assembly) -> None:
    ec2 = aws.client("ec2")
    assembly.stack("network", NETWORK, Outputs={"Group": {"Value": {"Ref": "Group"}}})
    assembly.deploy()
    stack = aws.client("cloudformation").describe_stacks(StackName="network")["Stacks"][0]
    group_id = stack["Outputs"][0]["OutputValue"]

    def ports(member: str) -> list[int]:
        group = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]
        return sorted(rule["FromPort"] for rule in group[member] if "FromPort" in rule)

    assert (ports("IpPermissions"), ports("IpPermissionsEgress")) == ([8080], [443])
    gateways = ec2.describe_nat_gateways()["NatGateways"]
    assert [gateway["State"] for gateway in gateways] == ["available"]

    def with_port(template: Template, port: int) -> Template:
        changed: Template = json.loads(json.dumps(template))
        changed["Inbound"]["Properties"].update({"FromPort": port, "ToPort": port})
        return changed

    assembly.stack("network", with_port(NETWORK, 9090), Outputs={"Group": {"Value": {"Ref": "Group"}}})
    assert assembly.deploy()[0].changed == ("Inbound",)
    assert ports("IpPermissions") == [9090]
    _delete(aws, "network")
    assert group_id not in [group["GroupId"] for group in ec2.describe_security_groups()["SecurityGroups"]]
    assert not [g for g in ec2.describe_nat_gateways()["NatGateways"] if g["State"] == "available"]
    assert ec2.describe_addresses()["Addresses"] == []


def _delete(aws: EmbeddedAws, stack: str) -> None:
    client = aws.client("cloudformation")
    client.delete_stack(StackName=stack)
    client.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def test_types_that_are_only_recorded_are_listed(aws: EmbeddedAws, assembly: Assembly) -> None:
    query = {"Type": "AWS::Logs::QueryDefinition", "Properties": {"Name": "release", "QueryString": "fields @message"}}
    metadata = {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": "v2:deflate64:x"}}
    assembly.stack("recorded", {"Query": query, "CDKMetadata": metadata})
    assembly.deploy()
    assert aws.unsimulated() == {"AWS::Logs::QueryDefinition": ["recorded/Query"]}
    _delete(aws, "recorded")
    assert aws.unsimulated() == {}


def test_an_unknown_type_is_refused_before_anything_is_made(assembly: Assembly) -> None:
    assembly.stack("unknown", {"A": {"Type": "AWS::Nothing::AtAll", "Properties": {}}})
    with pytest.raises(LocalError, match="AWS::Nothing::AtAll"):
        assembly.deploy()


def test_what_is_no_assembly(aws: EmbeddedAws, tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="not a cloud assembly"):
        deploy(aws, tmp_path)


def test_image_assets_are_refused(aws: EmbeddedAws, assembly: Assembly, tmp_path: Path) -> None:
    assembly.asset("image", tmp_path, "x.zip")
    (tmp_path / "image.assets.json").write_text(json.dumps({"files": {}, "dockerImages": {"abc": {}}}))
    assembly.stack("image", {"A": _parameter("/image/a", "1")})
    with pytest.raises(LocalError, match="image assets"):
        assembly.deploy()


def test_progress_is_told(aws: EmbeddedAws, assembly: Assembly, tmp_path: Path) -> None:
    assembly.stack("told", {"A": _parameter("/told/a", "1")})
    assembly.deploy()
    assembly.stack("told", {"A": _parameter("/told/a", "2")})
    lines: list[str] = []
    tell: Callable[[str], None] = lines.append
    deploy(aws, tmp_path, tell=tell)
    assert lines == ["told: updating 1 resources"]
