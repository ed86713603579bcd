"""Processes of the rehearsal: commands that are followed and ended, and the load generator against a small server."""

from __future__ import annotations

import http.server
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

import appdp
from appdp.errors import ConfigurationError, LocalError
from appdp.local.rehearsal import synth
from appdp.local.rehearsal.child import Command, run
from appdp.local.rehearsal.load import LoadGenerator, Order, Target
from appdp.local.rehearsal.traffic import Traffic, count

ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(appdp.__file__).parent.parent)}


def _python(program: str, **more: object) -> Command:
    return Command(words=(sys.executable, "-c", program), environment=ENVIRONMENT, **more)  # type: ignore[arg-type]  # as each test gives them


def test_a_command_is_followed_line_by_line() -> None:
    lines: list[str] = []
    program = (
        "import sys; print(sys.stdin.read()); print('a', file=sys.stderr); print('b', file=sys.stderr); sys.exit(3)"
    )
    ended = run(_python(program, stdin="hello"), lines.append)
    assert (ended.code, ended.stdout, ended.stderr) == (3, "hello\n", ("a", "b"))
    assert lines == ["a", "b"]


def test_a_command_can_see_from_its_stdin_that_we_live() -> None:
    program = "import select, sys; print(len(select.select([0], [], [], {seconds})[0]))"
    assert run(_python(program.format(seconds=0.3), hold=True)).stdout == "0\n"
    assert run(_python(program.format(seconds=60))).stdout == "1\n"


def test_a_command_that_takes_too_long_is_ended() -> None:
    started = time.monotonic()
    ended = run(_python("import time; time.sleep(60)", timeout_seconds=0.5))
    assert ended.code < 0
    assert time.monotonic() - started < 10


def test_a_program_that_is_not_installed() -> None:
    with pytest.raises(LocalError, match="There is no program 'no-such-program'"):
        run(Command(words=("no-such-program",), environment=ENVIRONMENT))


class _Shop(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock: ClassVar = threading.Lock()
    slow: ClassVar = 0
    most: ClassVar = 0

    def do_GET(self) -> None:
        if self.path == "/slow":
            self.count(1)
            time.sleep(4)
            self.count(-1)
        body = b'{"release": "7"}' if self.path in ("/good", "/slow") else b"no"
        self.send_response(200 if self.path in ("/good", "/slow") else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def count(self, more: int) -> None:
        """Remember how many slow requests were under way at the same time."""
        with _Shop.lock:
            _Shop.slow += more
            _Shop.most = max(_Shop.most, _Shop.slow)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def _shop() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Shop)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _wait(probe: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not probe():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_the_load_generator_accounts_for_every_request() -> None:
    with _shop() as url:
        targets = (
            Target(service="web", url=f"{url}/good"),
            Target(service="api", url=f"{url}/bad"),
            Target(service="gone", url="http://127.0.0.1:1/"),
            Target(service="web", url=f"{url}/good", test=True),
        )
        traffic = Traffic(targets)
        order = Order(targets=targets, rate=60, release_pattern='release": "([^"]+)"')
        with LoadGenerator(order, ENVIRONMENT, traffic.add) as generator:
            _wait(lambda: traffic.totals[0] >= 60)
            stopped_by = time.time()
            sent = generator.finish()
            gone_by = time.time()
    assert stopped_by <= generator.ended_at < gone_by, "when it stopped, not when its process had ended"
    counted = count(traffic, release="7", start=generator.started_at, end=generator.ended_at)
    assert sent == len(traffic) == counted.sent + counted.test_requests
    by_name = {service.service: service for service in counted.services}
    assert by_name["web"].failed == 0
    assert dict(by_name["web"].releases) == {"7": by_name["web"].sent}
    assert dict(by_name["api"].failures) == {"503": by_name["api"].sent}
    assert dict(by_name["gone"].failures) == {"no answer": by_name["gone"].sent}
    assert counted.sent >= 60


def test_a_server_that_is_too_slow_is_not_drowned() -> None:
    """As many requests are under way as fall due in two seconds, and what waited leaves when there is room again."""
    with _shop() as url:
        targets = (Target(service="web", url=f"{url}/slow"),)
        traffic = Traffic(targets)
        order = Order(targets=targets, rate=30, release_pattern='release": "([^"]+)"')
        with LoadGenerator(order, ENVIRONMENT, traffic.add) as generator:
            _wait(lambda: traffic.totals[0] > 60)
            sent = generator.finish()
    assert traffic.totals == (sent, 0)
    assert _Shop.most == 60


def test_a_load_generator_that_is_left_is_gone() -> None:
    order = Order(targets=(Target(service="web", url="http://127.0.0.1:1/"),), rate=10, release_pattern="(x)")
    with LoadGenerator(order, ENVIRONMENT, lambda _rows: None) as generator:
        pid = generator.pid
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_load_generator_that_dies_gives_no_figures() -> None:
    order = Order(targets=(Target(service="web", url="http://127.0.0.1:1/"),), rate=10, release_pattern="(")
    environment = {**ENVIRONMENT, "PYTHONPATH": "/nowhere"}
    with (
        LoadGenerator(order, environment, lambda _rows: None) as generator,
        pytest.raises(LocalError, match="load generator"),
    ):
        generator.finish()


def test_a_cdk_program_is_run_as_cdk_json_says(tmp_path: Path) -> None:
    program = "import os, pathlib; pathlib.Path(os.environ['CDK_OUTDIR']).write_text(os.environ['CDK_CONTEXT_JSON'])"
    (tmp_path / "app.py").write_text(program, encoding="utf-8")
    (tmp_path / "cdk.json").write_text('{"app": "python3 app.py", "context": {"a": 1, "b": 2}}', encoding="utf-8")
    synth.synthesise(tmp_path, tmp_path / "out", {"b": 3})
    assert (tmp_path / "out").read_text(encoding="utf-8") == '{"a": 1, "b": 3}'


def test_a_cdk_program_that_fails_shows_why(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("raise SystemExit('no such subnet')", encoding="utf-8")
    (tmp_path / "cdk.json").write_text('{"app": "python app.py"}', encoding="utf-8")
    with pytest.raises(LocalError, match="ended with code 1:\n  no such subnet"):
        synth.synthesise(tmp_path, tmp_path / "out", {})


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "has no cdk.json"), ("{", "is not JSON"), ("[]", "names no program"), ('{"app": 3}', "names no program")],
)
def test_a_cdk_json_that_cannot_work(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "cdk.json").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        synth.read_settings(tmp_path)


def test_other_programs_than_python_stay_as_they_are() -> None:
    assert synth.command_of("python3 app.py --x") == (sys.executable, "app.py", "--x")
    assert synth.command_of("npx ts-node app.ts") == ("npx", "ts-node", "app.ts")
