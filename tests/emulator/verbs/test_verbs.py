"""The operator's verbs on the embedded AWS, over the real adapters, with the state machine that was synthesised."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appdp.aws.assemble import ports
from appdp.aws.facts import facts
from appdp.aws.session import Session
from appdp.cli.actions import ACTIONS
from appdp.cli.verify import at_once
from appdp.engine.verify import Result, examine, load
from appdp.local.lifecycle import EmbeddedAws
from tests.emulator.policies import refused
from tests.emulator.single_writer.shop import Shop, cluster_of, start
from tests.unit.cli.session_plugin import install


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with EmbeddedAws.start(docker=False, bake_scale=0.02, time_scale=0.5) as aws:
        shop = start(aws, tmp_path_factory.mktemp("shop"))
        shop.push("1", "2")
        yield shop


def said(shop: Shop, *words: str, code: int = 0) -> Any:  # noqa: ANN401  (whatever JSON it is)
    """What a command prints as JSON."""
    done = shop.appdp(*words, "--json")
    assert done.returncode == code, (words, done.returncode, done.stderr)
    return json.loads(done.stdout)


def test_a_day_of_an_operator(shop: Shop) -> None:
    one, two = shop.tag("1"), shop.tag("2")
    shop.cdk_deploy()
    assert said(shop, "deploy", "dev", one, "--yes")["outcome"] == "succeeded"
    shop.cdk_deploy()
    running = shop.running_digests()

    # What the next release would change is its images, and nothing else.
    assert said(shop, "diff", "dev", one)["differs"] is False
    assert said(shop, "diff", "dev", two, code=1)["differs"] is True
    text = shop.appdp("diff", "dev", two)
    changed = [line for line in text.stdout.splitlines() if line.startswith(("+ ", "- "))]
    assert changed
    assert all('"image": ' in line and "@sha256:" in line for line in changed), changed

    # It starts, its greens come up, and somebody has second thoughts.
    started = said(shop, "deploy", "dev", two, "--yes", "--no-wait", "--hold")["id"]  # so that it waits for them
    waited = said(shop, "wait", "dev", "--until", "green", "--timeout", "2m")
    assert (waited["id"], waited["outcome"], waited["release"]) == (started, "green", two)
    stopped = said(shop, "stop", "dev", "--yes", "--reason", "second thoughts {{ }}")
    assert (stopped["id"], stopped["outcome"], stopped["exit_code"]) == (started, "rolled_back", 0)
    assert shop.running_digests() == running
    assert said(shop, "wait", "dev", "--deployment", started, code=4)["outcome"] == "rolled_back"

    newest, first = said(shop, "history", "dev")
    assert (newest["deployment"], newest["outcome"], newest["release"]) == (started, "rolled_back", two)
    assert newest["reason"].endswith(": second thoughts {{ }}")
    assert (first["outcome"], first["release"], first["previous"]) == ("succeeded", one, None)

    # What it would take to deploy again is there, as far as the embedded AWS can tell.
    found = said(shop, "verify", "dev", two)
    bad = [(one["name"], one["check"], one["found"]) for one in found["checked"] if one["result"] == "failed"]
    assert bad == []
    assert found["healthy"] is True
    unknown = {one["check"] for one in found["checked"] if one["result"] == "unknown"}
    assert unknown == {"quota-fargate-vcpu", "quota-rules", "quota-target-groups"}, "Service Quotas is not embedded"
    passed = {one["check"] for one in found["checked"] if one["result"] == "ok"}
    assert {"live-weights", "target-health", "gate-role-permissions", "ecr-reachable", "images-exist"} <= passed
    looked_at = {one["kind"] for one in found["checked"] if one["check"] == "execution-role-permissions"}
    assert looked_at == {"service", "job", "schedule"}

    assert shop.appdp("unlock", "dev", "--yes").returncode == 3
    assert shop.appdp("stop", "dev", "--yes").returncode == 3
    assert all(check["verdict"] == "ok" for check in said(shop, "doctor"))
    assert refused(shop.aws) == []


def test_what_containers_say(shop: Shop) -> None:
    """Put there by hand: without Docker there are no containers."""
    logs, now = shop.aws.client("logs"), int(time.time() * 1000)
    told = shop.appdp("logs", "dev", "api").stderr.splitlines()
    (group,) = [line.split("log group ")[1] for line in told if "log group" in line]
    for task, text in (("a1", "one"), ("b2", "two")):
        logs.create_log_stream(logGroupName=group, logStreamName=f"api/api/{task}")
        events = [{"timestamp": now + number, "message": f"{text} {number}"} for number in range(2)]
        logs.put_log_events(logGroupName=group, logStreamName=f"api/api/{task}", logEvents=events)
    logs.create_log_stream(logGroupName=group, logStreamName="other/other/c3")
    logs.put_log_events(
        logGroupName=group, logStreamName="other/other/c3", logEvents=[{"timestamp": now, "message": "not ours"}]
    )
    done = shop.appdp("logs", "dev", "api", "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted((line["task"], line["message"]) for line in lines) == [
        ("a1", "one 0"),
        ("a1", "one 1"),
        ("b2", "two 0"),
        ("b2", "two 1"),
    ]


def test_a_program_from_a_service_that_runs(shop: Shop, tmp_path: Path) -> None:
    arn = shop.service_arns()["api"]
    where = "/".join(arn.split("/")[1:])
    done = shop.appdp("init", str(tmp_path), "--from-service", where, "--name", "copy", "--environment", "prod")
    assert done.returncode == 0, done.stderr
    source = (tmp_path / "app.py").read_text()
    service = shop.aws.client("ecs").describe_services(cluster=cluster_of(arn), services=[arn])["services"][0]
    network = service["networkConfiguration"]["awsvpcConfiguration"]
    group = shop.aws.client("elbv2").describe_target_groups(
        TargetGroupArns=[service["loadBalancers"][0]["targetGroupArn"]]
    )["TargetGroups"][0]
    for text in (*network["subnets"], *network["securityGroups"], group["VpcId"], cluster_of(arn).rpartition("/")[2]):
        assert f'"{text}"' in source
    listeners = shop.aws.client("elbv2").describe_listeners(LoadBalancerArn=group["LoadBalancerArns"][0])["Listeners"]
    (production,) = [item["ListenerArn"] for item in listeners if item["Port"] == 80]
    assert f'listener_arn="{production}"' in source
    # The example's rules have the priorities 10 and 20.
    assert "priority=11," in source
    assert 'path_patterns=["/api/*"],' in source
    assert 'path="/api/health",' in source
    assert "port=8080," in source
    assert "assign_public_ip=True," in source
    assert f"desired_count={max(1, service['desiredCount'])}," in source
    wrong = shop.appdp("init", str(tmp_path / "other"), "--from-service", f"{where}x")
    assert wrong.returncode == 2
    assert where.partition("/")[2] in wrong.stderr
    nowhere = shop.appdp("init", str(tmp_path / "other"), "--from-service", "nowhere/api")
    assert nowhere.returncode == 2
    assert "No cluster is called 'nowhere'" in nowhere.stderr
    assert not (tmp_path / "other").exists()


def test_a_command_in_a_task(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = install(tmp_path, monkeypatch)
    # Released already, unless this test runs alone.
    assert shop.appdp("deploy", "dev", shop.tag("1"), "--yes").returncode in (0, 3)
    refusal = shop.appdp("exec", "dev", "worker", "--", "true")
    assert refusal.returncode == 8, refusal.stderr
    assert "was started without ECS Exec" in refusal.stderr

    ecs, arn = shop.aws.client("ecs"), shop.service_arns()["worker"]
    ecs.update_service(cluster=cluster_of(arn), service=arn, enableExecuteCommand=True, forceNewDeployment=True)
    waiting_since = time.monotonic()
    while "was started without" in refusal.stderr or "No task" in refusal.stderr or "is starting" in refusal.stderr:
        assert time.monotonic() < waiting_since + 60, refusal.stderr
        time.sleep(0.5)
        refusal = shop.appdp("exec", "dev", "worker", "--", "echo", "a b")
    assert refusal.returncode == 0, refusal.stderr
    (call,) = plugin.calls
    tasks = ecs.list_tasks(cluster=cluster_of(arn), serviceName=arn.rpartition("/")[2])["taskArns"]
    described = ecs.describe_tasks(cluster=cluster_of(arn), tasks=tasks)["tasks"]
    taking = [task for task in described if task["containers"][0]["runtimeId"] in json.loads(call[4])["Target"]]
    assert [task["enableExecuteCommand"] for task in taking] == [True]
    assert json.loads(call[0])["sessionId"].startswith("ecs-execute-command-")
    assert call[5] == shop.aws.endpoint.url
    shop.settle()  # its deployment, before anything looks whether one is in progress


UNSEEN = {
    "cloudwatch:DescribeAlarms",
    "ecr:DescribeImages",
    "ecr:GetDownloadUrlForLayer",
    "ecs:DescribeTaskDefinition",
    "elasticloadbalancing:DescribeListeners",
    "s3:GetObject",
    "s3:ListBucket",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "servicequotas:GetAWSDefaultServiceQuota",
    "ssm:GetParameters",
}
"""Actions of ``appdp verify`` for what the example does not have, for an unknown release, for images without an index,
for what Service Quotas would be compared with; and one that is sent as raw JSON, which this record does not see.
"""

PREFIXES = {"monitoring": "cloudwatch"}
"""What AWS's signature calls a service → what IAM calls it, where they differ."""


def test_verify_calls_what_it_says_that_it_needs(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in shop.aws.environment().items():
        monkeypatch.setenv(name, value)
    session, called = Session(), set()

    def record(model: Any, **_: Any) -> None:  # noqa: ANN401  (botocore's operation model)
        service = model.service_model.signing_name
        called.add(f"{PREFIXES.get(service, service)}:{model.name}")

    session.boto.events.register("before-call", record)
    found = examine(load("shop", "dev", None, ports(session), facts(session)), at_once)
    assert [one for one in found.checked if one.result is Result.FAILED] == []
    assert called - ACTIONS["verify"] == set(), "it calls more than docs/commands.md says"
    assert ACTIONS["verify"] - called <= UNSEEN, "docs/commands.md says more than it calls"
