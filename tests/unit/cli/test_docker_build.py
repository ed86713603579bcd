"""Building with the ``docker`` command."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from appdp.cli import docker_build
from appdp.cli.docker_build import DockerBuilder
from appdp.cli.sources import check_sources, source_root
from appdp.engine.hotswap import BuildOrder, RegistryAccess
from appdp.errors import AppdpError, ConfigurationError
from appdp.model.hotswap import BuildRecipe
from tests.unit.cli.docker_program import DIGEST, DockerProgram, install

ACCESS = RegistryAccess(host="registry.example", user="AWS", password="secret")  # noqa: S106 - a test's own
RECIPE = BuildRecipe(
    context="services/web", dockerfile="docker/Dockerfile", target="run", build_args={"MODE": "dev", "EMPTY": ""}
)
ORDER = BuildOrder(
    recipe=RECIPE, source=Path("/src"), platform="linux/arm64", repository="shop/web", tag="hotswap-dev-1"
)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DockerProgram:
    return install(tmp_path, monkeypatch)


def test_it_logs_in_without_showing_the_password_and_builds_what_was_ordered(docker: DockerProgram) -> None:
    assert DockerBuilder().build(ORDER, ACCESS) == DIGEST
    (login, stdin), (build, _) = docker.calls
    assert login == ["login", "--username", "AWS", "--password-stdin", "registry.example"]
    assert stdin == "secret"
    metadata = build[build.index("--metadata-file") + 1]
    assert build == [
        *("buildx", "build", "--platform", "linux/arm64"),
        *("--file", "/src/services/web/docker/Dockerfile", "--target", "run"),
        *("--build-arg", "MODE=dev", "--build-arg", "EMPTY="),
        *("--provenance=false", "--tag", "registry.example/shop/web:hotswap-dev-1"),
        *("--push", "--metadata-file", metadata, "/src/services/web"),
    ]
    assert not Path(metadata).exists()


def test_the_plainest_image() -> None:
    order = BuildOrder(recipe=BuildRecipe(), source=Path("/src"), platform="linux/amd64", repository="r", tag="t")
    words = docker_build.build_words("docker", order, "host", Path("/m"))
    assert "--target" not in words
    assert "--build-arg" not in words
    assert words[words.index("--file") + 1] == "/src/Dockerfile"
    assert words[-1] == "/src"


def test_dockers_output_is_shown_as_talk(docker: DockerProgram, capfd: pytest.CaptureFixture[str]) -> None:
    docker.ends("buildx build", 0, "#1 building")
    DockerBuilder().build(ORDER, ACCESS)
    out, err = capfd.readouterr()
    assert (out, "#1 building" in err) == ("", True)


def test_a_build_that_fails(docker: DockerProgram, capfd: pytest.CaptureFixture[str]) -> None:
    docker.ends("buildx build", 3, "ERROR: no such file")
    with pytest.raises(AppdpError, match=r"docker ended with code 3.* No service was touched") as raised:
        DockerBuilder().build(ORDER, ACCESS)
    assert raised.value.exit_code == 5
    assert "ERROR: no such file" in capfd.readouterr().err


def test_a_login_that_fails_says_why_and_not_with_what(docker: DockerProgram) -> None:
    docker.ends("login", 1, "error storing credentials")
    with pytest.raises(
        AppdpError, match=r"could not log in to registry\.example:\nerror storing credentials"
    ) as raised:
        DockerBuilder().build(ORDER, ACCESS)
    assert "secret" not in str(raised.value)
    assert len(docker.calls) == 1


@pytest.mark.parametrize("metadata", [{}, {"containerimage.config.digest": DIGEST}])
def test_a_buildx_that_does_not_say_what_it_pushed(docker: DockerProgram, metadata: object) -> None:
    docker.says(metadata)
    with pytest.raises(AppdpError, match="did not say what it pushed"):
        DockerBuilder().build(ORDER, ACCESS)


def test_a_machine_that_can_build(docker: DockerProgram) -> None:
    DockerBuilder().check()
    assert [words[0] for words, _ in docker.calls] == ["buildx", "version"]


def test_no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for use in (DockerBuilder().check, lambda: DockerBuilder().build(ORDER, ACCESS)):
        with pytest.raises(ConfigurationError, match="'docker', which is not on the PATH"):
            use()


def test_no_buildx(docker: DockerProgram) -> None:
    docker.ends("buildx version", 1, "docker: 'buildx' is not a docker command.")
    with pytest.raises(ConfigurationError, match="has no buildx"):
        DockerBuilder().check()


def test_no_daemon(docker: DockerProgram) -> None:
    docker.ends("version", 1, "Client: 26\nCannot connect to the Docker daemon at unix:///nowhere.")
    with pytest.raises(ConfigurationError, match="does not answer: Cannot connect to the Docker daemon at unix"):
        DockerBuilder().check()


def test_a_docker_that_hangs(docker: DockerProgram) -> None:
    (docker.folder / "docker").write_text("#!/bin/sh\nexec /bin/sleep 30\n")
    with pytest.raises(AppdpError, match=r"'buildx version' of docker did not answer within 0\.2 s"):
        DockerBuilder(ask_seconds=0.2).check()


# ---- the sources -----------------------------------------------------------------------------------------------------


def test_the_root_is_the_repositorys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "repository" / "services" / "web"
    deep.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(tmp_path / "repository")], check=True)
    monkeypatch.chdir(deep)
    assert source_root(None) == tmp_path / "repository"
    assert source_root(Path("..")) == deep.parent
    monkeypatch.setenv("PATH", "/nonexistent")
    assert source_root(None) == deep, "without git"


def test_the_root_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    folder = tmp_path / "plain"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert source_root(None) == folder


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"there is no directory {tmp_path}/services/web") as raised:
        check_sources("web", RECIPE, tmp_path)
    assert "--source DIR" in raised.value.hint
    dockerfile = tmp_path / "services" / "web" / "docker" / "Dockerfile"
    dockerfile.parent.mkdir(parents=True)
    with pytest.raises(ConfigurationError, match=f"there is no file {dockerfile}"):
        check_sources("web", RECIPE, tmp_path)
    dockerfile.write_text("FROM scratch\n")
    check_sources("web", RECIPE, tmp_path)
