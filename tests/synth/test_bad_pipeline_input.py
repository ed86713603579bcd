"""Everything that can be wrong with what a pipeline is given, one row each: the table of ``docs/pipelines.md``.

A row says when a user is told, what is said, and what to do about it; ``…`` stands for what the document leaves out.
Each row is provoked here, and the words of its last two columns must be in what is said.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from appdp.aws.distribution import EcrDistribution
from appdp.aws.session import Session, client_config
from appdp.cdk import Application, Architecture, GitHub, Image, Push
from appdp.engine.publish.ports import Finding, PublishPorts
from appdp.errors import ConfigurationError
from appdp.model.environment import ImageRepository
from appdp.runtime import publish
from tests.fakes.distribution import FakeDistribution
from tests.fakes.pipeline_jobs import FakePipelineJobs
from tests.fakes.publishing import APPLICATION, BASIC, CREATED, PIPELINE, FakePublishing
from tests.synth import failed_bakes as bakes
from tests.synth.build_machine import prepared
from tests.synth.environment import Environment
from tests.synth.test_build_commands import trivy
from tests.unit.aws.server import environment as pointed_at
from tests.unit.aws.server import serving

pytestmark = pytest.mark.curl

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "pipelines.md"
HEADING: Final = "## What can go wrong, and what it says"

Provoke = Callable[[Path], str]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the document's table, without the marks around code."""

    fault: str
    when: str
    said: str
    then: str


def documented() -> list[Row]:
    """The rows of the table."""
    _, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(f"{HEADING}\n")
    section, _, _ = rest.partition("\n## ")
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [Row(*(cell.strip().strip("`") for cell in line.strip("|").split(" | "))) for line in lines[2:]]


# ---- when the app is synthesised -------------------------------------------------------------------------------------


def refused(make: Callable[[Path], object]) -> Provoke:
    """What a construct, or a value that it takes, says."""

    def provoke(folder: Path) -> str:
        with pytest.raises(ConfigurationError) as raised:
            make(folder)
        return str(raised.value)

    return provoke


# ---- in the build ----------------------------------------------------------------------------------------------------


def unprepared(spoil: Callable[[Path], None]) -> Provoke:
    """What the build says before it builds anything."""

    def provoke(folder: Path) -> str:
        with prepared(folder) as machine:
            spoil(machine.sources)
            result = machine.run("pre_build")
            assert result.returncode == 1
            return result.stdout

    return provoke


def unbuilt(progress: str) -> Provoke:
    """What the build says when bake has printed something and failed."""

    def provoke(folder: Path) -> str:
        images = (Image(name="web", target="nosuch"), Image(name="jobs", context="jobs dir"))
        with prepared(folder, Application(name="shop", images=images)) as machine:
            (machine.folder / "progress").write_text(progress)
            machine.flag("refused")
            assert machine.run("pre_build").returncode == 0
            result = machine.run("build")
            assert result.returncode == 1
            return result.stdout.splitlines()[-1]

    return provoke


def unsafe(verdict: int) -> Provoke:
    """What the build says when Trivy has ended with a code."""

    def provoke(folder: Path) -> str:
        with prepared(folder) as machine:
            assert machine.run("pre_build").returncode == 0
            result = trivy(machine, verdict=verdict)
            assert result.returncode == 1
            return result.stdout

    return provoke


# ---- in the publication ----------------------------------------------------------------------------------------------


def unpublished(spoil: Callable[[FakePublishing], PublishPorts]) -> Provoke:
    """What the publish action fails with, in CodePipeline's console."""

    def provoke(folder: Path) -> str:
        publishing = FakePublishing("web", "api", scan=BASIC)
        publishing.build("c1")
        ports = spoil(publishing)
        given = json.dumps({"commit": "c1", "created": CREATED, "source": "acme/shop"})
        data: dict[str, object] = {"actionConfiguration": {"configuration": {"UserParameters": given}}}
        jobs = FakePipelineJobs()
        where = publish.PublishSetting(application=APPLICATION, pipeline=PIPELINE, ports=ports)
        while not (jobs.told and jobs.told[-1].kind):
            assert len(jobs.told) < 500
            publish.perform({"CodePipeline.job": {"id": "1", "data": data}}, jobs, lambda: where)
            data["continuationToken"] = jobs.told[-1].token
            publishing.clock.sleep(5)
        assert publishing.registrations == []
        return jobs.told[-1].message

    return provoke


def _severe(publishing: FakePublishing) -> PublishPorts:
    digest = publishing.platform_digest("api", "c1")
    publishing.scans.findings[digest] = (Finding(name="CVE-2026-7", severity="CRITICAL"),)
    return publishing.ports


def _endless(publishing: FakePublishing) -> PublishPorts:
    publishing.scans.takes_seconds = 1e9
    return publishing.ports


def _for_another_platform(publishing: FakePublishing) -> PublishPorts:
    publishing.distribution.tags["shop/web"].pop("c1-arm64")
    image = publishing.manifest.images["web"]
    publishing.distribution.build(image, "c1-arm64", "linux/amd64", content="c1")
    return publishing.ports


class _RefusingPushes(FakeDistribution):
    """Holds what was built; its pushes go to a registry that takes none."""

    def put(self, at: ImageRepository, tag: str, content: bytes, media_type: str) -> str:
        if tag != "c1":
            return super().put(at, tag, content, media_type)
        denied = {"code": "DENIED", "message": "User: publish is not authorized to perform: ecr:PutImage"}
        with serving() as aws, pytest.MonkeyPatch.context() as variables:
            for name, value in pointed_at(aws.url).items():
                variables.setenv(name, value)
            aws.answers["GetAuthorizationToken"] = lambda _: {
                "authorizationData": [{"authorizationToken": "QQ==", "proxyEndpoint": aws.url}]
            }
            aws.registry[f"PUT /v2/{at.repository}/manifests/{tag}"] = [
                (403, json.dumps({"errors": [denied]}).encode(), {})
            ]
            registry = EcrDistribution(Session(region="us-east-1", config=client_config(attempts=1)))
            return registry.put(at, tag, content, media_type)


def _refusing(publishing: FakePublishing) -> PublishPorts:
    there = publishing.distribution
    refusing = _RefusingPushes()
    refusing.manifests, refusing.tags = there.manifests, there.tags
    return replace(publishing.ports, distribution=refusing)


TABLE: Final[dict[str, Provoke]] = {
    "Dockerfile missing": unprepared(lambda sources: (sources / "Dockerfile").unlink()),
    "target missing": unbuilt(bakes.NO_STAGE),
    "target that is no name": refused(lambda _: Image(name="web", target="my stage")),
    "platform unsupported": refused(lambda _: Image(name="web", platforms=("linux/s390x",))),
    "platform that the image is not built for": refused(
        lambda folder: Environment(folder / "cdk.out").worker(image="jobs", architecture=Architecture.ARM64)
    ),
    "platform that the base image lacks": unbuilt(bakes.NO_PLATFORM),
    "program for another platform": unbuilt(bakes.FOREIGN_PROGRAM),
    "Dockerfile that ignores the platform": unpublished(_for_another_platform),
    "registry refusing a push": unbuilt(bakes.no_push(bakes.status("403 Forbidden"))),
    "registry refusing a tag": unbuilt(bakes.no_push(bakes.status("400 Bad Request"))),
    "registry refusing the release": unpublished(_refusing),
    "scan over the threshold": unpublished(_severe),
    "scan over the threshold, by Trivy": unsafe(10),
    "scan by Trivy that fails": unsafe(1),
    "scan never finishing": unpublished(_endless),
    "two images with one name": refused(
        lambda _: Application(name="shop", images=(Image(name="web"), Image(name="web", context="other")))
    ),
    "trigger with nine patterns": refused(lambda _: Push(branches=[f"team-{number}/**" for number in range(9)])),
    "connection ARN of another kind": refused(
        lambda _: GitHub("acme/shop", connection_arn="arn:aws:codecommit:eu-west-1:111122223333:shop")
    ),
}


def test_the_document_has_every_fault_once() -> None:
    assert [row.fault for row in documented()] == list(TABLE)


@pytest.mark.parametrize("row", documented(), ids=lambda row: row.fault)
def test_it_says_what_is_wrong_and_what_to_do(tmp_path: Path, row: Row) -> None:
    text = " ".join(TABLE[row.fault](tmp_path).split())
    for column in (row.said, row.then):
        fragments = [fragment.strip() for fragment in column.split("…")]
        assert any(fragments)
        for fragment in fragments:
            assert fragment in text
