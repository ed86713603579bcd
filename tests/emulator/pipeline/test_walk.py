"""The embedded CodePipeline runs what a template declares: contract tests without containers.

See: https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from appdp.local.lifecycle import EmbeddedAws
from tests.emulator.core.functions import create_function
from tests.emulator.pipeline.repository import Repository

REPORTER = """
import json, boto3
def handler(event, context):
    job = event["CodePipeline.job"]
    given = json.loads(job["data"]["actionConfiguration"]["configuration"]["UserParameters"])
    client = boto3.client("codepipeline")
    if given["commit"].startswith("bad"):
        client.put_job_failure_result(jobId=job["id"], failureDetails={"type": "JobFailed", "message": "it is bad"})
    elif "continuationToken" not in job["data"]:
        client.put_job_success_result(jobId=job["id"], continuationToken="half way")
    else:
        told = {"seen": job["data"]["continuationToken"]}
        client.put_job_success_result(jobId=job["id"], outputVariables=told)
"""
SILENT = "def handler(event, context): return 'done'"
ROLE = "arn:aws:iam::000000000000:role/pipeline"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    made = Repository(tmp_path_factory.mktemp("git") / "shop")
    made.commit({"word.txt": "first\n"}, "the first")
    return made


@pytest.fixture(scope="module")
def aws(repository: Repository) -> Iterator[EmbeddedAws]:
    with EmbeddedAws.start(docker=False, time_scale=0.02, repositories={"acme/shop": repository.directory}) as running:
        create_function(running, "report", REPORTER)
        create_function(running, "silent", SILENT)
        yield running


def action(name: str, provider: str, order: int = 1, **rest: Any) -> dict[str, Any]:
    kind = {"ActionTypeId": {"Category": "Any", "Owner": "AWS", "Provider": provider, "Version": "1"}}
    return {"Name": name, **kind, "RunOrder": order, **rest}


SOURCE = action(
    "GitHub",
    "CodeStarSourceConnection",
    Configuration={"ConnectionArn": "arn:c", "FullRepositoryId": "acme/shop", "BranchName": "main"},
    OutputArtifacts=[{"Name": "Code"}],
    Namespace="Source",
)


def building(name: str, order: int = 1, **variables: str) -> dict[str, Any]:
    given = [{"name": key, "type": "PLAINTEXT", "value": value} for key, value in variables.items()]
    return action(
        name,
        "CodeBuild",
        order,
        Configuration={"ProjectName": "builds", "EnvironmentVariables": json.dumps(given)},
        InputArtifacts=[{"Name": "Code"}],
        Namespace=name,
    )


@pytest.fixture
def run(aws: EmbeddedAws) -> Iterator[Callable[..., str]]:
    """Deploys a pipeline of some stages around a project of some commands, and starts it; gives the execution's id."""
    stacks = aws.client("cloudformation")

    def start(*stages: list[dict[str, Any]], commands: list[str] | None = None, commit: str = "") -> str:
        spec = {"env": {"exported-variables": ["WORD"]}, "phases": {"build": {"commands": commands or ["true"]}}}
        project = {
            "Name": "builds",
            "Environment": {
                "EnvironmentVariables": [{"Name": "HOST", "Value": "000000000000.dkr.ecr.us-east-1.amazonaws.com"}]
            },
            "Source": {"Type": "CODEPIPELINE", "BuildSpec": json.dumps(spec)},
        }
        all_stages = [[SOURCE], *stages]
        pipeline = {
            "Name": "shop",
            "RoleArn": ROLE,
            "Stages": [{"Name": f"Stage{number}", "Actions": actions} for number, actions in enumerate(all_stages)],
        }
        resources = {
            "Project": {"Type": "AWS::CodeBuild::Project", "Properties": project},
            "Pipeline": {"Type": "AWS::CodePipeline::Pipeline", "Properties": pipeline},
        }
        stacks.create_stack(StackName="pipeline", TemplateBody=json.dumps({"Resources": resources}))
        stacks.get_waiter("stack_create_complete").wait(StackName="pipeline", WaiterConfig={"Delay": 1})
        revisions = [{"actionName": "GitHub", "revisionType": "COMMIT_ID", "revisionValue": commit}] if commit else []
        started = aws.client("codepipeline").start_pipeline_execution(name="shop", sourceRevisions=revisions)
        return str(started["pipelineExecutionId"])

    yield start
    stacks.delete_stack(StackName="pipeline")
    stacks.get_waiter("stack_delete_complete").wait(StackName="pipeline", WaiterConfig={"Delay": 1})


def status(aws: EmbeddedAws, execution: str) -> str:
    found = aws.client("codepipeline").get_pipeline_execution(pipelineName="shop", pipelineExecutionId=execution)
    return str(found["pipelineExecution"]["status"])


def ended(aws: EmbeddedAws, execution: str) -> str:
    """How the execution ended."""
    deadline = time.monotonic() + 60
    while (found := status(aws, execution)) == "InProgress":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def actions_of(aws: EmbeddedAws, execution: str) -> dict[str, dict[str, Any]]:
    """Action → how it ran."""
    wanted = {"pipelineExecutionId": execution}
    listed = aws.client("codepipeline").list_action_executions(pipelineName="shop", filter=wanted)
    return {detail["actionName"]: detail for detail in listed["actionExecutionDetails"]}


def error_of(detail: dict[str, Any]) -> str:
    return str(detail["output"]["executionResult"]["errorDetails"]["message"])


def test_builds_run_at_once_on_the_commit_with_their_variables(
    aws: EmbeddedAws, run: Callable[..., str], repository: Repository
) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.commit({"word.txt": "second\n"})
    meet = 'mkdir -p "$MEET" && touch "$MEET/$ARCH"'
    wait = 'for n in $(seq 100); do [ -e "$MEET/$OTHER" ] && break; sleep 0.1; done'
    place = f"{repository.directory}/.git/meet"
    execution = run(
        [
            building("amd64", ARCH="amd64", OTHER="arm64", MEET=place, COMMIT="#{Source.CommitId}"),
            building("arm64", ARCH="arm64", OTHER="amd64", MEET=place, COMMIT="#{Source.CommitId}"),
        ],
        commands=[meet, wait, '[ -e "$MEET/$OTHER" ]', 'WORD="$(cat word.txt) $ARCH $COMMIT $HOST"'],
        commit=first,
    )
    assert ended(aws, execution) == "Succeeded"
    ran = actions_of(aws, execution)
    port = aws.endpoint.url.rpartition(":")[2]
    assert ran["amd64"]["output"]["outputVariables"]["WORD"] == f"first amd64 {first} localhost:{port}"
    assert ran["arm64"]["output"]["outputVariables"]["WORD"] == f"first arm64 {first} localhost:{port}"
    assert ran["GitHub"]["output"]["outputVariables"]["FullRepositoryName"] == "acme/shop"


def test_a_build_that_fails_ends_the_execution_with_its_last_lines(aws: EmbeddedAws, run: Callable[..., str]) -> None:
    execution = run([building("amd64")], [building("later")], commands=["echo no space left", "exit 7"])
    assert ended(aws, execution) == "Failed"
    ran = actions_of(aws, execution)
    assert "later" not in ran
    assert "no space left" in error_of(ran["amd64"])
    (stream,) = aws.client("logs").describe_log_streams(
        logGroupName="/aws/codebuild/builds", orderBy="LastEventTime", descending=True
    )["logStreams"][:1]
    events = aws.client("logs").get_log_events(
        logGroupName="/aws/codebuild/builds", logStreamName=stream["logStreamName"]
    )
    assert "no space left" in [event["message"] for event in events["events"]]


def test_a_function_reports_and_is_called_again_with_its_token(aws: EmbeddedAws, run: Callable[..., str]) -> None:
    configuration = {"FunctionName": "report", "UserParameters": '{"commit": "#{Source.CommitId}"}'}
    execution = run([action("Publish", "Lambda", Configuration=configuration)])
    assert ended(aws, execution) == "Succeeded"
    assert actions_of(aws, execution)["Publish"]["output"]["outputVariables"] == {"seen": "half way"}


@pytest.mark.parametrize(
    ("function", "parameters", "reason"),
    [
        ("report", '{"commit": "bad"}', "it is bad"),
        ("silent", "{}", "without telling CodePipeline"),
        ("report", "{}", "KeyError"),
        ("report", '{"commit": "#{Source.Nothing}"}', "#{Source.Nothing} is not defined"),
    ],
)
def test_a_function_that_fails(
    aws: EmbeddedAws, run: Callable[..., str], function: str, parameters: str, reason: str
) -> None:
    configuration = {"FunctionName": function, "UserParameters": parameters}
    execution = run([action("Publish", "Lambda", Configuration=configuration)])
    assert ended(aws, execution) == "Failed"
    assert reason in error_of(actions_of(aws, execution)["Publish"])


def token(aws: EmbeddedAws, name: str) -> str:
    """The token of an approval, as soon as it waits."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for stage in aws.client("codepipeline").get_pipeline_state(name="shop")["stageStates"]:
            for found in stage["actionStates"]:
                if found["actionName"] == name and found.get("latestExecution", {}).get("token"):
                    return str(found["latestExecution"]["token"])
        time.sleep(0.05)
    raise AssertionError(f"{name} did not wait for approval")


@pytest.mark.parametrize(("decision", "end"), [("Approved", "Succeeded"), ("Rejected", "Failed")])
def test_an_approval_waits_and_is_decided_once(
    aws: EmbeddedAws, run: Callable[..., str], decision: str, end: str
) -> None:
    execution = run([action("Approve", "Manual"), building("amd64", 2)])
    given = {
        "pipelineName": "shop",
        "stageName": "Stage1",
        "actionName": "Approve",
        "token": token(aws, "Approve"),
        "result": {"summary": "after lunch", "status": decision},
    }
    assert status(aws, execution) == "InProgress"
    assert "amd64" not in actions_of(aws, execution)
    aws.client("codepipeline").put_approval_result(**given)
    assert ended(aws, execution) == end
    with pytest.raises(ClientError, match="ApprovalAlreadyCompleted"):
        aws.client("codepipeline").put_approval_result(**given)
    result = actions_of(aws, execution)["Approve"]["output"]["executionResult"]
    assert "after lunch" in result["externalExecutionSummary"]


def test_an_approval_shows_what_a_function_told(aws: EmbeddedAws, run: Callable[..., str]) -> None:
    publish = action(
        "Publish",
        "Lambda",
        Configuration={"FunctionName": "report", "UserParameters": '{"commit": "c1"}'},
        Namespace="Publish",
    )
    link = {"ExternalEntityLink": "https://github.com/acme/shop/#{Publish.seen}", "CustomData": "It is #{Publish.seen}"}
    execution = run([publish], [action("Approve", "Manual", Configuration=link)])
    token(aws, "Approve")
    assert actions_of(aws, execution)["Approve"]["input"]["resolvedConfiguration"] == {
        "ExternalEntityLink": "https://github.com/acme/shop/half way",
        "CustomData": "It is half way",
    }


@pytest.mark.parametrize("good", [True, False])
def test_a_state_machine_decides(aws: EmbeddedAws, run: Callable[..., str], good: bool) -> None:
    end = {"Type": "Succeed"} if good else {"Type": "Fail", "Error": "rolled_back", "Cause": "api: 3 tasks stopped"}
    machine = aws.client("stepfunctions").create_state_machine(
        name=f"deploy-{good}", roleArn=ROLE, definition=json.dumps({"StartAt": "End", "States": {"End": end}})
    )["stateMachineArn"]
    configuration = {"StateMachineArn": machine, "InputType": "Literal", "Input": '{"release": "#{Source.CommitId}"}'}
    execution = run([action("Deploy", "StepFunctions", Configuration=configuration)])
    assert ended(aws, execution) == ("Succeeded" if good else "Failed")
    deployed = actions_of(aws, execution)["Deploy"]
    if not good:
        assert error_of(deployed) == "rolled_back: api: 3 tasks stopped"
    arn = deployed["output"]["executionResult"]["externalExecutionId"]
    commit = actions_of(aws, execution)["GitHub"]["output"]["outputVariables"]["CommitId"]
    assert json.loads(aws.client("stepfunctions").describe_execution(executionArn=arn)["input"]) == {"release": commit}


def test_a_state_machine_of_another_account_and_region(aws: EmbeddedAws, run: Callable[..., str]) -> None:
    there = {"account": "444455556666", "region": "eu-west-1"}
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    machine = aws.client("stepfunctions", **there).create_state_machine(
        name="deploy-there", roleArn=ROLE, definition=definition
    )["stateMachineArn"]
    role = "arn:aws:iam::444455556666:role/appdp/release"
    configuration = {"StateMachineArn": machine, "InputType": "Literal", "Input": "{}"}
    deploy = action("Deploy", "StepFunctions", Configuration=configuration, RoleArn=role, Region="eu-west-1")
    execution = run([deploy])
    assert ended(aws, execution) == "Failed"
    assert f"sts:AssumeRole on resource: {role}" in error_of(actions_of(aws, execution)["Deploy"])
    aws.client("iam", **there).create_role(RoleName="release", Path="/appdp/", AssumeRolePolicyDocument="{}")
    again = str(aws.client("codepipeline").start_pipeline_execution(name="shop")["pipelineExecutionId"])
    assert ended(aws, again) == "Succeeded"
    external = actions_of(aws, again)["Deploy"]["output"]["executionResult"]["externalExecutionId"]
    assert external.startswith("arn:aws:states:eu-west-1:444455556666:execution:deploy-there:")


def test_what_is_asked_of_no_pipeline(aws: EmbeddedAws) -> None:
    with pytest.raises(ClientError, match="PipelineNotFoundException"):
        aws.client("codepipeline").start_pipeline_execution(name="none")
    with pytest.raises(ClientError, match="has no ListWebhooks"):
        aws.client("codepipeline").list_webhooks()


def test_builds_end_with_the_embedded_aws(tmp_path: Path, repository: Repository) -> None:
    spec = {"phases": {"build": {"commands": ["echo $$ > pid", "sleep 600"]}}}
    template = {
        "Project": {
            "Type": "AWS::CodeBuild::Project",
            "Properties": {"Name": "builds", "Source": {"BuildSpec": json.dumps(spec)}},
        },
        "Pipeline": {
            "Type": "AWS::CodePipeline::Pipeline",
            "Properties": {
                "Name": "shop",
                "RoleArn": ROLE,
                "Stages": [
                    {"Name": "S", "Actions": [SOURCE]},
                    {"Name": "B", "Actions": [building("amd64", MARK=str(tmp_path))]},
                ],
            },
        },
    }
    with EmbeddedAws.start(docker=False, repositories={"acme/shop": repository.directory}) as aws:
        aws.client("cloudformation").create_stack(StackName="p", TemplateBody=json.dumps({"Resources": template}))
        aws.client("cloudformation").get_waiter("stack_create_complete").wait(StackName="p", WaiterConfig={"Delay": 1})
        aws.client("codepipeline").start_pipeline_execution(name="shop")
        deadline = time.monotonic() + 30
        while not (running := _running(str(tmp_path))):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert running
    assert _running(str(tmp_path)) == []


def _running(mark: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"MARK={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_text())
        except OSError:
            continue
    return found
