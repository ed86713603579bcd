"""What holds for every test: what the machine must offer, and that nothing is skipped unnoticed.

A test marked ``docker``, ``browser`` or ``curl`` is skipped where there is no Docker daemon, Chromium or curl. Where
``CI`` is set the machine is meant to have all of them, so there a test that was skipped, for whatever reason, counts as
failed.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Generator
from functools import cache

import pytest
from hypothesis import HealthCheck, settings

# What is printed must not depend on the terminal that happens to run the tests, nor what is done on its settings.
os.environ["TERM"] = "xterm-256color"
for name in ("NO_COLOR", "COLUMNS", "APPDP_APP", "AWS_PROFILE", "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
    os.environ.pop(name, None)

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def in_ci() -> bool:
    """Whether the environment says that this is a CI machine."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


# A machine that stands still for a moment is no finding.
settings.register_profile(
    "appdp",
    settings.get_profile("ci" if in_ci() else "default"),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("appdp")


@cache
def missing_docker() -> str:
    """Why there is no Docker; empty when a daemon answers."""
    from appdp.errors import LocalError
    from appdp.local.docker_daemon import connected

    # The tests' own clients are made with docker.from_env, which knows no contexts.
    address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    try:
        with connected(address, timeout_seconds=10) as client:
            client.ping()
    except LocalError as error:
        return f"no Docker daemon answers: {error}"
    return ""


@cache
def missing_browser() -> str:
    """Why there is no browser; empty when there is one."""
    found = any(shutil.which(name) for name in CHROMIUM_NAMES)
    return "" if found else f"no Chromium on the path (looked for {', '.join(CHROMIUM_NAMES)})"


def missing_curl() -> str:
    """Why there is no curl; empty when there is one."""
    return "" if shutil.which("curl") else "no curl on the path"


NEEDS: dict[str, Callable[[], str]] = {"docker": missing_docker, "browser": missing_browser, "curl": missing_curl}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine cannot run; asks for Docker only when a test of the session needs it."""
    for item in items:
        for name, missing in NEEDS.items():
            if item.get_closest_marker(name) and (reason := missing()):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_collection_finish() -> None:
    """Let the garbage collector leave alone what was imported, and look less often at what the tests make."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _fail_instead(report: pytest.TestReport | pytest.CollectReport) -> None:
    if in_ci() and report.skipped:
        where = report.longrepr
        reason = where[2] if isinstance(where, tuple) else str(where or getattr(report, "wasxfail", ""))
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: nothing may be skipped where CI is set. {reason}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failed one in CI."""
    report = yield
    _fail_instead(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a skipped module into a failed one in CI."""
    report = yield
    _fail_instead(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many scenarios the model-based tests told."""
    passed = [report for report in terminalreporter.stats.get("passed", ()) if isinstance(report, pytest.TestReport)]
    counts = [int(str(value)) for one in passed for name, value in one.user_properties if name == "scenarios"]
    if counts:
        terminalreporter.write_line(f"Model-based tests: {sum(counts):,} scenarios in {len(counts)} shards.")
