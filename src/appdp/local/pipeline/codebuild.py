"""The build action: runs a project's own build specification on this machine.

What CodeBuild brings in its image, and what is asked of it here, is bash, Docker and ``aws``. Docker is this machine's;
for ``aws`` a stand-in is first on the path. The registry's name in the project's variables is replaced by where the
embedded registry answers, as DNS would do it.

See: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeBuild.html and
https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from appdp.local.clients import SECRET
from appdp.local.pipeline.buildspec import BuildSpec, read
from appdp.local.pipeline.logs import BuildLog
from appdp.local.pipeline.performing import ActionFailed, Order, Performed
from appdp.local.pipeline.store import Store, new_id
from appdp.local.wire import Kernel

SHOWN_LINES: Final = 20
"""How many lines of a failed build's log the action's error shows."""
PLUGINS: Final = "APPDP_DOCKER_PLUGINS"
"""Environment variable of the server process: where the user's Docker plugins are, buildx among them."""
_NO_DOCKER: Final = "unix:///dev/null"
_GRACE_SECONDS: Final = 5.0


class CodeBuild:
    """Performs ``AWS/CodeBuild``.

    Args:
        store: where the projects are.
        kernel: of the embedded AWS.
        docker: the Docker daemon's address; None: builds find none.
    """

    def __init__(self, store: Store, kernel: Kernel, docker: str | None) -> None:
        self._store = store
        self._kernel = kernel
        self._docker = docker

    async def perform(self, order: Order) -> Performed:
        """Run the build; it fails with the last lines of its log."""
        name = order.needed("ProjectName")
        project = self._store.projects.get(name)
        if project is None:
            raise ActionFailed(f"There is no build project {name!r}.")
        spec = read(str(project.get("Source", {}).get("BuildSpec", "")))
        build = f"{name}:{new_id()}"
        order.run.external_id = build
        place = order.execution.directory / build.replace(":", "-")
        shutil.copytree(order.inputs[0], place / "src", symlinks=True)
        environment = await self._environment(project, order, spec, place, build)
        log = BuildLog(f"/aws/codebuild/{name}", build.rpartition(":")[2], self._kernel.clients)
        code = await _run(spec, place, environment, log, _minutes(project) * 60.0)
        await asyncio.to_thread(log.send)
        if code != 0:
            shown = "\n".join(log.lines[-SHOWN_LINES:])
            raise ActionFailed(f"Build {build} ended with code {code}. The end of its log:\n{shown}")
        return Performed(variables=_exported(place / "exported"), artifact=place / "src")

    async def _environment(
        self, project: Mapping[str, Any], order: Order, spec: BuildSpec, place: Path, build: str
    ) -> dict[str, str]:
        here = self._kernel.endpoint
        tools = _tools(place / "bin")
        caller = order.execution.pipeline.caller
        given = [*_declared(project), *json.loads(order.configuration.get("EnvironmentVariables", "[]"))]
        values = await asyncio.to_thread(self._values, given, spec)
        registry = f"{caller.account}.dkr.ecr.{caller.region}.amazonaws.com"
        reached = f"localhost:{urlsplit(here.url).port}"
        return {
            **os.environ,
            **spec.variables,
            **{key: value.replace(registry, reached) for key, value in values.items()},
            "PATH": f"{tools}:{os.environ.get('PATH', os.defpath)}",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "HOME": str(place),
            "DOCKER_HOST": self._docker or _NO_DOCKER,
            "DOCKER_CONFIG": _docker_config(place / "docker"),
            # This machine's daemon builds: a builder in a container would stay behind, and cannot reach loopback.
            "BUILDX_BUILDER": "default",
            "AWS_ENDPOINT_URL": here.url,
            "AWS_ACCESS_KEY_ID": caller.account,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_SESSION_TOKEN": str(project.get("ServiceRole", "")),
            "AWS_REGION": caller.region,
            "AWS_DEFAULT_REGION": caller.region,
            "CODEBUILD_BUILD_ID": build,
            "CODEBUILD_SRC_DIR": str(place / "src"),
            "CODEBUILD_INITIATOR": f"codepipeline/{order.execution.pipeline.name}",
        }

    def _values(self, given: list[Mapping[str, str]], spec: BuildSpec) -> dict[str, str]:
        """Variables, with those that name a parameter or a secret looked up; blocks."""
        found = {name: self._secret(reference) for name, reference in spec.secrets.items()}
        for variable in given:
            kind, value = variable.get("type", "PLAINTEXT"), variable["value"]
            if kind == "SECRETS_MANAGER":
                value = self._secret(value)
            elif kind == "PARAMETER_STORE":
                answer = self._kernel.clients.client("ssm").get_parameter(Name=value, WithDecryption=True)
                value = answer["Parameter"]["Value"]
            found[variable["name"]] = value
        return found

    def _secret(self, reference: str) -> str:
        # An ARN has colons of its own: seven parts, then the key.
        parts = reference.split(":")
        end = 7 if reference.startswith("arn:") else 1
        secret, key = ":".join(parts[:end]), ":".join(parts[end : end + 1])
        text = str(self._kernel.clients.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])
        return str(json.loads(text)[key]) if key else text


def _declared(project: Mapping[str, Any]) -> list[Mapping[str, str]]:
    declared = project.get("Environment", {}).get("EnvironmentVariables") or []
    return [{key.lower(): str(value) for key, value in variable.items()} for variable in declared]


def _minutes(project: Mapping[str, Any]) -> int:
    # An hour unless the project says otherwise.
    return int(project.get("TimeoutInMinutes") or 60)


def _tools(directory: Path) -> Path:
    directory.mkdir(parents=True)
    command = directory / "aws"
    command.write_text(f"#!{sys.executable}\nfrom appdp.local.pipeline.aws_command import main\n\nmain()\n")
    command.chmod(0o755)
    return directory


def _docker_config(directory: Path) -> str:
    """A Docker configuration of the build's own: it logs in, and the user's must not see that."""
    directory.mkdir()
    plugins = os.environ.get(PLUGINS)
    (directory / "config.json").write_text(json.dumps({"cliPluginsExtraDirs": [plugins]} if plugins else {}))
    return str(directory)


async def _run(spec: BuildSpec, place: Path, environment: Mapping[str, str], log: BuildLog, seconds: float) -> int:
    """Run a build's commands; returns the exit code."""
    process = await asyncio.create_subprocess_exec(
        *(spec.shell, "-c", spec.script(str(place / "exported"))),
        cwd=place / "src",
        env=dict(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            await log.read(process.stdout)
            return await process.wait()
    except TimeoutError:
        log.add(f"[Container] Build timed out after {seconds / 60:g} minutes")
        return 124
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the build with everything that it started."""
    if process.returncode is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_SECONDS):
                await process.wait()
                return


def _exported(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = (pair.partition("=") for pair in path.read_text().split("\0") if pair)
    return {name: value for name, _, value in pairs}
