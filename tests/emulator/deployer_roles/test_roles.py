"""A deployer's roles hold what its deployments need, and nothing else: this story uses every permission.

It has one of everything that a deployment can come upon: an account without a release, a hold, containers that fail, a
way back, a job that is stopped, a state machine that is ended by hand, and the end of the environment. It needs no
other test's calls, so it says the same whether it runs alone or with all.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from appdp.local import stacks
from appdp.local.calls import Call
from appdp.local.ecs.simulated_runtime import ANNOTATION
from appdp.local.lifecycle import EmbeddedAws
from appdp.local.rehearsal.registry import CONFIG, MANIFEST, Registry, platform_of
from appdp.local.rehearsal.synth import synthesise
from appdp.model.handoff import SENTINEL, deployer_parameter, lock_parameter, release_parameter, repository_name
from appdp.model.request import Request
from tests.emulator.ecs.conftest import wait
from tests.emulator.policies import Statement, deployed, idle, outside

PROGRAM: Final = Path(__file__).parent / "program"
SERVICES: Final = "every-dev"
DEPLOYER: Final = "every-dev-deployer"

DONE: Final = {"kind": "exits", "code": 0, "log": ["migrated"]}
RUNS: Final = {"kind": "runs"}
RELEASES: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "one": {"server": RUNS, "task": DONE},
    "two": {"server": RUNS, "task": DONE},
    "broken": {"server": {"kind": "exits", "code": 3, "log": ["no database"]}, "task": DONE},
    "endless": {"server": RUNS, "task": RUNS},
}
"""Release → image → how its containers behave."""

LOG: Final = {
    "logs:CreateLogStream": "Lambda writes a function's log itself, with the function's role",
    "logs:PutLogEvents": "as above",
}
ONLY_AWS: Final[Mapping[str, Mapping[str, str]]] = {
    "DeployerAdvanceRole": {
        **LOG,
        "codedeploy:GetApplicationRevision": "for a deployment that is described with its AppSpec's digest alone; the "
        "embedded CodeDeploy gives the AppSpec",
        "codedeploy:GetDeploymentConfig": "CodeDeploy asks for it while it creates a deployment; no call of its own",
    },
    "DeployerGateRole": {
        **LOG,
        "ecs:DescribeServiceDeployments": "for a question of ECS that does not name the revision; the embedded ECS "
        "names it, as the documentation does",
    },
    "DeployerHookRole": {},
    "DeployerReleaseCreatorRole": LOG,
    "DeployerStateMachineRole": {
        "lambda:InvokeFunction": "the embedded Step Functions runs a function without a request that could be noted"
    },
}
"""Role, by the beginning of its name → the actions that no journey on the embedded AWS can show → why.

See: https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html and
https://docs.aws.amazon.com/codedeploy/latest/userguide/auth-and-access-control-permissions-reference.html
"""


@dataclass(frozen=True)
class Account:
    """The account of the environment ``dev``."""

    aws: EmbeddedAws

    def appdp(self, verb: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command for the environment."""
        return subprocess.run(
            [str(Path(sys.executable).with_name("appdp")), verb, "dev", *words],
            env=self.aws.environment(),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def done(self, verb: str, *words: str, code: int = 0) -> str:
        """Run a command, which must end with this exit code; returns what was said."""
        ran = self.appdp(verb, *words)
        assert ran.returncode == code, (verb, words, ran.returncode, ran.stderr)
        return ran.stderr

    def deploy(self, release: str, *words: str, code: int = 0) -> str:
        """Deploy a release; the same."""
        return self.done("deploy", release, "--yes", *words, code=code)

    def manifest(self, name: str) -> dict[str, Any]:
        """A parameter that the stacks wrote."""
        found: dict[str, Any] = json.loads(self.aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])
        return found

    def execution(self) -> str | None:
        """The running execution of the state machine."""
        machine = self.manifest(deployer_parameter("every", "dev"))["state_machine"]
        found = self.aws.client("stepfunctions").list_executions(stateMachineArn=machine, statusFilter="RUNNING")
        return next((str(item["executionArn"]) for item in found["executions"]), None)

    def locked(self) -> bool:
        """Whether a deployment has the environment's lock."""
        name = lock_parameter("every", "dev")
        return bool(self.aws.client("ssm").get_parameters(Names=[name])["Parameters"])

    def as_a_pipeline(self, release: str) -> None:
        """Start the state machine for a release without a look at whether it is there, and wait until it fails."""
        machine = self.manifest(deployer_parameter("every", "dev"))["state_machine"]
        request = Request(application="every", environment="dev", release=release, id=release)
        given = {"request": request.to_dict(), "requested_by": "arn:aws:iam::000000000000:role/pipeline"}
        states = self.aws.client("stepfunctions")
        execution = states.start_execution(stateMachineArn=machine, name=release, input=json.dumps(given))
        arn = execution["executionArn"]
        wait(lambda: states.describe_execution(executionArn=arn)["status"] == "FAILED")

    def job_runs(self) -> bool:
        """Whether a task of the job runs."""
        cluster = self.manifest("/appdp/every/dev/jobs/migrate")["cluster"]
        ecs = self.aws.client("ecs")
        arns = ecs.list_tasks(cluster=cluster, family="every-dev-migrate")["taskArns"]
        tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
        return any(task["lastStatus"] == "RUNNING" for task in tasks)

    def delete(self, stack: str) -> None:
        """Delete a stack, and wait until it is gone."""
        client = self.aws.client("cloudformation")
        client.delete_stack(StackName=stack)
        client.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    assembly = tmp_path_factory.mktemp("every") / "cdk.out"
    synthesise(PROGRAM, assembly, {})
    with EmbeddedAws.start(docker=False, bake_scale=0.02, time_scale=0.5) as aws:
        stacks.deploy(aws, assembly)
        push_all(aws.endpoint.url)
        yield Account(aws)


def push_all(endpoint: str) -> None:
    """Push every release, as images without an index: their platform is in their configuration."""
    with closing(Registry(endpoint)) as registry:
        for release, plays in RELEASES.items():
            for image, behaviour in plays.items():
                repository = repository_name("every", image)
                config = {**platform_of("arm64"), "rootfs": {"type": "layers", "diff_ids": []}, "config": {}}
                manifest = {
                    "schemaVersion": 2,
                    "mediaType": MANIFEST,
                    "config": registry.blob(repository, json.dumps(config).encode(), CONFIG),
                    "layers": [],
                    "annotations": {ANNOTATION: json.dumps(behaviour), "release": release},
                }
                registry.manifest(repository, manifest, release)


@pytest.mark.timeout(600)
def test_every_permission_of_a_deployer_is_needed(account: Account) -> None:
    releases(account)
    failures(account)
    interruptions(account)
    policies = deployed(account.aws)
    the_end(account)
    calls = account.aws.calls()
    assert outside(policies, calls) == []
    roles = {role: statements for role, statements in policies.items() if named(role)}
    assert {named(role) for role in roles} == set(ONLY_AWS)
    unused = {named(role): in_vain(statements, role, calls) for role, statements in roles.items()}
    surplus = [
        f"{role} may {action} on {resource}, which no deployment needs"
        for role, pairs in unused.items()
        for action, resource in sorted(pairs)
        if action not in ONLY_AWS[role]
    ]
    assert not surplus, "\n".join(surplus)
    shown = {role: set(known) - {action for action, _ in unused[role]} for role, known in ONLY_AWS.items()}
    assert not any(shown.values()), f"ONLY_AWS names what a journey can show: {shown}"


def in_vain(statements: list[Statement], role: str, calls: Iterable[Call]) -> set[tuple[str, str]]:
    """What a role is allowed and never needed. All repositories are alike: what one needs, each may need."""
    read = {call.action for call in calls if call.role == role and ":repository/" in call.resource}
    return {pair for pair in idle(statements, role, calls) if pair[0] not in read}


def test_the_comparison_finds_what_is_too_much_and_what_is_missing() -> None:
    role, allowed = "arn:aws:iam::000000000000:role/x", "arn:aws:ecs:us-east-1:000000000000:service/*"
    calls = [Call(role, "ecs:UpdateService", allowed.replace("*", "c/web"))]
    enough: list[Statement] = [{"Effect": "Allow", "Action": ["ecs:UpdateService"], "Resource": [allowed]}]
    assert (outside({role: enough}, calls), in_vain(enough, role, calls)) == ([], set())
    more: list[Statement] = [*enough, {"Effect": "Allow", "Action": "ecs:DeleteService", "Resource": allowed}]
    assert in_vain(more, role, calls) == {("ecs:DeleteService", allowed)}
    other: list[Statement] = [{**enough[0], "Resource": [allowed, "arn:aws:ecs:us-east-1:000000000000:task/*"]}]
    assert in_vain(other, role, calls) == {("ecs:UpdateService", "arn:aws:ecs:us-east-1:000000000000:task/*")}
    assert outside({role: []}, calls) == [f"ecs:UpdateService on {calls[0].resource} by {role}"]


def named(role: str) -> str:
    """The deployer's role that an ARN is of; empty when it is another's."""
    name = role.rpartition("/")[2]
    return next((known for known in ONLY_AWS if known in name), "")


def releases(account: Account) -> None:
    """The first release, one that waits for a human, and the way back."""
    account.as_a_pipeline("nowhere")
    account.deploy("one")
    account.deploy("two", "--hold", code=7)
    account.done("approve")
    account.done("wait", "--timeout", "3m")
    account.done("rollback", "--yes")


def failures(account: Account) -> None:
    """Greens that do not come up: ECS's and CodeDeploy's deployments are stopped, and the logs say why."""
    assert "no database" in account.deploy("broken", code=4)


def interruptions(account: Account) -> None:
    """A release that is stopped while its job runs, and one whose state machine somebody ends."""
    account.deploy("endless", "--no-wait")
    wait(account.job_runs)
    account.done("stop", "--yes")
    account.deploy("two", "--no-wait")
    # Before it has the lock, its death would leave nothing to take over.
    wait(account.locked)
    account.aws.client("stepfunctions").stop_execution(executionArn=wait(account.execution))
    account.deploy("two")


def the_end(account: Account) -> None:
    """The environment goes, as its release has gone before it."""
    name = release_parameter("every", "dev")
    account.aws.client("ssm").put_parameter(Name=name, Value=SENTINEL, Overwrite=True)
    for stack in (SERVICES, DEPLOYER):
        account.delete(stack)
