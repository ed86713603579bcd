"""``appdp init``."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.live_service import BLUEPRINT, DEFINITION, SERVICE
from tests.unit.cli.terminal import Terminal

COPILOT = Path(__file__).parents[2] / "fixtures" / "copilot"

NEW = {
    *(".dockerignore", "Dockerfile", "README.md", "app.py", "cdk.json", "rehearsal.toml", "requirements.txt"),
    "site/web/index.html",
}


def files(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def live(**service: Any) -> Terminal:
    """A terminal in front of a service that runs."""
    terminal = Terminal()
    terminal.blueprints.known["shop", "orders"] = replace(BLUEPRINT, service={**SERVICE, **service})
    return terminal


def test_a_new_application(tmp_path: Path) -> None:
    result = Terminal().run("init", str(tmp_path / "Book Shop"), "--github", "acme/shop")
    assert result.exit_code == 0, result.stderr
    assert files(tmp_path / "Book Shop") == NEW
    assert 'name="book-shop"' in (tmp_path / "Book Shop" / "app.py").read_text()
    assert "git push" in (tmp_path / "Book Shop" / "README.md").read_text()
    assert "Next: the two commands in" in result.stderr


def test_a_dry_run_prints_every_file_and_writes_none(tmp_path: Path) -> None:
    result = Terminal().run("init", str(tmp_path), "--github", "acme/shop", "--name", "shop", "--dry-run")
    assert result.exit_code == 0, result.stderr
    assert all(f"==> {tmp_path / name} <==" in result.stdout for name in NEW)
    assert files(tmp_path) == set()


def test_a_dockerfile_that_is_there_is_used(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch AS web\n")
    result = Terminal().run("init", str(tmp_path), "--github", "acme/shop", "--name", "shop")
    assert result.exit_code == 0, result.stderr
    assert files(tmp_path) == {"Dockerfile", "README.md", "app.py", "cdk.json", "requirements.txt"}
    assert (tmp_path / "Dockerfile").read_text() == "FROM scratch AS web\n"


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("mine")
    (tmp_path / "README.md").write_text("mine")
    result = Terminal().run("init", str(tmp_path), "--name", "shop")
    assert result.exit_code == 2
    assert "has README.md, app.py already" in result.stderr
    assert "appdp init infra" in result.stderr
    assert files(tmp_path) == {"app.py", "README.md"}
    assert (tmp_path / "app.py").read_text() == "mine"


def test_whatever_copilot_says_is_carried_over_or_told(tmp_path: Path) -> None:
    result = Terminal().run("init", str(tmp_path), "--from-copilot", str(COPILOT))
    assert result.exit_code == 0, result.stderr
    told = (
        "report: retries = 3",
        "report: timeout = 1h",
        "environment prod: network.vpc.id = vpc-0123456789abcdef0",
        "frontend/addons: what is in it",
        "mailer/overrides: what is in it",
        "pipelines/main: what is in it",
        "api: network.connect = True",
        "api: network.vpc.placement = private",
        "frontend: image.build.cache_from",
        "frontend: variables.BUCKET",
        "frontend: secrets.TOKEN",
        "frontend: http.alias: the certificate",
        "frontend: http.stickiness = True",
        "frontend: sidecars.nginx.image = example.com/nginx:1",
        "frontend: count.cooldown",
        "frontend: count.requests = 30",
        "mailer: image.location = example.com/mailer:1.2",
        "mailer: subscribe.topics",
    )
    source, readme = (tmp_path / "app.py").read_text(), (tmp_path / "README.md").read_text()
    comments = " ".join(line.strip().lstrip("# ") for line in source.splitlines() if line.strip().startswith("#"))
    for note in told:
        assert f"Not carried over: {note}" in result.stderr.replace(f"{COPILOT}/", "")
        assert note in readme.replace(f"{COPILOT}/", "")
        assert note.partition(": ")[2].split(" ")[0] in comments
    # Production is what waits for a yes, whatever the alphabet says.
    assert 'for environment in ("test", "prod"):' in source


def test_each_field_of_a_manifest_is_carried_over_or_told(tmp_path: Path) -> None:
    """A field that nobody knows is told."""
    copy = tmp_path / "copilot"
    shutil.copytree(COPILOT, copy)
    with (copy / "api" / "manifest.yml").open("a") as manifest:
        manifest.write("\nfuture:\n  field: 7\n")
    result = Terminal().run("init", str(tmp_path / "new"), "--from-copilot", str(copy))
    assert "Not carried over: api: future.field = 7" in result.stderr


def test_whatever_a_service_has_is_carried_over_or_told(tmp_path: Path) -> None:
    result = live().run("init", str(tmp_path), "--from-service", "shop/orders", "--name", "shop")
    assert result.exit_code == 0, result.stderr
    for note in (
        "it keeps its traffic until you delete its listener rule",
        "condition on source-ip",
        "stickiness",
        "alarms = too-many-errors",
        "serviceRegistries",
        "containers router: give the service a task_definition=",
        "role/orders",
        "ephemeralStorage.sizeInGiB = 50",
        "container: command = ['serve', '--fast']",
        "image example.com/orders:7",
        "logging with awslogs",
    ):
        assert note in result.stderr


def test_a_service_without_a_load_balancer_is_a_worker(tmp_path: Path) -> None:
    terminal = Terminal()
    check = {"command": ["CMD", "true"], "interval": 30, "retries": 3}
    main = {"name": "app", "image": "x", "healthCheck": check}
    terminal.blueprints.known["shop", "mailer"] = replace(
        BLUEPRINT,
        service={**SERVICE, "loadBalancers": [], "launchType": "EC2", "capacityProviderStrategy": []},
        definition={**DEFINITION, "containerDefinitions": [main]},
        rule={},
        listener="",
    )
    result = terminal.run("init", str(tmp_path), "--from-service", "shop/mailer", "--name", "shop")
    assert result.exit_code == 0, result.stderr
    source = (tmp_path / "app.py").read_text()
    assert "Worker(" in source
    assert "WebService" not in source
    assert 'command=["CMD", "true"]' in source
    assert "launch type EC2: it runs on Fargate here" in result.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--services", "Web"), "Service 'Web' is not a name"),
        (("--services", "web:lambda"), "of kind 'lambda': allowed are web and worker"),
        (("--services", "web,web"), "twice"),
        (("--environment", "dev,dev"), "The environment dev is there twice"),
        (("--environment", "releases"), "cannot be called so"),
        (("--name", "No Name"), "Application 'No Name' is not a name"),
        (("--github", "https://github.com/acme/shop"), "a repository is written owner/repo"),
        (("--services", "web", "--from-service", "a/b"), "say the same thing"),
        (("--from-service", "orders"), "allowed is CLUSTER/SERVICE"),
        (("--from-service", "shop/nothing"), "There are: orders."),
        (("--from-service", "shop/orders", "--environment", "dev,prod"), "is in one of them"),
        (("--from-copilot", "/nonexistent"), "has no file .workspace"),
    ],
)
def test_what_cannot_be(tmp_path: Path, args: tuple[str, ...], words: str) -> None:
    result = live().run("init", str(tmp_path), *args)
    assert result.exit_code == 2
    assert words in result.stderr
    assert files(tmp_path) == set()


def test_a_service_that_is_not_for_fargate(tmp_path: Path) -> None:
    result = live(networkConfiguration={}).run("init", str(tmp_path), "--from-service", "shop/orders")
    assert result.exit_code == 2
    assert "no awsvpc network" in result.stderr


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("api/manifest.yml", "a: [", "is not YAML"),
        ("api/manifest.yml", "- 1", "holds no settings but list"),
        ("api/manifest.yml", "type: Worker Service\nhttp: {}\ncount: {range: 3-2}", ""),
    ],
)
def test_manifests_that_are_broken(tmp_path: Path, name: str, content: str, words: str) -> None:
    copy = tmp_path / "copilot"
    shutil.copytree(COPILOT, copy)
    (copy / name).write_text(content)
    result = Terminal().run("init", str(tmp_path / "new"), "--from-copilot", str(copy))
    assert "Traceback" not in result.stderr
    assert words in result.stderr
    assert result.exit_code == (2 if words else 0)


def test_a_workspace_without_services(tmp_path: Path) -> None:
    copy = tmp_path / "copilot"
    shutil.copytree(COPILOT / "report", copy / "report")
    (copy / ".workspace").write_text("application: x")
    result = Terminal().run("init", str(tmp_path / "new"), "--from-copilot", str(copy))
    assert result.exit_code == 2
    assert "there are: Scheduled Job" in result.stderr
