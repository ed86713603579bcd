"""A developer's laptop: a repository with changed files, Docker, and the command line with a developer's role."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import docker
import pytest

from appdp.local.lifecycle import EmbeddedAws

DOCKERFILE = """\
FROM scratch AS served
ARG GREETING=nobody
ENV GREETING=$GREETING PATH=/bin
COPY busybox /bin/busybox
COPY page run.sh /
CMD ["busybox", "sh", "/run.sh"]

FROM served AS debugged
CMD ["busybox", "sh", "-c", "echo not this stage; exit 9"]
"""

RUN = """\
busybox mkdir -p /www
echo "$GREETING says $(busybox cat /page)" > /www/index.html
echo ok > /www/health
trap 'kill $pid; exit 0' TERM
busybox httpd -f -p 8080 -h /www & pid=$!
wait $pid
"""

BROKEN = 'echo "no database for $(busybox cat /page)"; exit 7\n'

REPOSITORY = "swapped/web"


@dataclass(frozen=True)
class Laptop:
    """``folder`` is for its repository and its Docker configuration."""

    aws: EmbeddedAws
    folder: Path

    def check_out(self) -> None:
        """Get the application's sources."""
        busybox = shutil.which("busybox")
        if busybox is None:
            pytest.fail("The image is made from a static busybox. Install it: apt-get install busybox-static.")
        self.context.mkdir(parents=True)
        shutil.copy(Path(busybox).resolve(), self.context / "busybox")
        self.write(Dockerfile=DOCKERFILE, page="one")
        self.write(**{"run.sh": RUN})
        subprocess.run(["git", "init", "-q", str(self.source)], check=True)
        plugins = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "cli-plugins"
        self.docker_config.mkdir()
        (self.docker_config / "config.json").write_text(json.dumps({"cliPluginsExtraDirs": [str(plugins)]}))

    @property
    def source(self) -> Path:
        """The root of the repository."""
        return self.folder / "repository"

    @property
    def context(self) -> Path:
        """Where the web service's files are."""
        return self.source / "services" / "web"

    @property
    def docker_config(self) -> Path:
        """A Docker configuration of its own: a login must not end up in the machine's."""
        return self.folder / "docker-config"

    def write(self, **files: str) -> None:
        """Change files of the web service."""
        for name, text in files.items():
            (self.context / name).write_text(text)

    def release(self, tag: str) -> None:
        """Build and push a release, as the pipeline would."""
        client = docker.from_env()
        try:
            local = f"localhost:{urlsplit(self.aws.endpoint.url).port}/{REPOSITORY}"
            arguments = {"GREETING": "hello"}
            client.images.build(path=str(self.context), tag=f"{local}:{tag}", target="served", buildargs=arguments)
            said = client.images.push(local, tag=tag, auth_config={"username": "AWS", "password": "any"})
            assert "errorDetail" not in said, said
        finally:
            client.close()

    def appdp(self, *words: str, role: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command line in the repository; with a role, as somebody who has assumed it."""
        variables = {
            "DOCKER_HOST": os.environ.get("DOCKER_HOST", ""),
            "DOCKER_CONFIG": str(self.docker_config),
            "BUILDX_BUILDER": "default",
            "AWS_SESSION_TOKEN": role,
        }
        return subprocess.run(
            [str(Path(sys.executable).with_name("appdp")), *words],
            env={**self.aws.environment(), **{name: value for name, value in variables.items() if value}},
            cwd=self.context,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def said(self, *words: str, code: int = 0, role: str = "") -> Any:  # noqa: ANN401  (whatever JSON it is)
        """What a command prints as JSON."""
        done = self.appdp(*words, "--json", role=role)
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout)


def remove_images(aws: EmbeddedAws) -> None:
    """Remove what was built for this embedded AWS."""
    client = docker.from_env()
    try:
        # Not client.images.list(): that looks at every image again, and another test may remove one meanwhile.
        names = [name for image in client.api.images() for name in image.get("RepoTags") or ()]
        for name in names:
            if f":{urlsplit(aws.endpoint.url).port}/{REPOSITORY}:" in name:
                client.images.remove(name)
    finally:
        client.close()
