"""What ``appdp init`` writes: it synthesises, as it is, and nothing about it is left unexplained."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cfnlint.api import lint_file  # type: ignore[import-untyped] # it ships no types

from appdp.local.rehearsal.scenario_file import read
from tests.fixtures.live_service import BLUEPRINT, GROUP, LISTENER
from tests.synth.assembly import Assembly, only, resources_of
from tests.unit.cli.terminal import Terminal

ROOT = Path(__file__).parents[2]
COPILOT = ROOT / "tests" / "fixtures" / "copilot"

COMMANDS = {
    "new": ("--services", "web,api,mailer:worker", "--github", "acme/shop"),
    "many": ("--services", "web", "--environment", "dev,stg,prod"),
    "worker": ("--services", "worker", "--github", "acme/shop"),
    "copilot": ("--from-copilot", str(COPILOT), "--github", "acme/books"),
    "live": ("--from-service", "shop/Orders_API", "--environment", "prod", "--name", "shop"),
}


def written(directory: Path, *words: str) -> str:
    """Run the command; returns what it said."""
    terminal = Terminal()
    terminal.blueprints.known["shop", "Orders_API"] = BLUEPRINT
    result = terminal.run("init", str(directory), *words)
    assert result.exit_code == 0, result.stderr
    return result.stderr


def synthesised(directory: Path, folder: Path) -> Assembly:
    """Run the program as the CDK does, in its directory, and cdk-nag on it."""
    context = json.loads((directory / "cdk.json").read_text())["context"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.synth.example", str(directory / "app.py")],
        cwd=ROOT,
        env={**os.environ, "CDK_OUTDIR": str(folder), "CDK_CONTEXT_JSON": json.dumps(context)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    return Assembly(folder=folder, findings=report["findings"], warnings=report["warnings"], said=done.stderr)


@pytest.fixture(scope="module", params=COMMANDS)
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Assembly]:
    directory = tmp_path_factory.mktemp(request.param)
    written(directory, *COMMANDS[request.param])
    return request.param, directory, synthesised(directory, tmp_path_factory.mktemp("out"))


def test_it_is_clean(program: tuple[str, Path, Assembly]) -> None:
    name, directory, assembly = program
    # What they say in the environment may be a secret: whose variables they are has to look, and nobody did yet.
    assert set(assembly.findings) == ({"AwsSolutions-ECS2"} if name in ("copilot", "live") else set())
    assert assembly.warnings == []
    for template in assembly.templates.values():
        found = lint_file(template)
        assert [str(match) for match in found if match.rule.id != "W3005"] == []
    # In its own directory, where appdp is a library as any other.
    style = ("--isolated", "--line-length", "120")
    for words in (("check", *style, "--select", "E,F,I,W"), ("format", *style, "--check")):
        done = subprocess.run(
            [Path(sys.executable).with_name("ruff"), *words, "app.py"],
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
    assert (directory / "rehearsal.toml").exists() == (name == "new")
    if name == "new":
        assert read(directory).build.images == ("web", "api", "mailer")
    check(name, assembly)


def check(name: str, assembly: Assembly) -> None:
    """What is special about each."""
    {"new": new, "many": many, "worker": worker, "copilot": copilot, "live": live}[name](assembly)


def new(assembly: Assembly) -> None:
    (stack,) = [stack for stack in assembly.templates if stack.endswith("-dev")]
    services = resources_of(assembly.template(stack), "AWS::ECS::Service")
    assert sorted(item["Properties"]["DeploymentConfiguration"]["Strategy"] for item in services.values()) == [
        "BLUE_GREEN",
        "BLUE_GREEN",
        "ROLLING",
    ]
    assert any(stack.endswith("-pipeline") for stack in assembly.templates)


def many(assembly: Assembly) -> None:
    for place in ("dev", "stg", "prod"):
        (name,) = [stack for stack in assembly.templates if stack.endswith(f"-{place}-deployer")]
        manifests = resources_of(assembly.template(name), "AWS::SSM::Parameter")
        assert ('protected\\":true' in json.dumps(manifests)) == (place != "dev")
    assert not any(stack.endswith("-pipeline") for stack in assembly.templates)


def worker(assembly: Assembly) -> None:
    (network,) = [stack for stack in assembly.templates if stack.endswith("-network")]
    assert resources_of(assembly.template(network), "AWS::ElasticLoadBalancingV2::LoadBalancer") == {}


def _switched_on(assembly: Assembly, place: str) -> bool:
    manifests = resources_of(assembly.template(f"bookshop-{place}"), "AWS::SSM::Parameter").values()
    (found,) = [item["Properties"]["Value"] for item in manifests if "schedules" in json.dumps(item)]
    return '\\"enabled\\":true' in json.dumps(found)


def copilot(assembly: Assembly) -> None:
    definitions = {
        place: {
            item["Properties"]["ContainerDefinitions"][0]["Name"]: item["Properties"]
            for item in resources_of(assembly.template(f"bookshop-{place}"), "AWS::ECS::TaskDefinition").values()
        }
        for place in ("test", "prod")
    }
    assert sorted(definitions["test"]) == ["api", "frontend", "mailer", "report"]
    reports = {place: only(assembly.template(f"bookshop-{place}"), "AWS::Scheduler::Schedule") for place in definitions}
    assert reports["prod"]["ScheduleExpression"] == "cron(0 6 ? * 2-6 *)"
    # Copilot never ran it there; a release switches on what its manifest has as enabled.
    assert [_switched_on(assembly, place) for place in ("test", "prod")] == [False, True]
    frontend = {place: found["frontend"] for place, found in definitions.items()}
    assert {place: (item["Cpu"], item["Memory"]) for place, item in frontend.items()} == {
        "test": ("512", "1024"),
        "prod": ("1024", "2048"),
    }
    variables = {
        place: {item["Name"]: item["Value"] for item in found["ContainerDefinitions"][0]["Environment"]}
        for place, found in frontend.items()
    }
    assert variables["test"] == {"LOG_LEVEL": "info", "DEBUG": "false", "TABLE": "bookshop-test-books"}
    assert variables["prod"] == {"LOG_LEVEL": "warn", "DEBUG": "false", "TABLE": "bookshop-prod-books"}
    secrets = {item["Name"]: item["ValueFrom"] for item in frontend["prod"]["ContainerDefinitions"][0]["Secrets"]}
    assert sorted(secrets) == ["API_KEY", "DB", "DB_PASSWORD"]
    assert "copilot/bookshop/prod/secrets/API_KEY" in json.dumps(secrets["API_KEY"])
    assert "secret:mysql:password::" in json.dumps(secrets["DB_PASSWORD"])
    health = definitions["test"]["api"]["ContainerDefinitions"][0]["HealthCheck"]
    assert health["Command"] == ["CMD-SHELL", "curl -f http://localhost:8080 || exit 1"]
    scaling = only(assembly.template("bookshop-test"), "AWS::ApplicationAutoScaling::ScalableTarget")
    assert scaling["MaxCapacity"] == 10
    services = resources_of(assembly.template("bookshop-prod"), "AWS::ECS::Service")
    (web,) = [item["Properties"] for item in services.values() if "LoadBalancers" in item["Properties"]]
    assert web["DesiredCount"]["Fn::If"][2] == 4
    assert web["EnableExecuteCommand"] is True


def live(assembly: Assembly) -> None:
    template = assembly.template("shop-prod")
    service = only(template, "AWS::ECS::Service")
    network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["Subnets"] == ["subnet-0aaa0000000000001", "subnet-0bbb0000000000002"]
    assert network["SecurityGroups"] == ["sg-0ccc0000000000003"]
    assert service["Cluster"] == "shop"
    assert service["DeploymentConfiguration"]["BakeTimeInMinutes"] == 10
    assert service["HealthCheckGracePeriodSeconds"] == 90
    assert service["DesiredCount"]["Fn::If"][2] == 3
    assert [item.get("Weight") for item in service["CapacityProviderStrategy"]] == [1, 3]
    rule = only(template, "AWS::ElasticLoadBalancingV2::ListenerRule")
    assert (rule["ListenerArn"], rule["Priority"]) == (LISTENER, 12)
    group = next(iter(resources_of(template, "AWS::ElasticLoadBalancingV2::TargetGroup").values()))["Properties"]
    assert (group["VpcId"], group["HealthCheckPath"], group["Matcher"]) == (
        "vpc-01230000000000005",
        "/well",
        {"HttpCode": "200-299"},
    )
    definition = only(template, "AWS::ECS::TaskDefinition")
    assert (definition["Cpu"], definition["Memory"]) == ("512", "1024")
    assert definition["RuntimePlatform"]["CpuArchitecture"] == "ARM64"
    container = definition["ContainerDefinitions"][0]
    assert {item["Name"]: item["Value"] for item in container["Environment"]}["LEVEL"] == 'say "hi"'
    secrets = {item["Name"]: json.dumps(item["ValueFrom"]) for item in container["Secrets"]}
    assert "parameter/orders/key" in secrets["KEY"]
    assert "plain-key" in secrets["PLAIN"]
    assert "db-AbCdEf:password::" in secrets["PASSWORD"]
    assert resources_of(template, "AWS::EC2::VPC") == {}
    assert GROUP not in json.dumps(template)
