"""``appdp status``."""

from __future__ import annotations

import re

from appdp.engine.deploy import begin
from appdp.errors import RemoteError
from appdp.model.deployment import Owner
from appdp.model.handoff import environment_tag, lock_parameter, service_parameter
from appdp.model.job import JobRun
from appdp.model.lock import Lock
from tests.fakes.aws import FakeAws
from tests.fakes.driver import drive, request
from tests.unit.cli.terminal import ALICE, Terminal, at_release, data


def test_an_environment_that_runs_what_is_recorded() -> None:
    result = at_release().run("status", "dev")
    assert result.exit_code == 0, result.stderr
    head, titles, *services, end = result.stdout.splitlines()
    assert head.startswith("shop/dev runs v1, since 20")
    assert titles.split() == ["service", "strategy", "tasks", "image"]
    assert [line.split() for line in services] == [
        ["api", "blue_green", "2/2", "released"],
        ["storefront", "blue_green", "2/2", "released"],
        ["worker", "rolling", "2/2", "released"],
    ]
    assert end == "no deployment is under way"


def test_an_environment_without_a_release() -> None:
    result = Terminal().run("status", "dev")
    assert result.stdout.splitlines()[0] == "shop/dev has no release yet"


def test_a_service_that_runs_something_else() -> None:
    terminal = at_release()
    moved = terminal.account.digest("api", "v2")
    assert moved
    terminal.account.registry.move_tag("", "", "shop/api", digest=moved, tag=environment_tag("dev"))
    service = terminal.account.service("api")
    terminal.account.services.update(service.cluster, service.arn, task_definition=service.task_definition, force=True)
    terminal.account.clock.sleep(120)
    found = data(terminal.run("status", "dev", "--json"))
    assert {each["name"]: each["released"] for each in found["services"]} == {
        "api": False,
        "storefront": True,
        "worker": True,
    }
    assert "DIFFERS" in terminal.run("status", "dev").stdout


def test_an_image_that_did_not_change_is_the_releases() -> None:
    terminal = at_release()
    terminal.account.publish("v3", same={"worker": "v1"})
    assert terminal.run("deploy", "dev", "v3").exit_code == 0
    found = data(terminal.run("status", "dev", "--json"))
    assert all(service["released"] for service in found["services"])


def test_a_release_whose_images_are_gone() -> None:
    terminal = at_release()
    terminal.account.registry.forget("shop/api", "v1")
    assert "release v1 of image api is gone from its repository" in terminal.run("status", "dev").stdout


def test_a_service_that_is_gone() -> None:
    terminal = at_release()
    manifest = terminal.account.manifest("api")
    name = service_parameter("shop", "dev", "ghost")
    terminal.account.parameters.put(name, manifest.to_json().replace(manifest.service, "arn:gone"))
    assert "the service does not exist any more" in terminal.run("status", "dev").stdout


def test_a_deployment_that_is_under_way() -> None:
    terminal = at_release()
    terminal.run("deploy", "dev", "v2", "--timeout", "6")
    result = terminal.run("status", "dev")
    assert result.stdout.splitlines()[-1].endswith("follow it with --follow")
    assert "changing" in result.stdout
    assert "DIFFERS" not in result.stdout
    assert ALICE in result.stdout
    assert data(terminal.run("status", "dev", "--json"))["deployment"]["alive"] is True


def with_jobs() -> Terminal:
    terminal = at_release()
    terminal.account.add_job("warm", run=JobRun.AFTER_TRAFFIC)
    terminal.account.add_job("migrate", order=2)
    terminal.account.add_job("check", order=1)
    terminal.account.add_job("by-hand", run=JobRun.ON_DEMAND)
    return terminal


def job_rows(terminal: Terminal) -> list[list[str]]:
    lines = terminal.run("status", "dev").stdout.splitlines()
    titles = next(number for number, line in enumerate(lines) if line.split()[:1] == ["job"])
    return [re.split(r"\s{2,}", line.strip()) for line in lines[titles : titles + 5]]


def test_jobs_in_the_order_in_which_they_run() -> None:
    terminal = with_jobs()
    assert job_rows(terminal) == [
        ["job", "runs", "state"],
        ["check", "before traffic", "-"],
        ["migrate", "before traffic", "-"],
        ["warm", "after traffic", "-"],
        ["by-hand", "on demand", "-"],
    ]
    found = data(terminal.run("status", "dev", "--json"))["jobs"]
    assert found[0] == {
        "name": "check",
        "run": "before_traffic",
        "progress": None,
        "since": None,
        "task": None,
        "exit_code": None,
    }


def test_jobs_of_the_deployment_that_is_under_way() -> None:
    terminal = with_jobs()
    terminal.run("deploy", "dev", "v2", "--timeout", "12")
    jobs = {job["name"]: job for job in data(terminal.run("status", "dev", "--json"))["jobs"]}
    progress = {name: job["progress"] for name, job in jobs.items()}
    assert progress == {"check": "succeeded", "migrate": "running", "warm": "waiting", "by-hand": None}
    assert jobs["check"]["exit_code"] == 0
    _, check, migrate, warm, by_hand = job_rows(terminal)
    assert check[2] == "succeeded"
    assert ", exit code 0, since 20" in check[3]
    assert migrate[2] == "running"
    assert migrate[3].startswith(f"task {jobs['migrate']['task'].rpartition('/')[2]}, since 20")
    assert (warm[2:], by_hand[2:]) == (["waiting"], ["-"])


def test_jobs_of_a_process_that_deploys() -> None:
    terminal = with_jobs()
    me = Owner(execution=None, requested_by="arn:me")
    direct = begin(request("v2"), owner=me, now=terminal.account.clock.now())
    drive(terminal.account, direct, until=lambda state: any(job.name == "migrate" and job.task for job in state.jobs))
    jobs = {job["name"]: job for job in data(terminal.run("status", "dev", "--json"))["jobs"]}
    assert {name: job["progress"] for name, job in jobs.items() if job["progress"]} == {"migrate": "running"}
    _, _, migrate, *_ = job_rows(terminal)
    assert migrate[2:] == ["running", f"task {jobs['migrate']['task'].rpartition('/')[2]}"]


def test_jobs_whose_state_cannot_be_read() -> None:
    terminal = with_jobs()
    terminal.run("deploy", "dev", "v2", "--timeout", "12")
    terminal.executions.failures.append(RemoteError("AWS refused states:GetExecutionHistory", code="AccessDenied"))
    result = terminal.run("status", "dev")
    assert result.exit_code == 0
    assert "How its jobs stand could not be read: AWS refused" in result.stderr
    assert "check" in result.stdout


def held(account: FakeAws, age: float) -> None:
    owner = Owner(execution=None, requested_by="arn:bob")
    lock = Lock(deployment="other", owner=owner, renewed_at=account.clock.now() - age)
    account.parameters.put(lock_parameter("shop", "dev"), lock.to_json())


def test_a_process_that_holds_the_lock() -> None:
    terminal = at_release()
    held(terminal.account, 10)
    assert "in a process (--direct) that was alive at" in terminal.run("status", "dev").stdout
    followed = terminal.run("status", "dev", "--follow")
    assert followed.exit_code == 6
    assert "only that process can show how it goes" in followed.stderr
    assert data(terminal.run("status", "dev", "--follow", "--json"))["outcome"] == "running"
    assert "in a process (--direct)" in followed.stderr


def test_a_lock_that_a_dead_process_left() -> None:
    terminal = at_release()
    held(terminal.account, 1000)
    assert "the next deployment takes over" in terminal.run("status", "dev").stdout


def test_nothing_to_follow() -> None:
    result = at_release().run("status", "dev", "--follow")
    assert result.exit_code == 3
    assert "no deployment is under way" in result.stderr


def test_an_unknown_environment() -> None:
    for args in (("status", "prod"), ("status", "prod", "--follow")):
        result = at_release().run(*args)
        assert result.exit_code == 2
        assert "There are: dev." in result.stderr


def test_nothing_to_follow_as_json_has_the_keys_of_every_ending() -> None:
    terminal = at_release()
    nothing = data(terminal.run("status", "dev", "--follow", "--json"))
    ended = data(terminal.run("deploy", "dev", "v2", "--json"))
    assert list(nothing) == list(ended)
    assert (nothing["outcome"], nothing["exit_code"]) == ("nothing_to_do", 3)
    followed = data(terminal.run("status", "dev", "--deployment", ended["id"], "--json"))
    assert (followed["release"], followed["outcome"]) == ("v2", "succeeded")


def test_following_gives_up_after_a_time() -> None:
    terminal = at_release()
    terminal.run("deploy", "dev", "v2", "--timeout", "6s")
    assert terminal.run("status", "dev", "--follow", "--timeout", "4s").exit_code == 6
    assert terminal.run("status", "dev", "--follow").exit_code == 0


def test_a_time_to_wait_needs_something_to_wait_for() -> None:
    result = at_release().run("status", "dev", "--timeout", "4s")
    assert result.exit_code == 2
    assert "--timeout needs --follow or --deployment" in result.stderr
