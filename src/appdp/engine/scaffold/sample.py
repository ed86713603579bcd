"""An example's sources, for a directory that has no Dockerfile yet, and what ``appdp rehearse`` plays with them."""

from __future__ import annotations

import json

from appdp.engine.scaffold.new import path_of
from appdp.engine.scaffold.program import Program, ServiceSpec

_HEAD = """\
# One stage per image. Replace what they run; a stage's name is what app.py calls target.
ARG BASE=public.ecr.aws/docker/library/busybox:1.37-musl

FROM ${BASE} AS base
"""

_WEB = """\

FROM base AS {name}
COPY site/{name} /www{path}
EXPOSE 8080
USER 65534:65534
# The first process of a container gets no default signal handling: without the trap, a stop would take until the kill.
ENTRYPOINT ["/bin/sh", "-c", "trap 'exit 0' TERM INT; httpd -f -p 8080 -h /www & wait"]
"""

_WORKER = """\

FROM base AS {name}
COPY site/{name} /job
USER 65534:65534
ENTRYPOINT ["/bin/sh", "-c", "trap 'exit 0' TERM INT; while :; do cat /job/says.txt; sleep 30 & wait $!; done"]
"""


_REHEARSAL = """\
# What `appdp rehearse .` plays: two releases, and the way back.

application = "{application}"
environment = "{environment}"

[source]
repository = "{github}"
branch = "main"

[build]
images = {images}
dockerfile = "Dockerfile"
base_argument = "BASE"
stand_in_needs = ["sh", "httpd", "cat", "sleep"]

[load]
requests_per_second = 100
production_port = 80
test_port = 9000
release_pattern = 'release "([^"]+)"'
paths = {{ {paths} }}

[[release]]
name = "1"

[[release]]
name = "2"
[release.files]
{files}

[[act]]
title = "The first push, to an empty account"
verb = "push"
release = "1"
load = false
expect = {{ outcome = "succeeded" }}

[[act]]
title = "Release 2 under load: green, tested, all traffic at once"
verb = "push"
release = "2"
expect = {{ outcome = "succeeded", switch_within_seconds = 5 }}

[[act]]
title = "Back to release 1"
verb = "rollback"
release = "1"
expect = {{ outcome = "succeeded", switch_within_seconds = 5 }}
"""


def sample_files(program: Program) -> dict[str, str]:
    """The Dockerfile and what it copies; where it can be rehearsed also ``rehearsal.toml``."""
    web = [service.name for service in program.services if service.web]
    files = {"Dockerfile": _HEAD + "".join(_stage(service, web) for service in program.services)}
    files[".dockerignore"] = "*\n!site\n"
    files |= {_file(service): _says(service, "1") for service in program.services}
    if program.rehearsed:
        files["rehearsal.toml"] = _rehearsal(program, web)
    return files


def _stage(service: ServiceSpec, web: list[str]) -> str:
    if not service.web:
        return _WORKER.format(name=service.name)
    return _WEB.format(name=service.name, path=path_of(service.name, web).rstrip("/"))


def _file(service: ServiceSpec) -> str:
    return f"site/{service.name}/{'index.html' if service.web else 'says.txt'}"


def _says(service: ServiceSpec, release: str) -> str:
    return f'{service.name}, release "{release}"\n'


def _rehearsal(program: Program, web: list[str]) -> str:
    return _REHEARSAL.format(
        application=program.name,
        environment=program.environments[0],
        github=program.github,
        images=json.dumps([image.name for image in program.images]),
        paths=", ".join(f"{name} = {json.dumps(path_of(name, web))}" for name in web),
        files="\n".join(f"{json.dumps(_file(one))} = {json.dumps(_says(one, '2'))}" for one in program.services),
    )
