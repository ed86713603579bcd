"""What ``appdp verify`` asks, as botocore sends it: requests and answers are held against AWS's own model of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.stub import Stubber

from appdp.aws.facts import facts
from appdp.aws.session import Session
from appdp.engine.verify import Facts
from appdp.errors import RemoteError

ROLE = "arn:aws:iam::000000000000:role/appdp/task"
GROUPS = tuple(f"arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/g{number}/1" for number in range(21))

Said = tuple[str, dict[str, Any] | str, dict[str, Any]]
"""An operation, what is answered or the error's code, and what must be asked."""


@pytest.fixture
def asked(session: Session) -> Facts:
    return facts(session)


@contextmanager
def answering(client: Any, *answers: Said) -> Iterator[None]:  # noqa: ANN401  (a client of any service)
    """Answer operations in this order."""
    stubber = Stubber(client)
    for operation, answer, wanted in answers:
        if isinstance(answer, str):
            stubber.add_client_error(operation, answer, expected_params=wanted)
        else:
            stubber.add_response(operation, answer, wanted)
    with stubber:
        yield
        stubber.assert_no_pending_responses()


def client(port: object) -> Any:  # noqa: ANN401  (the port's own client)
    return next(value for name, value in vars(port).items() if name in ("_client", "_ecs", "_elb"))


def test_clusters_and_services(asked: Facts) -> None:
    services = tuple(f"arn:aws:ecs:us-east-1:000000000000:service/shop/{number}" for number in range(11))
    with answering(
        client(asked.ecs),
        ("describe_clusters", {"clusters": [{"clusterArn": "c", "status": "ACTIVE"}]}, {"clusters": ["c"]}),
        (
            "describe_services",
            {"services": [{"serviceArn": arn} for arn in services[:10]]},
            {"cluster": "c", "services": list(services[:10])},
        ),
        ("describe_services", {"services": []}, {"cluster": "c", "services": [services[10]]}),
    ):
        assert asked.ecs.clusters(("c",)) == {"c": {"clusterArn": "c", "status": "ACTIVE"}}
        assert list(asked.ecs.services("c", services)) == list(services[:10])


def test_a_role(asked: Facts) -> None:
    role = {
        "Path": "/appdp/",
        "RoleName": "task",
        "RoleId": "AROAEXAMPLEEXAMPLE",
        "Arn": ROLE,
        "CreateDate": 1,
        "AssumeRolePolicyDocument": "%7B%22Statement%22%3A%5B%5D%7D",
    }
    other = {**role, "Arn": ROLE.replace("appdp", "other")}
    with answering(
        client(asked.roles),
        ("get_role", {"Role": role}, {"RoleName": "task"}),
        ("get_role", {"Role": other}, {"RoleName": "task"}),
        ("get_role", "NoSuchEntity", {"RoleName": "task"}),
        ("get_role", "AccessDenied", {"RoleName": "task"}),
    ):
        found = asked.roles.role(ROLE)
        assert found is not None
        assert asked.roles.role(ROLE) is None, "the name alone does not make it the same role"
        assert asked.roles.role(ROLE) is None
        with pytest.raises(RemoteError, match="iam:GetRole"):
            asked.roles.role(ROLE)


def test_a_simulation_gives_every_action_on_every_resource(asked: Facts) -> None:
    both = [
        {"EvalResourceName": "a", "EvalResourceDecision": "allowed"},
        {"EvalResourceName": "b", "EvalResourceDecision": "implicitDeny", "MissingContextValues": ["aws:SourceVpc"]},
    ]
    results = [
        {"EvalActionName": "s3:GetObject", "EvalDecision": "implicitDeny", "ResourceSpecificResults": both},
        {"EvalActionName": "s3:PutObject", "EvalResourceName": "a", "EvalDecision": "explicitDeny"},
    ]
    wanted = {"PolicySourceArn": ROLE, "ActionNames": ["s3:GetObject", "s3:PutObject"], "ResourceArns": ["a", "b"]}
    with answering(
        client(asked.roles), ("simulate_principal_policy", {"EvaluationResults": results, "IsTruncated": False}, wanted)
    ):
        found = asked.roles.simulate(ROLE, ("s3:GetObject", "s3:PutObject"), ("a", "b"))
    assert [(one["action"], one["resource"], one["decision"], list(one["missing"])) for one in found] == [
        ("s3:GetObject", "a", "allowed", []),
        ("s3:GetObject", "b", "implicitDeny", ["aws:SourceVpc"]),
        ("s3:PutObject", "a", "explicitDeny", []),
    ]


def test_one_target_group_that_is_gone_does_not_hide_the_others(asked: Facts) -> None:
    def one(arn: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
        return "describe_target_groups", {"TargetGroups": [{"TargetGroupArn": arn}]}, {"TargetGroupArns": [arn]}

    first = {"TargetGroups": [{"TargetGroupArn": arn} for arn in GROUPS[:20]]}
    with answering(
        client(asked.load_balancing),
        ("describe_target_groups", first, {"TargetGroupArns": list(GROUPS[:20])}),
        one(GROUPS[20]),
    ):
        assert set(asked.load_balancing.target_groups(GROUPS)) == set(GROUPS)
    gone = {"TargetGroupArns": [GROUPS[1]]}
    with answering(
        client(asked.load_balancing),
        ("describe_target_groups", "TargetGroupNotFound", {"TargetGroupArns": list(GROUPS[:2])}),
        one(GROUPS[0]),
        ("describe_target_groups", "TargetGroupNotFound", gone),
    ):
        assert set(asked.load_balancing.target_groups(GROUPS[:2])) == {GROUPS[0]}


def test_all_rules_of_a_load_balancer(asked: Facts) -> None:
    listeners = {"Listeners": [{"ListenerArn": "l1"}, {"ListenerArn": "l2"}]}
    with answering(
        client(asked.load_balancing),
        ("describe_listeners", listeners, {"LoadBalancerArn": "b"}),
        ("describe_rules", {"Rules": [{"RuleArn": "r1"}], "NextMarker": "more"}, {"ListenerArn": "l1"}),
        ("describe_rules", {"Rules": [{"RuleArn": "r2"}]}, {"ListenerArn": "l1", "Marker": "more"}),
        ("describe_rules", {"Rules": [{"RuleArn": "r3"}]}, {"ListenerArn": "l2"}),
    ):
        assert [rule["RuleArn"] for rule in asked.load_balancing.listener_rules("b")] == ["r1", "r2", "r3"]


def test_alarms_of_both_kinds(asked: Facts) -> None:
    answer = {"MetricAlarms": [{"AlarmName": "m"}], "CompositeAlarms": [{"AlarmName": "c"}]}
    wanted = {"AlarmNames": ["m", "c", "x"], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "MaxRecords": 100}
    with answering(client(asked.alarms), ("describe_alarms", answer, wanted)):
        assert set(asked.alarms.alarms(("m", "c", "x"))) == {"m", "c"}


def test_subnets_are_filtered_so_that_unknown_ones_are_left_out(asked: Facts) -> None:
    wanted = {"Filters": [{"Name": "subnet-id", "Values": ["a", "b"]}]}
    with answering(client(asked.network), ("describe_subnets", {"Subnets": [{"SubnetId": "a"}]}, wanted)):
        assert set(asked.network.subnets(("a", "b"))) == {"a"}


def test_a_secret(asked: Facts) -> None:
    with answering(
        client(asked.secrets),
        ("describe_secret", {"ARN": "arn:aws:secretsmanager:x"}, {"SecretId": "s"}),
        ("describe_secret", "ResourceNotFoundException", {"SecretId": "s"}),
        ("get_secret_value", {"SecretString": "{}"}, {"SecretId": "s", "VersionStage": "AWSCURRENT"}),
    ):
        assert asked.secrets.secret("s") is not None
        assert asked.secrets.secret("s") is None
        assert asked.secrets.value("s", "AWSCURRENT", "") == "{}"


def test_parameters(asked: Facts, session: Session) -> None:
    wanted = {"Names": ["a", "b"], "WithDecryption": False}
    with answering(session.ssm, ("get_parameters", {"Parameters": [], "InvalidParameters": ["b"]}, wanted)):
        assert asked.secrets.parameters(("a", "b")) == {"a"}


def test_a_log_group_of_exactly_that_name(asked: Facts) -> None:
    answer = {"logGroups": [{"logGroupName": "/shop/api-old"}]}
    with answering(client(asked.log_groups), ("describe_log_groups", answer, {"logGroupNamePrefix": "/shop/api"})):
        assert asked.log_groups.exists("/shop/api", "us-east-1") is False
    with pytest.raises(RemoteError, match="eu-west-1"):
        asked.log_groups.exists("/shop/api", "eu-west-1")


@pytest.mark.parametrize(
    ("port", "operation", "code", "wanted", "ask"),
    [
        (
            "functions",
            "get_function_configuration",
            "ResourceNotFoundException",
            {"FunctionName": "f"},
            lambda asked: asked.functions.function("f") is None,
        ),
        ("files", "head_object", "404", {"Bucket": "b", "Key": "k"}, lambda asked: not asked.files.exists("b", "k")),
    ],
)
def test_what_is_not_there(
    asked: Facts, port: str, operation: str, code: str, wanted: dict[str, Any], ask: Callable[[Facts], bool]
) -> None:
    with answering(client(getattr(asked, port)), (operation, code, wanted)):
        assert ask(asked)
    with answering(client(getattr(asked, port)), (operation, "AccessDenied", wanted)), pytest.raises(RemoteError):
        ask(asked)


def test_a_quota_that_was_never_applied_is_the_default(asked: Facts) -> None:
    wanted = {"ServiceCode": "fargate", "QuotaCode": "L-3032A538"}
    with answering(
        client(asked.quotas),
        ("get_service_quota", {"Quota": {"Value": 48.0}}, wanted),
        ("get_service_quota", "NoSuchResourceException", wanted),
        ("get_aws_default_service_quota", {"Quota": {"Value": 6.0}}, wanted),
    ):
        assert asked.quotas.value("fargate", "L-3032A538") == 48
        assert asked.quotas.value("fargate", "L-3032A538") == 6
