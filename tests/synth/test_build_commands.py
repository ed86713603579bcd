"""The buildspec's own commands, run by bash with a Docker that only writes down what it is asked."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from appdp.cdk.bake import Attestations
from appdp.cdk.buildspec import buildspec
from appdp.model.application import Application, Image

SHOP = Application(name="shop", images=(Image(name="web"), Image(name="jobs", context="jobs dir")))

DOCKER = r"""#!/usr/bin/env bash
printf '%s\n' "$*" >>"$FAKE/calls"
case "$*" in
  login*) cat >/dev/null ;;
  "buildx inspect"*) exit 1 ;;
  "buildx imagetools inspect"*)
    if [ -e "$FAKE/broken" ]; then echo 'ERROR: 503 Service Unavailable' >&2; exit 1; fi
    grep -qxF "${4#registry.test/}" "$FAKE/tags" && exit 0
    echo "ERROR: $4: not found" >&2
    exit 1
    ;;
  "buildx bake"*) cat "$FAKE/progress"; [ ! -e "$FAKE/refused" ] ;;
esac
"""

PROGRESS = """\
#1 [internal] load local bake definitions
#1 DONE 0.0s
#5 [web base 1/2] FROM scratch
#5 CACHED
#6 [web base 2/2] RUN make everything
#6 1.234 made
#6 DONE 8.2s
#7 [jobs stage-1 1/1] COPY jobs /jobs
#7 DONE 0.3s
#9 [web] exporting to image
#9 pushing manifest for registry.test/shop/web:c0ffee-amd64@sha256:0123 0.1s done
#9 DONE 0.4s
#10 [web] exporting cache to registry
#10 DONE 0.2s
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """A build machine: its files, and what its Docker answers."""

    folder: Path
    commands: dict[str, list[str]]

    @property
    def sources(self) -> Path:
        return self.folder / "sources"

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    def flag(self, name: str) -> None:
        (self.folder / name).touch()

    def tags(self, *names: str) -> None:
        (self.folder / "tags").write_text("".join(f"{name}\n" for name in names))

    def program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def run(self, phase: str, command: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "FAKE": str(self.folder),
            "TMPDIR": str(self.folder / "tmp"),
            "CODEBUILD_SRC_DIR": str(self.sources),
            "APPDP_COMMIT": "c0ffee",
            "APPDP_REGISTRY": "registry.test",
            "APPDP_ARCHITECTURE": "amd64",
            "APPDP_BUILDKIT_IMAGE": "buildkit.test/image:1",
            **variables,
        }
        text = self.commands[phase][command]
        return subprocess.run(["bash", "-c", text], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    spec = buildspec(SHOP, "amd64", attestations=Attestations(), trivy="arn:reports")
    for name in ("bin", "sources/jobs dir", "tmp"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("sources/Dockerfile", "sources/jobs dir/Dockerfile", "calls", "tags"):
        (tmp_path / name).touch()
    (tmp_path / "progress").write_text(PROGRESS)
    made = Machine(tmp_path, {phase: item["commands"] for phase, item in spec["phases"].items()})
    made.program("docker", DOCKER)
    made.program("aws", "#!/bin/sh\necho password\n")
    return made


def test_everything_that_is_new_is_built_at_once(machine: Machine) -> None:
    assert machine.run("pre_build").returncode == 0
    assert machine.calls[0] == "login --username AWS --password-stdin registry.test"
    result = machine.run("build")
    assert result.returncode == 0
    bake = machine.calls[-1]
    assert bake.startswith("buildx bake --file ")
    assert bake.endswith(" web jobs")
    assert sum(call.startswith("buildx bake") for call in machine.calls) == 1


def test_the_log_says_what_was_cached_and_what_was_built(machine: Machine) -> None:
    machine.run("pre_build")
    said = [line for line in machine.run("build").stdout.splitlines() if line.startswith("[appdp]")]
    assert said == [
        "[appdp] Building web jobs for linux/amd64.",
        "[appdp] web: 1 steps from the cache, 1 built in 8.2 s",
        "[appdp]      8.2 s  RUN make everything",
        "[appdp] jobs: 0 steps from the cache, 1 built in 0.3 s",
        "[appdp]      0.3 s  COPY jobs /jobs",
        "[appdp] pushed registry.test/shop/web:c0ffee-amd64 as sha256:0123",
    ]


def test_what_is_pushed_already_is_left_out(machine: Machine) -> None:
    machine.tags("shop/web:c0ffee-amd64")
    assert "Image 'web': commit c0ffee is already published for linux/amd64." in machine.run("pre_build").stdout
    machine.run("build")
    assert machine.calls[-1].endswith(" jobs")
    assert not machine.calls[-1].endswith(" web jobs")


@pytest.mark.parametrize(
    "tags",
    [("shop/web:c0ffee", "shop/jobs:c0ffee"), ("shop/web:c0ffee-amd64", "shop/jobs:c0ffee-amd64")],
    ids=["released", "pushed"],
)
def test_a_commit_that_is_published_is_not_built(machine: Machine, tags: tuple[str, ...]) -> None:
    machine.tags(*tags)
    # Nothing is built, so nothing has to be there.
    (machine.sources / "Dockerfile").unlink()
    assert machine.run("pre_build").returncode == 0
    result = machine.run("build")
    assert result.returncode == 0
    assert "Nothing to build: every image of commit c0ffee is there for linux/amd64." in result.stdout
    assert not any(call.startswith(("buildx bake", "buildx create", "info")) for call in machine.calls)


def _no_dockerfile(machine: Machine) -> None:
    (machine.sources / "Dockerfile").unlink()


def _no_context(machine: Machine) -> None:
    (machine.sources / "jobs dir" / "Dockerfile").unlink()
    (machine.sources / "jobs dir").rmdir()


def _broken_registry(machine: Machine) -> None:
    machine.flag("broken")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_no_dockerfile, "Image 'web': there is no Dockerfile 'Dockerfile' in its build context '.'."),
        (_no_context, "Image 'jobs': its build context 'jobs dir' is no folder of commit c0ffee."),
        (_broken_registry, "The registry did not say whether image 'web' is published."),
    ],
)
def test_what_cannot_be_built_is_said_before_the_build(
    machine: Machine, spoil: Callable[[Machine], None], message: str
) -> None:
    spoil(machine)
    result = machine.run("pre_build")
    assert result.returncode == 1
    assert message in result.stdout


def test_a_buildkit_of_its_own_builds(machine: Machine) -> None:
    assert machine.run("pre_build").returncode == 0
    assert machine.calls[-1] == (
        "buildx create --name appdp --use --bootstrap --driver docker-container "
        "--driver-opt image=buildkit.test/image:1"
    )


def test_unless_buildx_was_told_which_builder_to_use(machine: Machine) -> None:
    result = machine.run("pre_build", BUILDX_BUILDER="mine")
    assert "Builder: 'mine', as BUILDX_BUILDER says." in result.stdout
    assert not any(call.startswith("buildx create") for call in machine.calls)


def test_a_build_that_fails_fails_the_phase(machine: Machine) -> None:
    machine.run("pre_build")
    machine.flag("refused")
    result = machine.run("build")
    assert result.returncode == 1
    assert "The build failed; the reason is above." in result.stdout


def test_the_commit_must_be_known(machine: Machine) -> None:
    result = machine.run("pre_build", APPDP_COMMIT="")
    assert result.returncode != 0
    assert "APPDP_COMMIT" in result.stderr


# ---- Trivy -----------------------------------------------------------------------------------------------------------


TRIVY = r"""#!/usr/bin/env bash
echo "trivy $*" >>"$FAKE/calls"
output=
for ((at = 1; at <= $#; at++)); do if [ "${!at}" = --output ]; then next=$((at + 1)) output=${!next}; fi; done
case "$1 $3" in
  "image "*) if [ "$VERDICT" -ne 1 ]; then echo findings >"$output"; fi; exit "$VERDICT" ;;
  "convert table") cat "${!#}" ;;
  "convert template") [ -f "${5#@}" ] && cp "${!#}" "$output" ;;
esac
"""


def trivy(machine: Machine, *, verdict: int = 0, sha256: str | None = None) -> subprocess.CompletedProcess[str]:
    """The scan, with an archive whose Trivy ends a scan with ``verdict``."""
    folder = machine.folder / "archive"
    (folder / "contrib").mkdir(parents=True, exist_ok=True)
    (folder / "contrib" / "junit.tpl").touch()
    (folder / "trivy").write_text(TRIVY)
    (folder / "trivy").chmod(0o755)
    archive = machine.folder / "trivy.tar.gz"
    subprocess.run(["tar", "-czf", archive, "-C", folder, "trivy", "contrib"], check=True)
    machine.program("curl", f'#!/usr/bin/env bash\nwhile [ "$1" != --output ]; do shift; done\ncp "{archive}" "$2"\n')
    variables = {
        "APPDP_TRIVY_VERSION": "1.2.3",
        "APPDP_TRIVY_FILE": "Linux-64bit",
        "APPDP_TRIVY_SHA256": sha256 or hashlib.sha256(archive.read_bytes()).hexdigest(),
        "APPDP_TRIVY_SEVERITY": "CRITICAL,HIGH",
        "APPDP_TRIVY_IGNORE_UNFIXED": "true",
        "VERDICT": str(verdict),
    }
    return machine.run("build", 1, **variables)


def scans(machine: Machine) -> list[str]:
    return [call for call in machine.calls if call.startswith("trivy image ")]


def test_every_image_that_is_not_released_is_scanned_once(machine: Machine) -> None:
    # One that an earlier run pushed, too: it may be the one that was refused then.
    machine.tags("shop/web:c0ffee-amd64")
    machine.run("pre_build")
    result = trivy(machine)
    assert (result.returncode, result.stderr) == (0, "")
    assert [call.split()[-1] for call in scans(machine)] == [
        "registry.test/shop/web:c0ffee-amd64",
        "registry.test/shop/jobs:c0ffee-amd64",
    ]
    assert "--severity CRITICAL,HIGH --exit-code 10 --no-progress --format json" in scans(machine)[0]
    assert "--ignore-unfixed" in scans(machine)[0]


@pytest.mark.parametrize("verdict", [0, 10])
def test_what_was_found_is_in_the_log_and_in_a_report_of_each_image(machine: Machine, verdict: int) -> None:
    machine.run("pre_build")
    result = trivy(machine, verdict=verdict)
    assert result.stdout.splitlines().count("findings") == 2
    reports = {path.name: path.read_text() for path in (machine.sources / "appdp-reports").iterdir()}
    assert reports == {"web.xml": "findings\n", "jobs.xml": "findings\n"}


def test_what_trivy_finds_refuses_the_release(machine: Machine) -> None:
    machine.run("pre_build")
    result = trivy(machine, verdict=10)
    assert result.returncode == 1
    assert "Image 'web' was refused: Trivy found CRITICAL,HIGH. They are above" in result.stdout
    # The others are scanned all the same, so that one run tells everything.
    assert "Image 'jobs' was refused" in result.stdout


def test_what_trivy_cannot_scan_is_refused(machine: Machine) -> None:
    machine.run("pre_build")
    result = trivy(machine, verdict=1)
    assert result.returncode == 1
    assert "Image 'web' was refused: Trivy could not scan it." in result.stdout
    assert not any(call.startswith("trivy convert") for call in machine.calls)


def test_a_trivy_of_another_checksum_is_not_run(machine: Machine) -> None:
    machine.run("pre_build")
    result = trivy(machine, sha256="0" * 64)
    assert result.returncode == 1
    assert "Trivy 1.2.3 was refused" in result.stdout
    assert scans(machine) == []
