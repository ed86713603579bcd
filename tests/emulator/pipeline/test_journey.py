"""From a push to running tasks, through the synthesised pipeline and its own buildspec, on real containers.

Three images for two architectures where both can be built; only this machine's are run. One test tells the story in
its order, since each part stands on what the one before it left in the registry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from appdp.local.lifecycle import EmbeddedAws
from appdp.local.pipeline.push import PushEvent
from tests.conftest import in_ci
from tests.emulator.pipeline.crew import HERE, NAMES, Crew, architectures, first_files
from tests.emulator.pipeline.repository import Repository
from tests.emulator.policies import refused, unused

GITHUB = "https://github.com/acme/crew"
MAIN = PushEvent(branch="main", paths=("beta.txt",))

LOG = {
    "logs:CreateLogStream": "the service writes what runs under the role to its log",
    "logs:PutLogEvents": "as above",
}
SOURCES = {
    "s3:GetBucketAcl": "CodeBuild looks whose bucket the sources are in",
    "s3:GetBucketLocation": "as above",
    "s3:GetObject": "CodeBuild fetches the sources; here they are a folder",
    "s3:GetObjectVersion": "as above",
}
EXACT = {"MainBuild": {**LOG, **SOURCES}, "MainPublish": LOG}
"""Part of a role's name → the actions that AWS calls itself, with that role, where the embedded AWS does without → why.

See: https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html and
https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    folder = tmp_path_factory.mktemp("crew")
    repository = Repository(folder / "git")
    with EmbeddedAws.start(docker=True, time_scale=0.1, repositories={"acme/crew": repository.directory}) as aws:
        made = Crew(aws, repository)
        made.deploy(folder / "cdk.out")
        yield made


@pytest.mark.docker
@pytest.mark.timeout(600)
def test_a_push_becomes_running_tasks(crew: Crew) -> None:
    assert not in_ci() or len(architectures()) == 2
    first = crew.repository.commit(first_files(), "the first")
    nothing, _ = crew.push(PushEvent(branch="feature/x"), first)
    assert not nothing.starts
    assert "the branch is none of main" in nothing.reason
    first_release(crew, first)
    # A word that no earlier run left in the daemon's cache.
    second = crew.repository.commit({"beta.txt": f"beta {uuid4()}\n"}, "only the beta")
    second_release(crew, first, second)
    again(crew, second)
    third = crew.repository.commit({"notes.txt": "nothing that is built\n"})
    plain_images(crew, second, third)
    a_publication_that_fails(crew, third)
    broken_commits(crew, third)
    nothing_is_allowed_in_vain(crew)


def shown(actions: dict[str, dict[str, Any]]) -> dict[str, str]:
    """What who approved had seen."""
    return dict(actions["Approve"]["input"]["resolvedConfiguration"])


def first_release(crew: Crew, commit: str) -> None:
    """The empty account gets its first release: built for both architectures, one index an image, run by digest."""
    verdict, execution = crew.push(MAIN, commit)
    assert verdict.starts
    actions = crew.actions(execution)
    assert crew.ended[execution] == "Succeeded"
    for architecture in architectures():
        log = crew.log(next(detail for name, detail in actions.items() if architecture in name))
        assert f"Building {' '.join(NAMES)} for linux/{architecture}" in log
    assert shown(actions) == {
        "ExternalEntityLink": f"{GITHUB}/commit/{commit}",
        "CustomData": f"Release {commit} of crew\ndev has no release yet.",
    }
    services = crew.services()
    for name in NAMES:
        index = crew.index(name, commit)
        assert index["mediaType"] == "application/vnd.oci.image.index.v1+json"
        assert index["annotations"]["org.opencontainers.image.revision"] == commit
        assert set(crew.platforms(name, commit)) == set(architectures())
        assert services[name]["running"] == 1
        assert services[name]["digest"] in (index["digest"], crew.platforms(name, commit)[HERE])
    assert crew.aws.client("ssm").get_parameter(Name="/appdp/crew/dev/release")["Parameter"]["Value"] == commit


def second_release(crew: Crew, first: str, second: str) -> None:
    """A commit that touches one image: one layer is built, the others keep digests, their services are left alone."""
    before = crew.services()
    actions = crew.actions(crew.push(MAIN, second)[1])
    after = crew.services()
    for name in ("alpha", "gamma"):
        assert crew.platforms(name, second) == crew.platforms(name, first)
        assert after[name] == before[name]
    assert crew.platforms("beta", second)[HERE] != crew.platforms("beta", first)[HERE]
    assert after["beta"]["deployments"] == before["beta"]["deployments"] + 1
    assert "@sha256:" in after["beta"]["image"]
    assert after["beta"]["digest"] in (crew.index("beta", second)["digest"], crew.platforms("beta", second)[HERE])
    for architecture in architectures():
        log = crew.log(next(detail for name, detail in actions.items() if architecture in name))
        # Steps of a stage that images share are said of any one of them.
        for name in ("alpha", "gamma"):
            assert re.search(rf"^\[appdp\] {name}: \d+ steps from the cache, 0 built in 0.0 s", log, re.M), log
        beta = r"^\[appdp\] beta: \d+ steps from the cache, 1 built in .*\n\[appdp\] .* s  COPY beta.txt /word.txt$"
        assert re.search(beta, log, re.M), log
    assert actions["Publish"]["output"]["outputVariables"]["commit"] == second
    assert shown(actions) == {
        "ExternalEntityLink": f"{GITHUB}/compare/{first}...{second}",
        "CustomData": f"Release {second} of crew\ndev runs {first[:12]}. Changed: beta. The same: alpha, gamma.",
    }


def again(crew: Crew, commit: str) -> None:
    """A commit that is already published: nothing is built, nothing moves, nothing fails."""
    before, indexes = crew.services(), {name: crew.index(name, commit)["digest"] for name in NAMES}
    execution = crew.start(commit)
    actions = crew.actions(execution)
    assert crew.ended[execution] == "Succeeded"
    assert crew.services() == before
    assert shown(actions)["CustomData"].endswith("\ndev runs this release already.")
    assert {name: crew.index(name, commit)["digest"] for name in NAMES} == indexes
    for architecture in architectures():
        log = crew.log(next(detail for name, detail in actions.items() if architecture in name))
        assert "Nothing to build" in log


def plain_images(crew: Crew, before: str, commit: str) -> None:
    """Images without attestations are no indexes; they become the same release, and nothing is built or started."""
    crew.push_plain(before, commit)
    services = crew.services()
    execution = crew.start(commit)
    crew.actions(execution)
    assert crew.ended[execution] == "Succeeded"
    for name in NAMES:
        assert crew.platforms(name, commit) == crew.platforms(name, before)
    assert crew.services() == services


def a_publication_that_fails(crew: Crew, commit: str) -> None:
    """What the publication cannot do is told to the pipeline, which stops there."""
    ssm, name = crew.aws.client("ssm"), "/appdp/crew/pipelines/main"
    manifest = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    ssm.delete_parameter(Name=name)
    execution = crew.start(commit)
    actions = crew.actions(execution)
    ssm.put_parameter(Name=name, Value=manifest, Type="String")
    assert f"There is no parameter {name}" in crew.ended[execution]
    assert next(iter(actions)) == "Publish"


def broken_commits(crew: Crew, before: str) -> None:
    """A commit without a stage, or without a Dockerfile, fails in the build, says so, and changes nothing."""
    without = str(first_files()["Dockerfile"]).replace(" AS gamma", "")
    no_stage = crew.repository.commit({"Dockerfile": without})
    crew.repository.git("rm", "--quiet", "Dockerfile")
    no_dockerfile = crew.repository.commit({"why.txt": "no Dockerfile\n"})
    for commit, said in (
        (no_stage, "Image 'gamma': its Dockerfile 'Dockerfile' has no stage 'gamma'. Name a stage so"),
        (no_dockerfile, "Image 'alpha': there is no Dockerfile 'Dockerfile' in its build context '.'"),
    ):
        execution = crew.push(MAIN, commit)[1]
        actions = crew.actions(execution)
        assert said in crew.ended[execution]
        assert "Publish" not in actions
    assert crew.aws.client("ssm").get_parameter(Name="/appdp/crew/dev/release")["Parameter"]["Value"] == before


def nothing_is_allowed_in_vain(crew: Crew) -> None:
    """Every role was allowed what it did; those of the builds and the publication are allowed nothing else."""
    assert refused(crew.aws) == []
    never = unused(crew.aws)
    exact = {role: set(known) for role in never for part, known in EXACT.items() if part in role}
    assert len(exact) == len(architectures()) + 1
    assert [f"{role} never calls {never[role] - known}" for role, known in exact.items() if never[role] - known] == []
    assert [f"{role} calls {known - never[role]}" for role, known in exact.items() if known - never[role]] == []
