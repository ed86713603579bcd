"""What a build says when bake failed: the image, what was wrong, what to do. The progress is what BuildKit printed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appdp.model.application import Application, Image
from tests.synth import failed_bakes as bakes
from tests.synth.build_machine import Machine, prepared
from tests.synth.failed_bakes import no_base, no_push, status
from tests.synth.refusing_registry import refusing_registry

pytestmark = pytest.mark.curl

SHOP = Application(
    name="shop",
    images=(Image(name="web", target="NoSuch"), Image(name="jobs", context="jobs dir", dockerfile="Containerfile")),
)
COMMIT = f'failed commit on ref "manifest-sha256:{bakes.HASH}": '
REASON = "[appdp] The build failed. "


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with prepared(tmp_path, SHOP) as made:
        (made.sources / "jobs dir" / "Containerfile").touch()
        yield made


@pytest.fixture
def fails(machine: Machine) -> Callable[..., str]:
    """What a build says last, whose bake prints something and fails."""

    def build(progress: str, *, images: tuple[str, ...] = ("web", "jobs")) -> str:
        machine.tags(*(f"shop/{image.name}:c0ffee" for image in SHOP.images if image.name not in images))
        assert machine.run("pre_build").returncode == 0
        result = failed(machine, progress)
        assert result.returncode == 1
        return result.stdout.splitlines()[-1]

    return build


def failed(machine: Machine, progress: str) -> subprocess.CompletedProcess[str]:
    """A build whose bake prints something and fails."""
    (machine.folder / "progress").write_text(progress)
    machine.flag("refused")
    return machine.run("build")


@pytest.mark.parametrize(
    ("progress", "said", "next_step"),
    [
        (bakes.NO_STAGE, "Image 'web': its Dockerfile 'Dockerfile' has no stage 'nosuch'.", "correct target="),
        (bakes.NO_PLATFORM, "Image 'web': its base 'registry.test/base:1' is not there for linux/amd64.", "platforms="),
        (
            bakes.FOREIGN_PROGRAM,
            "Image 'web': a program that it runs is not for linux/amd64 (exec /bin/prog: exec format error).",
            "Take the one for ${TARGETARCH}",
        ),
        (
            bakes.NO_FILE,
            "Image 'jobs': \"/gone\" is not in its build context, or .dockerignore leaves it out.",
            "correct its Dockerfile, or context=",
        ),
        (
            no_base(status("429 Too Many Requests", "base")),
            "Image 'web': the registry of its base 'registry.test/base:1' gives no more for now "
            "(429 Too Many Requests).",
            "take the base from a mirror",
        ),
        (
            no_base("registry.test/base:1: not found", "jobs"),
            "Image 'jobs': its base 'registry.test/base:1' does not exist, or may not be pulled.",
            "Correct FROM",
        ),
        (
            no_base(status("403 Forbidden", "base")),
            "Image 'web': its base 'registry.test/base:1' does not exist, or may not be pulled (403 Forbidden).",
            "allow the build's role",
        ),
        (
            no_push(status("401 Unauthorized")),
            "Image 'web': the registry did not accept the password for the push of "
            "registry.test/shop/web:c0ffee-amd64 (401 Unauthorized).",
            "retry this stage",
        ),
        (
            no_push(
                "denied: User: arn:aws:sts::1:x is not authorized to perform: ecr:PutImage on resource: y", name="jobs"
            ),
            "Image 'jobs': the registry refused the push of registry.test/shop/jobs:c0ffee-amd64.",
            "Allow it in the policies of the build's role",
        ),
        (
            no_push(status("403 Forbidden"), "cache-web-amd64"),
            "Image 'web': the registry refused the push of registry.test/shop/web:cache-web-amd64 (403 Forbidden).",
            "Allow it",
        ),
        (
            no_push(COMMIT + status("400 Bad Request")),
            "Image 'web': the registry refused the tag of registry.test/shop/web:c0ffee-amd64 (400 Bad Request), "
            "which is there already if the repository is immutable.",
            "Retry this stage",
        ),
        (
            no_push(status("404 Not Found"), name="jobs"),
            "Image 'jobs': the registry has no repository for registry.test/shop/jobs:c0ffee-amd64 (404 Not Found).",
            "Deploy the stack",
        ),
        (
            no_push(status("503 Service Unavailable")),
            "Image 'web': the registry could not take registry.test/shop/web:c0ffee-amd64 (503 Service Unavailable).",
            "retry this stage",
        ),
        (
            no_push("failed to do request: Head x: dial tcp 10.0.0.1:443: i/o timeout"),
            "Image 'web': the registry could not take registry.test/shop/web:c0ffee-amd64.",
            "retry this stage",
        ),
        (
            bakes.STEP,
            "Image 'jobs': process \"/bin/sh -c make\" did not complete successfully: exit code: 2.",
            "More is above.",
        ),
        (
            bakes.SYNTAX,
            "One of the images web jobs: dockerfile parse error on line 1: unknown instruction: FRM "
            "(did you mean FROM?).",
            "More is above.",
        ),
        (
            bakes.SYNTAX.replace("ERROR: ", "ERROR: target jobs: "),
            "Image 'jobs': dockerfile parse error on line 1: unknown instruction: FRM (did you mean FROM?).",
            "More is above.",
        ),
    ],
)
def test_the_reason_names_the_image_and_what_to_do(
    fails: Callable[..., str], progress: str, said: str, next_step: str
) -> None:
    reason = fails(progress)
    assert reason.startswith(REASON + said)
    assert next_step in reason


def test_of_one_image_alone_bake_does_not_say_the_name(fails: Callable[..., str]) -> None:
    progress = no_push("unexpected status: 400 Bad Request").replace("[web] ", "")
    progress = progress.replace("failed to push registry.test/shop/web:c0ffee-amd64: ", "")
    reason = fails(progress, images=("jobs",))
    assert reason.startswith(f"{REASON}Image 'jobs': the registry refused the tag of it (400 Bad Request)")


def test_without_an_error_it_points_to_the_log(fails: Callable[..., str]) -> None:
    assert fails("Killed\n") == "[appdp] The build failed; the reason is above."


@pytest.mark.docker
@pytest.mark.parametrize(
    ("dockerfile", "said"),
    [
        (
            "FROM scratch AS other\nCOPY Dockerfile /\n",
            "Image 'web': its Dockerfile 'Dockerfile' has no stage 'NoSuch'.",
        ),
        (
            "FROM {registry}/base:1 AS nosuch\n",
            "Image 'web': its base '{registry}/base:1' is not there for linux/amd64.",
        ),
        (
            "FROM scratch AS nosuch\nCOPY Dockerfile /\n",
            "Image 'web': the registry refused the push of {registry}/shop/web:c0ffee-amd64 (403 Forbidden).",
        ),
    ],
    ids=["no-stage", "no-platform", "no-push"],
)
def test_this_is_what_the_real_buildkit_prints(machine: Machine, dockerfile: str, said: str) -> None:
    assert machine.run("pre_build").returncode == 0
    (machine.folder / "bin" / "docker").unlink()
    # One image alone, so that it is always the same fault that comes first.
    (targets,) = machine.folder.rglob("targets")
    targets.write_text("web\n")
    variables = {name: value for name, value in os.environ.items() if name.startswith("DOCKER_")}
    with refusing_registry() as registry:
        (machine.sources / "Dockerfile").write_text(dockerfile.format(registry=registry))
        result = machine.run("build", 0, APPDP_REGISTRY=registry, BUILDX_BUILDER="default", **variables)
        # What could not be pushed is in the daemon nevertheless.
        left = f"{registry}/shop/web:c0ffee-amd64"
        subprocess.run(["docker", "image", "rm", "--force", left], capture_output=True, check=False)
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1].startswith(REASON + said.format(registry=registry))
