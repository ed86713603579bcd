"""The boto3 adapters against the embedded AWS: what the wire tests play, something else answers here."""

from __future__ import annotations

import hashlib
import json
import time
import urllib.request
from collections.abc import Iterator

import pytest

from appdp.aws.assemble import ports
from appdp.aws.executions import StepFunctionsExecutions
from appdp.aws.session import Session
from appdp.engine.deploy.clone import clone
from appdp.engine.executions import ExecutionStatus
from appdp.engine.ports import Ports, RegistryImage
from appdp.errors import ConfigurationError, Refused, RemoteError
from appdp.local.lifecycle import EmbeddedAws
from appdp.local.roles import registry_login
from appdp.model.deployment import Owner

WHERE = ("000000000000", "us-east-1", "contract/web")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws.start(docker=False) as running:
        yield running


@pytest.fixture
def session(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Session:
    for name, value in aws.environment().items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    return Session()


@pytest.fixture
def account(session: Session) -> Ports:
    return ports(session)


def test_a_parameter_is_created_once_and_keeps_its_history(account: Ports) -> None:
    assert account.parameters.get("/contract/lock") is None
    assert account.parameters.create("/contract/lock", "mine")
    assert not account.parameters.create("/contract/lock", "yours")
    assert account.parameters.get("/contract/lock") == "mine"
    account.parameters.put("/contract/deep/release", "v1")
    account.parameters.put("/contract/deep/release", "v2")
    assert account.parameters.under("/contract") == {"/contract/lock": "mine", "/contract/deep/release": "v2"}
    assert [entry.value for entry in account.parameters.history("/contract/deep/release")] == ["v1", "v2"]
    for _ in range(2):
        account.parameters.delete("/contract/lock")
    assert account.parameters.history("/contract/lock") == ()


def test_a_task_definition_comes_back_with_fields_that_no_sdk_knows(account: Ports) -> None:
    definition = {
        "family": "contract",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "web", "image": "web", "warpDrive": {"factor": 9.5}}],
        "quantumMode": [1, {"entangled": None}],
        "tags": [{"key": "team", "value": "web"}],
    }
    first = account.task_definitions.read(account.task_definitions.register(definition))
    second = account.task_definitions.read(account.task_definitions.register(clone(first, {})))
    assert second["quantumMode"] == definition["quantumMode"]
    assert second["containerDefinitions"] == first["containerDefinitions"]
    assert second["containerDefinitions"][0]["warpDrive"] == {"factor": 9.5}
    assert second["tags"] == definition["tags"]
    assert second["revision"] == first["revision"] + 1


def test_a_task_definition_that_is_not_there(account: Ports) -> None:
    with pytest.raises(RemoteError, match="ecs:DescribeTaskDefinition"):
        account.task_definitions.read("none:1")


def pushed(aws: EmbeddedAws, session: Session) -> tuple[RegistryImage, RegistryImage]:
    """A plain image ``v1`` and an index ``v2`` over it."""
    ecr = session.ecr("us-east-1")
    ecr.create_repository(repositoryName=WHERE[2])
    config = json.dumps({"os": "linux", "architecture": "arm64", "rootfs": {"type": "layers", "diff_ids": []}}).encode()
    blob = f"sha256:{hashlib.sha256(config).hexdigest()}"
    _upload(aws.endpoint.url, config, blob)
    plain = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": blob, "size": len(config)},
        "layers": [],
    }
    ecr.put_image(
        repositoryName=WHERE[2], imageManifest=json.dumps(plain), imageManifestMediaType=MANIFEST, imageTag="v1"
    )
    one = ports(session).registry.resolve(*WHERE, "v1")
    assert one is not None
    entry = {
        "mediaType": MANIFEST,
        "digest": one.digest,
        "size": 1,
        "platform": {"os": "linux", "architecture": "arm64"},
    }
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}
    ecr.put_image(repositoryName=WHERE[2], imageManifest=json.dumps(index), imageManifestMediaType=INDEX, imageTag="v2")
    two = ports(session).registry.resolve(*WHERE, "v2")
    assert two is not None
    return one, two


def test_images_are_resolved_listed_and_tagged(aws: EmbeddedAws, session: Session, account: Ports) -> None:
    plain, index = pushed(aws, session)
    assert plain.platforms == {"linux/arm64": plain.digest}
    assert index.platforms == {"linux/arm64": plain.digest}
    for _ in range(2):
        account.registry.move_tag(*WHERE, digest=index.digest, tag="env-dev")
    moved = account.registry.resolve(*WHERE, "env-dev")
    assert moved is not None
    assert moved.digest == index.digest
    assert {tag for image in account.registry.images(*WHERE) for tag in image.tags} == {"v1", "v2", "env-dev"}
    assert account.registry.resolve(*WHERE, "v9") is None
    assert account.registry.resolve(*WHERE, f"sha256:{'0' * 64}") is None


def test_a_repository_that_is_not_there(account: Ports) -> None:
    with pytest.raises(Refused, match="There is no repository"):
        account.registry.resolve("000000000000", "us-east-1", "contract/none", "v1")


def test_an_execution_is_started_and_followed(session: Session, account: Ports) -> None:
    states = {
        "State": {"Type": "Pass", "Result": {"deployment": {"id": "d1"}}, "Next": "Pause"},
        "Pause": {"Type": "Wait", "Seconds": 5, "Next": "End"},
        "End": {"Type": "Fail", "Error": "rolled_back", "Cause": "because"},
    }
    machine = session.stepfunctions.create_state_machine(
        name="contract",
        roleArn="arn:aws:iam::000000000000:role/contract",
        definition=json.dumps({"StartAt": "State", "States": states}),
    )["stateMachineArn"]
    executions = StepFunctionsExecutions(session)
    arn = executions.start(machine, "d1", {"request": {}})
    owner = Owner(execution=arn, requested_by="me")
    assert account.owners.alive(owner, 0.0)
    until = time.monotonic() + 60
    while not (found := executions.describe(arn)).status.ended and time.monotonic() < until:
        time.sleep(0.2)
    assert (found.status, found.error, found.cause) == (ExecutionStatus.FAILED, "rolled_back", "because")
    assert executions.newest_state(arn) == {"id": "d1"}
    assert not account.owners.alive(owner, 0.0)


def test_an_execution_that_nobody_started(session: Session, account: Ports) -> None:
    arn = "arn:aws:states:us-east-1:000000000000:execution:contract:none"
    assert not account.owners.alive(Owner(execution=arn, requested_by="me"), 0.0)
    with pytest.raises(ConfigurationError, match="no deployment called 'none'"):
        StepFunctionsExecutions(session).describe(arn)


def test_events_and_logs(account: Ports) -> None:
    account.events.put("Contract", {"a": 1})
    assert account.logs.tail("/contract/none", "stream", 5) == ()


def _upload(url: str, blob: bytes, digest: str) -> None:
    login = registry_login()
    opened = urllib.request.Request(f"{url}/v2/{WHERE[2]}/blobs/uploads/", b"", login, method="POST")  # noqa: S310  (our own)
    with urllib.request.urlopen(opened) as answer:  # noqa: S310  (our own)
        place = str(answer.headers["Location"])
    target = place if place.startswith("http") else f"{url}{place}"
    query = f"{'&' if '?' in target else '?'}digest={digest}"
    closed = urllib.request.Request(f"{target}{query}", blob, login, method="PUT")  # noqa: S310  (our own)
    with urllib.request.urlopen(closed):  # noqa: S310  (our own)
        pass
