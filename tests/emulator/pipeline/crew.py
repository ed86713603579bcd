"""The program of this folder on the embedded AWS: its stacks deployed, its commits pushed, its services looked at."""

from __future__ import annotations

import json
import platform
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from appdp.local import stacks
from appdp.local.lifecycle import EmbeddedAws
from appdp.local.pipeline.push import PushEvent, Verdict, started_by
from appdp.local.rehearsal.synth import synthesise
from tests.emulator.pipeline.repository import Repository

NAMES: Final = ("alpha", "beta", "gamma")
HERE: Final = "arm64" if platform.machine() in ("arm64", "aarch64") else "amd64"

_ROOT: Final = Path(__file__).parents[3]
_FOREIGN: Final = _ROOT / ".tools/arm64/bin/busybox"
"""Where ``.ci/run`` puts arm64's busybox, on a machine that was made to run it."""

_STAGE: Final = """
FROM common AS {name}
COPY {name}.txt /word.txt
"""
_DOCKERFILE: Final = """\
FROM scratch AS common
ARG TARGETARCH
COPY --chmod=755 bin/${TARGETARCH}/busybox /bin/busybox
COPY run.sh /run.sh
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox uname -m > /machine.txt"]
ENTRYPOINT ["/bin/busybox", "sh", "/run.sh"]
""" + "".join(_STAGE.format(name=name) for name in NAMES)
_RUN: Final = """\
trap 'exit 0' TERM
/bin/busybox cat /word.txt
while :; do /bin/busybox sleep 1 & wait; done
"""


def architectures() -> tuple[str, ...]:
    """What this machine can run, and so build: CI's both, a laptop's perhaps only its own."""
    return ("amd64", "arm64") if HERE == "amd64" and _FOREIGN.exists() else (HERE,)


def first_files() -> dict[str, str | bytes]:
    """The application's sources."""
    own = Path(shutil.which("busybox") or "/bin/busybox")
    programs = {name: own if name == HERE else _FOREIGN for name in architectures()}
    words = {f"{name}.txt": f"{name} one\n" for name in NAMES}
    binaries = {f"bin/{name}/busybox": path.read_bytes() for name, path in programs.items()}
    return {"Dockerfile": _DOCKERFILE, "run.sh": _RUN, **binaries, **words}


@dataclass(slots=True)
class Crew:
    """The application on one embedded AWS."""

    aws: EmbeddedAws
    repository: Repository
    ended: dict[str, str] = field(default_factory=dict)

    def deploy(self, folder: Path, program: str = "program") -> None:
        """Synthesise a program and deploy all of its stacks, as ``cdk deploy --all`` would."""
        synthesise(
            Path(__file__).parent / program,
            folder,
            {"architecture": HERE, "architectures": ",".join(architectures())},
        )
        stacks.deploy(self.aws, folder)

    @property
    def pipeline(self) -> dict[str, Any]:
        """The pipeline's declaration."""
        (name,) = (
            resource["PhysicalResourceId"]
            for resource in self.aws.client("cloudformation").describe_stack_resources(StackName="crew-pipeline")[
                "StackResources"
            ]
            if resource["ResourceType"] == "AWS::CodePipeline::Pipeline"
        )
        return dict(self.aws.client("codepipeline").get_pipeline(name=name)["pipeline"])

    def push(self, push: PushEvent, commit: str) -> tuple[Verdict, str]:
        """What a push does: the verdict, and the execution that it started, if any."""
        verdict = started_by(push, self.pipeline)
        return verdict, self.start(commit) if verdict.starts else ""

    def start(self, commit: str) -> str:
        """Start the pipeline for a commit; returns the execution's id."""
        revision = {"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": commit}
        started = self.aws.client("codepipeline").start_pipeline_execution(
            name=self.pipeline["name"], sourceRevisions=[revision]
        )
        return str(started["pipelineExecutionId"])

    def actions(self, execution: str) -> dict[str, dict[str, Any]]:
        """Action → how it ran, when the execution has ended; what waits for approval is approved."""
        name, client = self.pipeline["name"], self.aws.client("codepipeline")
        deadline = time.monotonic() + 240
        while True:
            self.approve()
            found = client.get_pipeline_execution(pipelineName=name, pipelineExecutionId=execution)["pipelineExecution"]
            if found["status"] != "InProgress":
                break
            assert time.monotonic() < deadline
            time.sleep(0.2)
        self.ended[execution] = f"{found['status']} {found.get('statusSummary', '')}".strip()
        listed = client.list_action_executions(pipelineName=name, filter={"pipelineExecutionId": execution})
        return {detail["actionName"]: detail for detail in listed["actionExecutionDetails"]}

    def approve(self) -> None:
        """Agree to all that waits for it."""
        name, client = self.pipeline["name"], self.aws.client("codepipeline")
        for stage in client.get_pipeline_state(name=name)["stageStates"]:
            for action in stage["actionStates"]:
                if waiting := action.get("latestExecution", {}).get("token"):
                    client.put_approval_result(
                        pipelineName=name,
                        stageName=stage["stageName"],
                        actionName=action["actionName"],
                        token=waiting,
                        result={"summary": "looks good", "status": "Approved"},
                    )

    def log(self, action: dict[str, Any]) -> str:
        """What a build printed."""
        project, _, build = action["output"]["executionResult"]["externalExecutionId"].partition(":")
        group = f"/aws/codebuild/{project}"
        events = self.aws.client("logs").get_log_events(
            logGroupName=group, logStreamName=build, startFromHead=True, limit=10_000
        )["events"]
        return "\n".join(event["message"] for event in events)

    def index(self, name: str, commit: str) -> dict[str, Any]:
        """What the commit's tag names: its digest and its manifest."""
        answer = self.aws.client("ecr").batch_get_image(repositoryName=f"crew/{name}", imageIds=[{"imageTag": commit}])
        (image,) = answer["images"]
        return {"digest": image["imageId"]["imageDigest"], **json.loads(image["imageManifest"])}

    def platforms(self, name: str, commit: str) -> dict[str, str]:
        """Architecture → digest of its manifest."""
        manifests = self.index(name, commit)["manifests"]
        return {
            entry["platform"]["architecture"]: entry["digest"]
            for entry in manifests
            if entry["platform"]["architecture"] != "unknown"
        }

    def push_plain(self, before: str, commit: str) -> None:
        """Push the images of one commit as another's, without the indexes in which their attestations are."""
        ecr = self.aws.client("ecr")
        for name in NAMES:
            repository = f"crew/{name}"
            for architecture, digest in self.platforms(name, before).items():
                found = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])
                ecr.put_image(
                    repositoryName=repository,
                    imageManifest=found["images"][0]["imageManifest"],
                    imageTag=f"{commit}-{architecture}",
                )

    def services(self, **place: str) -> dict[str, dict[str, Any]]:
        """Service → its image in the task definition, its digest as it runs, and its service deployments."""
        ecs = self.aws.client("ecs", **place)
        found = {}
        for cluster in ecs.list_clusters()["clusterArns"]:
            for arn in ecs.list_services(cluster=cluster)["serviceArns"]:
                (service,) = ecs.describe_services(cluster=cluster, services=[arn])["services"]
                (revision,) = ecs.describe_service_revisions(
                    serviceRevisionArns=[service["currentServiceRevisions"][0]["arn"]]
                )["serviceRevisions"]
                task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
                (container,) = task["containerDefinitions"]
                deployments = ecs.list_service_deployments(cluster=cluster, service=arn)["serviceDeployments"]
                found[container["name"]] = {
                    "image": container["image"],
                    "digest": revision["containerImages"][0]["imageDigest"],
                    "running": service["runningCount"],
                    "deployments": len(deployments),
                }
        return found
