"""Starts the embedded AWS in a process of its own, and leaves nothing behind when it ends."""

from __future__ import annotations

import importlib.util
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

import appdp
from appdp.errors import LocalError
from appdp.local import instances
from appdp.local.bootstrap import bootstrap
from appdp.local.calls import Call
from appdp.local.clients import SECRET, EndpointClients
from appdp.local.docker_daemon import choose
from appdp.local.instances import Instance
from appdp.local.leftovers import MARKER
from appdp.local.server_config import ACCOUNT, REGION, STOP_SECONDS, ServerConfig
from appdp.local.wire import Caller, Endpoint

Mode = Literal["docker", "control-plane"]

_NEEDED: Final = ("aiohttp", "docker", "hypercorn", "ministack")

START_SECONDS: Final = 60.0
"""How long the server process may take until it is ready."""


class EmbeddedAws:
    """A running embedded AWS: an account of its own on a loopback port. Use it as a context manager.

    Example::

        with EmbeddedAws.start() as aws:
            aws.client("ssm").put_parameter(Name="/greeting", Value="hello", Type="String")

    Attributes:
        endpoint: where it answers, and the account and region that it plays.
        mode: ``"docker"`` when tasks run as containers, ``"control-plane"`` when they are only simulated.
        pid: the server process.
    """

    def __init__(self, instance: Instance, process: subprocess.Popen[bytes], *, endpoint: Endpoint, mode: Mode) -> None:
        self._instance = instance
        self._process = process
        self._clients = EndpointClients(endpoint)
        self.endpoint = endpoint
        self.mode: Mode = mode
        self.pid = process.pid

    @classmethod
    def start(
        cls,
        *,
        docker: bool | None = None,
        port: int = 0,
        bake_scale: float = 1.0,
        time_scale: float = 1.0,
        repositories: Mapping[str, Path] | None = None,
    ) -> Self:
        """Start one, after removing what killed ones left.

        Args:
            docker: whether tasks run as containers. Default: whether a Docker daemon answers.
            port: the port on 127.0.0.1. Default: any free one.
            bake_scale: factor on bake times, which ECS takes in whole minutes. Default: as on AWS.
            time_scale: factor on ECS's own waits. Default: as on AWS.
            repositories: ``owner/name`` on GitHub → the git repository on this machine that stands for it, for
                pipelines. Default: none.

        Raises:
            LocalError: ``appdp[local]`` is not installed, Docker was asked for and does not answer, or the server
                process did not become ready.
        """
        _check_installed()
        daemon = choose(docker)
        root = instances.root()
        instances.sweep(root)
        instance, lock = instances.create(root, daemon)
        config = ServerConfig(
            instance=instance.id,
            directory=str(instance.directory),
            lock=lock,
            port=port,
            docker=daemon,
            bake_scale=bake_scale,
            time_scale=time_scale,
            repositories={name: str(path.resolve()) for name, path in (repositories or {}).items()},
        )
        process = None
        try:
            process = _spawn(instance, config)
            ready = _wait_until_ready(instance, process)
            instance = instance.answers_at(int(urlsplit(ready["url"]).port or 0))
        except BaseException:  # Ctrl-C too: nothing may stay behind
            if process is not None:
                process.kill()
                _reap(process)
            instance.remove()
            raise
        finally:
            os.close(lock)
        endpoint = Endpoint(url=ready["url"], account=ACCOUNT, region=REGION)
        return cls(instance, process, endpoint=endpoint, mode=ready["mode"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server process and remove everything that it made. Doing it again does nothing."""
        self._clients.close()
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(timeout=STOP_SECONDS + 5)
        except subprocess.TimeoutExpired:
            self._process.kill()
        _reap(self._process)
        if self._instance.directory.exists():
            self._instance.remove()

    def client(self, service: str, *, account: str | None = None, region: str | None = None) -> Any:  # noqa: ANN401 - botocore's clients have no common type
        """A boto3 client of the embedded AWS, such as ``client("ssm")``.

        Args:
            service: as boto3 calls it.
            account: as whom it calls, 12 digits: each account has resources of its own. Default: the endpoint's.
            region: which region it calls. Default: the endpoint's.
        """
        caller = Caller(account=account or self.endpoint.account, region=region or self.endpoint.region)
        return self._clients.client(service, caller)

    def bootstrap(self, *, account: str, region: str) -> None:
        """Prepare an account in a region for the CDK, as ``cdk bootstrap`` would; doing it again does nothing."""
        bootstrap(self._clients, Caller(account=account, region=region))

    def environment(self) -> dict[str, str]:
        """The environment for a command that is to use the embedded AWS, and can use nothing else of AWS."""
        return {
            **_base_environment(self._instance),
            "AWS_ENDPOINT_URL": self.endpoint.url,
            "AWS_ACCESS_KEY_ID": self.endpoint.account,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": self.endpoint.region,
            "AWS_DEFAULT_REGION": self.endpoint.region,
        }

    def listeners(self) -> dict[str, str]:
        """``"<load balancer's name>:<listener's port>"`` → where it answers, such as ``http://127.0.0.1:40123``."""
        return {str(name): str(url) for name, url in self._page("listeners").items()}

    def unsimulated(self) -> dict[str, list[str]]:
        """Resource types that stacks hold and that are only recorded here → the resources, as ``stack/logical id``."""
        return {str(kind): [str(name) for name in names] for kind, names in self._page("unsimulated").items()}

    def calls(self) -> tuple[Call, ...]:
        """The different calls that roles made so far, sorted: of functions, of builds, and of ECS for its hooks."""
        return tuple(Call(*call) for call in self._page("calls")["calls"])

    def log_tail(self, lines: int = 40) -> str:
        """The last lines that the server process wrote to its log."""
        return _tail(self._instance.log, lines)

    def _page(self, name: str) -> dict[str, Any]:
        from http.client import HTTPConnection

        address = urlsplit(self.endpoint.url)
        connection = HTTPConnection(str(address.hostname), address.port, timeout=10)
        try:
            connection.request("GET", f"/_appdp/{name}")
            content = json.loads(connection.getresponse().read())
        except OSError as error:
            raise LocalError(f"The embedded AWS does not answer: {error}\n{self.log_tail()}") from error
        finally:
            connection.close()
        return dict(content)


def _check_installed() -> None:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise LocalError(
            f"The embedded AWS needs packages that are not installed: {', '.join(missing)}.",
            hint="Install them: pip install 'aws-cdk-appdp[local]'.",
        )


def _base_environment(instance: Instance) -> dict[str, str]:
    """From nothing: no credentials, profiles, proxies or tokens of the user."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(instance.directory),
        "TMPDIR": str(instance.directory / "tmp"),
        "LANG": "C.UTF-8",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _server_environment(instance: Instance) -> dict[str, str]:
    state = instance.directory / "tmp"
    return {
        **_base_environment(instance),
        MARKER: instance.id,
        "PYTHONPATH": str(Path(appdp.__file__).parent.parent),
        **({"DOCKER_HOST": instance.docker} if instance.docker else {}),
        # Builds need buildx, and nothing else of the user's Docker configuration.
        "APPDP_DOCKER_PLUGINS": str(Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "cli-plugins"),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "STATE_DIR": str(state / "ministack-state"),
        "S3_DATA_DIR": str(state / "ministack-s3"),
        "LAMBDA_EXECUTOR": "local",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
    }


def _spawn(instance: Instance, config: ServerConfig) -> subprocess.Popen[bytes]:
    with instance.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "appdp.local", config.to_json()],
            cwd=instance.directory,
            env=_server_environment(instance),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            pass_fds=(config.lock,),
            start_new_session=True,  # Ctrl-C is for the process that started it, which then stops it in order
        )


def _wait_until_ready(instance: Instance, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    if process.stdout is None:
        raise LocalError("The embedded AWS was started without a standard output.")
    line = _read_line(process.stdout.fileno(), time.monotonic() + START_SECONDS)
    if not line.endswith(b"\n"):
        raise LocalError(
            f"The embedded AWS did not start: {_state(process)}. Its log ends with:\n{_tail(instance.log, 40)}"
        )
    return dict(json.loads(line))


def _reap(process: subprocess.Popen[bytes]) -> None:
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()


def _state(process: subprocess.Popen[bytes]) -> str:
    try:
        return f"it ended with status {process.wait(timeout=1)}"
    except subprocess.TimeoutExpired:
        return f"it was not ready within {START_SECONDS:.0f} s"


def _read_line(descriptor: int, deadline: float) -> bytes:
    """One line, or what came of it before the end or the deadline."""
    line = b""
    while not line.endswith(b"\n"):
        readable, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        chunk = os.read(descriptor, 65536) if readable else b""
        if not chunk:
            return line
        line += chunk
    return line


def _tail(path: Path, lines: int) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
