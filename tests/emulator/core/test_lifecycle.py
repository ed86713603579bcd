"""Nothing of an embedded AWS stays behind, however it ends."""

from __future__ import annotations

import fcntl
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import docker
import pytest

from appdp.errors import LocalError
from appdp.local import instances
from appdp.local.leftovers import LABEL, MARKER
from appdp.local.lifecycle import EmbeddedAws
from tests.emulator.core.functions import create_function
from tests.emulator.static_image import static_image

OWNER = """
import signal, time
from appdp.local.lifecycle import EmbeddedAws
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background inherits that it is ignored
with EmbeddedAws.start(docker={docker}) as aws:
    {work}
    print(aws.pid, aws.endpoint.url, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary directory of its own, so that other embedded AWSs of this machine are none of the test's business."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return instances.root()


def _marked(instance: str = "") -> list[int]:
    wanted = f"{MARKER}={instance}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            environment = (entry / "environ").read_bytes()
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z" and any(line.startswith(wanted) for line in environment.split(b"\0")):
            found.append(int(entry.name))
    return found


def _instances(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir() if path.is_dir())


def _is_unlocked(instance: Path) -> bool:
    with (instance / "lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _until(condition: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def owner(root: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], int]]]:
    """Starts a process that starts an embedded AWS and holds it."""
    started: list[subprocess.Popen[str]] = []

    def start(work: str = "pass", docker: bool = False) -> tuple[subprocess.Popen[str], int]:
        code = OWNER.format(work=work, docker=docker)
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, "TMPDIR": str(root.parent), "PYTHONPATH": os.getcwd()},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return process, int(process.stdout.readline().split()[0])

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def test_a_normal_end_leaves_nothing(root: Path) -> None:
    with EmbeddedAws.start(docker=False) as aws:
        create_function(aws, "greet", "def handler(event, context): return 'hello'")
        aws.client("lambda").invoke(FunctionName="greet")
        (instance,) = _instances(root)
        assert len(_marked(instance)) == 2  # the server and the function's worker
        assert list((root / instance / "tmp").iterdir())
    assert _instances(root) == []
    assert _marked(instance) == []
    aws.stop()  # again: nothing


def test_ctrl_c_leaves_nothing(root: Path, owner: Callable[..., tuple[subprocess.Popen[str], int]]) -> None:
    process, server = owner()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) != 0
    assert _instances(root) == []
    assert server not in _marked()


def test_the_server_ends_when_its_owner_is_killed(
    root: Path, owner: Callable[..., tuple[subprocess.Popen[str], int]]
) -> None:
    process, server = owner()
    (instance,) = _instances(root)
    process.kill()
    process.wait()
    assert _until(lambda: not _marked(instance) and _is_unlocked(root / instance))
    assert server not in _marked()
    instances.sweep(root)
    assert _instances(root) == []


def test_the_next_start_sweeps_a_killed_server(
    root: Path, owner: Callable[..., tuple[subprocess.Popen[str], int]]
) -> None:
    process, server = owner(
        "from tests.emulator.core.functions import create_function;"
        "create_function(aws, 'stuck', 'import time\\ndef handler(e, c): time.sleep(600)', timeout=900);"
        "aws.client('lambda').invoke(FunctionName='stuck', InvocationType='Event')"
    )
    (instance,) = _instances(root)
    assert _until(lambda: len(_marked(instance)) == 2)
    os.kill(server, signal.SIGKILL)
    process.kill()
    process.wait()
    assert _until(lambda: _is_unlocked(root / instance))
    with EmbeddedAws.start(docker=False):
        assert _marked(instance) == []
        assert instance not in _instances(root)
    assert _instances(root) == []


def test_a_running_instance_is_not_swept(root: Path) -> None:
    with EmbeddedAws.start(docker=False) as first:
        with EmbeddedAws.start(docker=False) as second:
            assert len(_instances(root)) == 2
            assert first.endpoint.url != second.endpoint.url
        first.client("sts").get_caller_identity()


@pytest.mark.docker
def test_the_next_start_removes_containers_of_a_killed_server(
    root: Path, owner: Callable[..., tuple[subprocess.Popen[str], int]]
) -> None:
    process, server = owner(docker=True)
    (instance,) = _instances(root)
    client = docker.from_env()
    try:
        image = client.images.get(static_image(client))
        port = json.loads((root / instance / "instance.json").read_text())["port"]
        image.tag(f"localhost:{port}/left", "behind")
        network = client.networks.create(f"appdp-test-{instance}", labels={LABEL: instance})
        container = client.containers.run(
            static_image(client), ["sleep", "600"], detach=True, labels={LABEL: instance}, network=str(network.name)
        )
        os.kill(server, signal.SIGKILL)
        process.kill()
        process.wait()
        assert _until(lambda: _is_unlocked(root / instance))
        with EmbeddedAws.start(docker=True) as aws:
            assert client.containers.list(all=True, filters={"id": str(container.id)}) == []
            assert client.networks.list(filters={"label": f"{LABEL}={instance}"}) == []
            assert client.images.list(f"localhost:{port}/left") == []
            ours = f"localhost:{urlsplit(aws.endpoint.url).port}/kept"
            image.tag(ours, "while-it-runs")
            with EmbeddedAws.start(docker=True):
                assert client.images.list(ours)
        assert client.images.list(ours) == []
        assert client.images.list(static_image(client))
    finally:
        client.close()


@pytest.mark.parametrize("stale", [False, True], ids=["no socket", "a socket that nobody listens on"])
def test_a_dead_instance_waits_for_its_docker_daemon(root: Path, stale: bool) -> None:
    address = root.parent / "docker.sock"
    instance, lock = instances.create(root, f"unix://{address}")
    os.close(lock)  # dead
    if stale:
        with socket.socket(socket.AF_UNIX) as gone:
            gone.bind(str(address))
    for _ in range(2):
        assert instances.sweep(root) == ()
    assert _instances(root) == [instance.id]
    gc.collect()  # a connection that was left open warns now, and a warning fails the test


def test_the_server_sees_none_of_the_users_environment(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the user's own")
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("GITHUB_TOKEN", "another secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:1")
    with EmbeddedAws.start(docker=False) as aws:
        environment = Path(f"/proc/{aws.pid}/environ").read_bytes().decode()
        for forbidden in ("user's own", "production", "another secret", "proxy.invalid", "AWS_PROFILE"):
            assert forbidden not in environment
        assert f"HOME={root}" in environment
        given = aws.environment()
        assert given["AWS_ENDPOINT_URL"] == aws.endpoint.url
        assert "GITHUB_TOKEN" not in given
        assert "AWS_PROFILE" not in given
        assert aws.client("sts").get_caller_identity()["Account"] == "000000000000"


def test_it_listens_on_loopback_only(root: Path) -> None:
    with EmbeddedAws.start(docker=False) as aws:
        listening = _listening_addresses(aws.pid)
        assert listening
        assert {address for address, _port in listening} == {"0100007F"}  # 127.0.0.1 as the kernel writes it


def _listening_addresses(pid: int) -> set[tuple[str, str]]:
    sockets = {os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir() if path.exists() or path.is_symlink()}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                address, port = fields[1].split(":")
                found.add((address, port))
    return found


def test_everything_that_it_writes_is_in_its_directory(root: Path) -> None:
    before = {path.name for path in Path("/tmp").iterdir() if path.name.startswith("ministack")}  # noqa: S108 - MiniStack's own default
    with EmbeddedAws.start(docker=False) as aws:
        aws.client("s3").create_bucket(Bucket="some-bucket")
        aws.client("s3").put_object(Bucket="some-bucket", Key="k", Body=b"v")
        create_function(aws, "greet", "def handler(event, context): return 'hello'")
        aws.client("lambda").invoke(FunctionName="greet")
    after = {path.name for path in Path("/tmp").iterdir() if path.name.startswith("ministack")}  # noqa: S108 - see above
    assert after == before
    assert {path.name for path in root.parent.iterdir()} == {root.name}


def test_a_server_that_does_not_start_shows_its_log(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(LocalError, match="in use"):
        EmbeddedAws.start(docker=False, port=taken.getsockname()[1])
    assert _instances(root) == []


def test_docker_that_does_not_answer(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{root}/nothing.sock")
    with pytest.raises(LocalError, match="no daemon answers"):
        EmbeddedAws.start(docker=True)
    with EmbeddedAws.start() as aws:
        assert aws.mode == "control-plane"


def test_interrupted_while_it_starts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_args: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr("appdp.local.lifecycle._read_line", interrupt)
    with pytest.raises(KeyboardInterrupt):
        EmbeddedAws.start(docker=False)
    assert _instances(root) == []
