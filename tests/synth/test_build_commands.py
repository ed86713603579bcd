"""The buildspec's own commands, run by bash with a Docker that only writes down what it is asked."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable

import pytest

from tests.synth.build_machine import Machine

pytestmark = pytest.mark.curl

FETCHED = """\
#5 [web base 1/3] FROM docker.io/library/php:8@sha256:0123
#5 sha256:4567 30.4MB / 30.4MB 3.1s done
#5 DONE 3.9s
#6 [web base 2/3] RUN make everything
#6 CACHED
#7 [web base 3/3] RUN make more
#7 sha256:89ab 1.03MB / 1.03MB 0.0s done
#7 extracting sha256:89ab 0.1s done
#7 DONE 1.0s
#8 [jobs stage-1 1/1] FROM docker.io/library/busybox:1@sha256:cdef
#8 DONE 0.0s
#6 [web base 2/3] RUN make everything
#6 sha256:0123 421.76kB / 421.76kB 0.0s done
#6 DONE 0.4s
#9 [web web 1/1] COPY page /page
#9 DONE 0.1s
"""


def test_everything_that_is_new_is_built_at_once(machine: Machine) -> None:
    assert machine.run("pre_build").returncode == 0
    assert machine.calls[1] == "login --username AWS --password-stdin registry.test"
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


def test_what_was_fetched_from_the_cache_was_not_built(machine: Machine) -> None:
    machine.run("pre_build")
    (machine.folder / "progress").write_text(FETCHED)
    said = [line for line in machine.run("build").stdout.splitlines() if line.startswith("[appdp]")]
    assert said[1:] == [
        "[appdp] web: 3 steps from the cache, 1 built in 0.1 s, layers fetched in 5.3 s",
        "[appdp]      0.1 s  COPY page /page",
        "[appdp] jobs: 1 steps from the cache, 0 built in 0.0 s",
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
    machine.registry.refuses["shop/web:c0ffee"] = 403


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
        "buildx create --name appdp --node appdp0 --use --bootstrap --driver docker-container "
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
    machine.program(
        "curl",
        f'#!/usr/bin/env bash\nwhile [ $# -gt 0 ] && [ "$1" != --output ]; do shift; done\ncp "{archive}" "$2"\n',
    )
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


@pytest.mark.parametrize(
    ("verdict", "why"), [(10, "Trivy found what is CRITICAL,HIGH"), (1, "Trivy could not scan it (code 1)")]
)
def test_what_trivy_finds_or_cannot_scan_refuses_the_release(machine: Machine, verdict: int, why: str) -> None:
    machine.run("pre_build")
    result = trivy(machine, verdict=verdict)
    assert result.returncode == 1
    assert f"Image 'web' was refused: {why}" in result.stdout
    # The others are scanned all the same, so that one run tells everything.
    assert f"Image 'jobs' was refused: {why}" in result.stdout
    assert any(call.startswith("trivy convert") for call in machine.calls) is (verdict == 10)


def test_a_trivy_of_another_checksum_is_not_run(machine: Machine) -> None:
    machine.run("pre_build")
    result = trivy(machine, sha256="0" * 64)
    assert result.returncode == 1
    assert "Trivy 1.2.3 was refused" in result.stdout
    assert scans(machine) == []
