"""A machine that runs the buildspec's own commands by bash.

Its Docker only writes down what it is asked. Its curl is real, and so is the HTTP of its registry.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appdp.cdk.bake import Attestations
from appdp.cdk.buildspec import buildspec
from appdp.model.application import Application, Image
from tests.synth.tag_server import TagServer, serving

SHOP = Application(name="shop", images=(Image(name="web"), Image(name="jobs", context="jobs dir")))

DOCKER = r"""#!/usr/bin/env bash
printf '%s\n' "$*" >>"$FAKE/calls"
case "$*" in
  login*) cat >"$FAKE/password"; [ ! -e "$FAKE/locked" ] || { echo 'unauthorized' >&2; exit 1; } ;;
  "buildx bake"*) cat "$FAKE/progress"; [ ! -e "$FAKE/refused" ] ;;
esac
"""

AUTHORIZATION = "QVdTOnNlY3JldA=="
"""``AWS:secret``"""
AWS = rf"""#!/usr/bin/env bash
printf 'aws %s\n' "$*" >>"$FAKE/calls"
if [ -e "$FAKE/nobody" ]; then echo 'Unable to locate credentials' >&2; exit 253; fi
printf '{AUTHORIZATION}\thttp://000000000000.dkr.ecr.eu-west-1.amazonaws.com\n'
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
    registry: TagServer

    @property
    def sources(self) -> Path:
        return self.folder / "sources"

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    def flag(self, name: str) -> None:
        (self.folder / name).touch()

    def tags(self, *names: str) -> None:
        self.registry.tags.update(names)

    def program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def record_arguments(self, name: str) -> None:
        """Write down the arguments of a real program."""
        real = shutil.which(name)
        self.program(name, f'#!/bin/sh\necho "{name} $*" >>"$FAKE/calls"\nexec {real} "$@"\n')

    def run(self, phase: str, command: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "FAKE": str(self.folder),
            "TMPDIR": str(self.folder / "tmp"),
            "CURL_HOME": str(self.folder),
            "CODEBUILD_SRC_DIR": str(self.sources),
            "APPDP_COMMIT": "c0ffee",
            "APPDP_REGISTRY": "registry.test",
            "APPDP_ARCHITECTURE": "amd64",
            "APPDP_BUILDKIT_IMAGE": "buildkit.test/image:1",
            **variables,
        }
        text = self.commands[phase][command]
        return subprocess.run(["bash", "-c", text], env=environment, capture_output=True, text=True, check=False)


@contextmanager
def prepared(tmp_path: Path, application: Application = SHOP) -> Iterator[Machine]:
    """A machine that builds an application's images, for as long as the block lasts."""
    spec = buildspec(application, "amd64", attestations=Attestations(), trivy="arn:reports")
    for name in ("bin", "sources/jobs dir", "tmp"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("sources/Dockerfile", "sources/jobs dir/Dockerfile", "calls"):
        (tmp_path / name).touch()
    (tmp_path / "progress").write_text(PROGRESS)
    with serving() as registry:
        # What DNS would do.
        (tmp_path / ".curlrc").write_text(f'connect-to = "registry.test:80:127.0.0.1:{registry.port}"\n')
        made = Machine(tmp_path, {phase: item["commands"] for phase, item in spec["phases"].items()}, registry)
        made.program("docker", DOCKER)
        made.program("aws", AWS)
        yield made
