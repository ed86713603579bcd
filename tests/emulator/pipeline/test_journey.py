"""From a push to running tasks, through the synthesised pipeline and its own buildspec, on real containers.

Three images for two architectures where both can be built; only this machine's are run. One test tells the story in
its order, since each part stands on what the one before it left in the registry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest

from appdp.local.lifecycle import EmbeddedAws
from appdp.local.pipeline.push import PushEvent
from tests.conftest import in_ci
from tests.emulator.pipeline.crew import HERE, NAMES, Crew, architectures, first_files
from tests.emulator.pipeline.repository import Repository

MAIN = PushEvent(branch="main", paths=("beta.txt",))


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
    a_broken_commit(crew, second)


def first_release(crew: Crew, commit: str) -> None:
    """The empty account gets its first release: built for both architectures, one index an image, run by digest."""
    verdict, execution = crew.push(MAIN, commit)
    assert verdict.starts
    actions = crew.actions(execution)
    assert crew.ended[execution] == "Succeeded"
    for architecture in architectures():
        log = crew.log(next(detail for name, detail in actions.items() if architecture in name))
        assert f"Building {' '.join(NAMES)} for linux/{architecture}" in log
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
        for name in ("alpha", "gamma"):
            assert f"[appdp] {name}: 4 steps from the cache, 0 built in 0.0 s" in log
        assert re.search(
            r"^\[appdp\] beta: 3 steps from the cache, 1 built in .*\n\[appdp\] .* s  COPY beta.txt /word.txt$",
            log,
            re.M,
        )
    assert actions["Publish"]["output"]["outputVariables"]["commit"] == second


def again(crew: Crew, commit: str) -> None:
    """A commit that is already published: nothing is built, nothing moves, nothing fails."""
    before, indexes = crew.services(), {name: crew.index(name, commit)["digest"] for name in NAMES}
    execution = crew.start(commit)
    actions = crew.actions(execution)
    assert crew.ended[execution] == "Succeeded"
    assert crew.services() == before
    assert {name: crew.index(name, commit)["digest"] for name in NAMES} == indexes
    for architecture in architectures():
        log = crew.log(next(detail for name, detail in actions.items() if architecture in name))
        assert "Nothing to build" in log


def a_broken_commit(crew: Crew, before: str) -> None:
    """A commit without a Dockerfile fails in the build, says so, and changes nothing."""
    crew.repository.git("rm", "--quiet", "Dockerfile")
    commit = crew.repository.commit({"why.txt": "no Dockerfile\n"})
    execution = crew.push(MAIN, commit)[1]
    actions = crew.actions(execution)
    assert "there is no Dockerfile 'Dockerfile' in its build context '.'" in crew.ended[execution]
    assert "Publish" not in actions
    assert crew.aws.client("ssm").get_parameter(Name="/appdp/crew/dev/release")["Parameter"]["Value"] == before
