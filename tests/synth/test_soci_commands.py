"""The conversion to SOCI, run by bash and Python as in a build: what is pushed, in which order, and what is refused."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from appdp.cdk.bake import Attestations
from appdp.cdk.buildspec import buildspec
from appdp.engine.publish.manifests import entries, listing
from appdp.model.application import Application, Image
from tests.fakes import soci_program
from tests.fakes.oci_layout import baked
from tests.fakes.oci_registry import PASSWORD, FakeOciRegistry

pytestmark = pytest.mark.curl

SHOP = Application(name="shop", images=(Image(name="web"), Image(name="jobs")))
TAG = "c0ffee-amd64"
SCRIPT = Path(__file__).parents[2] / "src/appdp/cdk/shell/soci.py"
LARGE, SMALL = 4096, 16

DOCKER = r"""#!/usr/bin/env bash
case "$*" in
  "buildx bake"*) cp -R "$FAKE/baked" "$APPDP_LAYOUTS" ;;
  *) cat >/dev/null ;;
esac
"""
AWS = f"""#!/bin/sh
case "$*" in
  *get-authorization-token*) printf '{b64encode(f"AWS:{PASSWORD}".encode()).decode()}\\thttp://registry.test\\n' ;;
  *) echo {PASSWORD} ;;
esac
"""
CURL = f"""#!/usr/bin/env bash
case "$*" in *--config*) exec {shutil.which("curl")} "$@" ;; esac
printf '%s\\n' "$*" >>"$FAKE/downloads"
while [ $# -gt 0 ] && [ "$1" != --output ]; do shift; done
cp "$FAKE/archive.tar.gz" "$2"
"""
"""Asks the registry; what it downloads is the archive of the tests."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A build machine whose bake exports what is in ``baked``."""

    folder: Path
    registry: FakeOciRegistry

    @property
    def baked(self) -> Path:
        return self.folder / "baked"

    @property
    def downloads(self) -> list[str]:
        path = self.folder / "downloads"
        return path.read_text().splitlines() if path.exists() else []

    def program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def archive(self, fault: str = "") -> None:
        """The archive to download: a soci that converts, or that says what is wrong."""
        folder = self.folder / "program"
        folder.mkdir(exist_ok=True)
        text = Path(soci_program.__file__).read_text()
        (folder / "soci").write_text(f"#!{sys.executable}\n{text}")
        (folder / "soci").chmod(0o755)
        if fault:
            (folder / "fault").write_text(fault)
        subprocess.run(["tar", "-czf", self.folder / "archive.tar.gz", "-C", folder, "."], check=True)

    def run(self, *, path: str | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        """All of a build; returns how the conversion ended."""
        spec = buildspec(SHOP, "amd64", attestations=Attestations(), soci=True)["phases"]
        (prepare,), (bake, convert) = spec["pre_build"]["commands"], spec["build"]["commands"]
        environment = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "FAKE": str(self.folder),
            "TMPDIR": str(self.folder / "tmp"),
            "CODEBUILD_SRC_DIR": str(self.folder / "sources"),
            "APPDP_COMMIT": "c0ffee",
            "APPDP_REGISTRY": self.registry.host,
            "APPDP_ARCHITECTURE": "amd64",
            "APPDP_BUILDKIT_IMAGE": "buildkit.test/image:1",
            "APPDP_SOCI_VERSION": "9.8.7",
            "APPDP_SOCI_FILE": "linux-amd64-static",
            "APPDP_SOCI_SHA256": hashlib.sha256((self.folder / "archive.tar.gz").read_bytes()).hexdigest(),
            "APPDP_SOCI_MIN_IMAGE_BYTES": "1024",
            "APPDP_SOCI_MIN_LAYER_BYTES": "512",
            **{name: os.environ[name] for name in ("DOCKER_HOST", "HOME") if name in os.environ},
            **variables,
        }
        for command in (prepare, bake):
            subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=True)
        bash = shutil.which("bash") or "bash"
        last = {**environment, **({"PATH": path} if path else {})}
        return subprocess.run([bash, "-c", convert], env=last, capture_output=True, text=True, check=False)

    def pushed(self, name: str) -> list[dict[str, Any]]:
        """The entries of the index that an image's tag names."""
        found = self.registry.tagged(f"shop/{name}", TAG)
        assert found is not None
        return [dict(entry) for entry in entries(found) or ()]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    for name in ("bin", "sources", "tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / "sources" / "Dockerfile").touch()
    made = Machine(tmp_path, FakeOciRegistry())
    made.program("docker", DOCKER)
    made.program("curl", CURL)
    made.program("aws", AWS)
    made.archive()
    yield made
    made.registry.close()


def test_an_image_is_pushed_with_its_soci_index_and_its_attestation(machine: Machine) -> None:
    before = baked(machine.baked / "web", LARGE)
    baked(machine.baked / "jobs", LARGE, attested=False)
    result = machine.run()
    assert (result.returncode, result.stderr) == (0, "")
    assert "Image 'web' was converted to SOCI." in result.stdout
    for name, count in (("web", 3), ("jobs", 2)):
        image, soci, *attached = machine.pushed(name)
        assert 2 + len(attached) == count
        # The publication finds each where it looks for it.
        sorted_out = listing([image, soci, *attached])
        assert sorted_out.digests == {"linux/amd64": image["digest"]}
        assert sorted_out.parts("linux/amd64") == (image, soci, *attached)
        assert soci["artifactType"] == soci_program.SOCI
        assert image["annotations"]["com.amazon.soci.index-digest"] == soci["digest"]
        manifest = machine.registry.read(f"shop/{name}", image["digest"])
        original = json.loads((machine.baked / name / "blobs" / "sha256" / before["digest"][7:]).read_text())
        assert (manifest["config"], manifest["layers"]) == (original["config"], original["layers"])
        assert manifest["annotations"]["com.amazon.soci.index-digest"] == soci["digest"]
    (download,) = machine.downloads
    assert download.endswith(
        " https://github.com/awslabs/soci-snapshotter/releases/download/v9.8.7/soci-snapshotter-9.8.7-linux-amd64-static.tar.gz"
    )


def test_the_tag_comes_last(machine: Machine) -> None:
    baked(machine.baked / "web", LARGE)
    baked(machine.baked / "jobs", SMALL)
    machine.run()
    for name in ("web", "jobs"):
        calls = [call for call in machine.registry.calls if f"shop/{name} " in call]
        assert calls[-1] == f"manifest shop/{name} {TAG}"
        assert all("sha256:" in call for call in calls[:-1])


@pytest.mark.parametrize("attested", [True, False], ids=["attested", "plain"])
def test_a_small_image_is_pushed_as_it_was_baked(machine: Machine, attested: bool) -> None:
    image = baked(machine.baked / "web", SMALL, attested=attested)
    baked(machine.baked / "jobs", LARGE)
    root = json.loads((machine.baked / "web" / "index.json").read_text())["manifests"][0]["digest"]
    result = machine.run()
    assert "Image 'web' is not converted to SOCI: 0.0 MiB is less than 0.000976562 MiB." in result.stdout
    found = machine.registry.tagged("shop/web", TAG)
    assert found is not None
    assert found.digest == root
    assert ("shop/web", image["digest"]) in machine.registry.manifests


def test_an_image_without_a_layer_for_soci_is_pushed_as_it_was_baked(machine: Machine) -> None:
    baked(machine.baked / "web", LARGE)
    baked(machine.baked / "jobs", LARGE)
    assert "no layer has 1 MiB" in machine.run(APPDP_SOCI_MIN_LAYER_BYTES="1048576").stdout
    machine.registry.tags.clear()
    machine.archive("soci: no ztocs created, all layers either skipped or produced errors\n")
    result = machine.run()
    assert result.returncode == 0
    assert "no layer of 0.000488281 MiB is of a kind that SOCI loads on demand" in result.stdout
    assert [entry.get("artifactType") for entry in machine.pushed("web")] == [None, None]


def test_an_image_that_did_not_change_keeps_its_digest(machine: Machine, tmp_path: Path) -> None:
    found = []
    for run in ("1", "2"):
        machine.registry.tags.clear()
        shutil.rmtree(machine.baked, ignore_errors=True)
        for name in ("web", "jobs"):
            baked(machine.baked / name, LARGE, run=run)
        machine.run()
        found.append(machine.pushed("web"))
    first, second = found
    assert first[:2] == second[:2]
    # Attestations say when, so they differ with each build.
    assert first[2] != second[2]


def test_a_conversion_that_fails_pushes_nothing(machine: Machine) -> None:
    baked(machine.baked / "web", LARGE)
    baked(machine.baked / "jobs", SMALL)
    machine.archive("soci: something else\n")
    result = machine.run()
    assert result.returncode == 1
    assert "soci: something else" in result.stdout
    assert "Image 'web' was not pushed: soci ended with code 1; the reason is above." in result.stdout
    # The others are, so that the build's next attempt has less to do.
    assert list(machine.registry.tags) == [("shop/jobs", TAG)]


def test_an_image_for_another_platform_is_not_pushed(machine: Machine) -> None:
    baked(machine.baked / "web", LARGE)
    baked(machine.baked / "jobs", SMALL)
    path = machine.baked / "web" / "index.json"
    root = json.loads(path.read_text())["manifests"][0]["digest"][7:]
    index = machine.baked / "web" / "blobs" / "sha256" / root
    index.write_text(index.read_text().replace('"amd64"', '"arm64"'))
    result = machine.run()
    assert result.returncode == 1
    assert "Image 'web' was not pushed: it is not for linux/amd64. Make the Dockerfile's FROM follow" in result.stdout


def test_a_soci_of_another_checksum_is_not_run(machine: Machine) -> None:
    baked(machine.baked / "web", LARGE)
    result = machine.run(APPDP_SOCI_SHA256="0" * 64)
    assert result.returncode == 1
    assert "SOCI 9.8.7 was refused: its archive has the SHA-256" in result.stdout
    assert machine.registry.calls == []


def test_a_registry_that_is_busy_is_asked_again(machine: Machine) -> None:
    baked(machine.baked / "web", SMALL)
    baked(machine.baked / "jobs", SMALL)
    machine.registry.failures.append(503)
    result = machine.run()
    assert result.returncode == 0
    assert "Trying again: the registry answered 503 to HEAD" in result.stdout


def test_a_tag_that_is_taken_is_not_moved(machine: Machine) -> None:
    baked(machine.baked / "web", SMALL)
    baked(machine.baked / "jobs", SMALL)
    machine.registry.tags[("shop/web", TAG)] = "sha256:" + "0" * 64
    result = machine.run()
    assert result.returncode == 1
    assert "Image 'web' was not pushed: the registry answered 409 to PUT" in result.stdout
    assert machine.registry.tags[("shop/web", TAG)] == "sha256:" + "0" * 64


def test_a_build_image_without_python_is_told(machine: Machine) -> None:
    baked(machine.baked / "web", SMALL)
    (machine.folder / "bin" / "cat").symlink_to(shutil.which("cat") or "")
    result = machine.run(path=str(machine.folder / "bin"))
    assert result.returncode == 1
    assert "This build image has no python3" in result.stdout


def test_nothing_is_downloaded_when_there_is_nothing_to_convert(machine: Machine) -> None:
    for name in ("web", "jobs"):
        baked(machine.baked / name, SMALL)
    assert machine.run().returncode == 0
    assert len(machine.downloads) == 1
    pushed = list(machine.registry.calls)
    assert machine.run().returncode == 0
    assert len(machine.downloads) == 1
    assert machine.registry.calls == pushed


@pytest.mark.docker
def test_what_bake_really_exports_is_converted_and_pushed(machine: Machine) -> None:
    (machine.folder / "sources" / "Dockerfile").write_text("FROM scratch\nCOPY data /data\n")
    (machine.folder / "sources" / "data").write_bytes(os.urandom(LARGE))
    # The registry of this test takes no caches.
    real = f"exec {shutil.which('docker')} \"$@\" --set '*.cache-from=' --set '*.cache-to='"
    machine.program("docker", DOCKER.replace('cp -R "$FAKE/baked" "$APPDP_LAYOUTS"', real))
    result = machine.run(BUILDX_BUILDER="default", DOCKER_CONFIG=os.environ.get("DOCKER_CONFIG", ""))
    assert (result.returncode, result.stderr) == (0, "")
    image, soci, attestation = machine.pushed("web")
    assert image["platform"] == {"architecture": "amd64", "os": "linux"}
    assert attestation["annotations"] == {
        "vnd.docker.reference.digest": image["digest"],
        "vnd.docker.reference.type": "attestation-manifest",
    }
    assert soci["annotations"] == {"com.amazon.soci.image-manifest-digest": image["digest"]}


def test_the_script_is_for_the_python_of_build_images() -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 9))
