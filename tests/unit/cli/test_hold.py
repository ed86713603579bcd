"""``appdp approve`` and ``appdp reject``, and what the other verbs say about a hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appdp.model.environment import DeployerManifest
from appdp.model.handoff import approval_parameter, deployer_parameter, service_parameter
from appdp.model.hold import Decision
from tests.fakes.human import asks, decides
from tests.unit.cli.terminal import ALICE, Terminal, at_release, data

URL = "http://test.example.com:9000/"


def asking() -> Terminal:
    """A terminal in front of an environment that asks for an approval, and can be tried at a URL."""
    terminal = at_release()
    terminal.account.parameters.writer = ALICE
    asks(terminal.account)
    manifest = replace(terminal.account.manifest("storefront"), test_url=URL)
    terminal.account.parameters.put(service_parameter("shop", "dev", "storefront"), manifest.to_json())
    return terminal


def on_hold() -> tuple[Terminal, str]:
    """After ``appdp deploy`` ended because of the hold, and the deployment's id."""
    terminal = asking()
    assert terminal.run("deploy", "dev", "v2").exit_code == 7
    (run,) = terminal.executions.runs.values()
    return terminal, run.name


def test_deploy_ends_on_hold_and_says_how_to_go_on() -> None:
    terminal = asking()
    result = terminal.run("deploy", "dev", "v2")
    assert result.exit_code == 7
    (run,) = terminal.executions.runs.values()
    assert "on hold before traffic moves: somebody must approve within 1 h" in result.stderr
    assert "On hold: v2 is up and tested in dev. Somebody must approve it by " in result.stderr
    assert f"try storefront: {URL}" in result.stderr
    assert f"Next: appdp approve dev --deployment {run.name}\n  or: appdp reject dev --deployment {run.name}" in (
        result.stderr
    )
    assert terminal.account.release == "v1"
    assert terminal.account.shifts == []


def test_an_approval_releases_it() -> None:
    terminal, deployment = on_hold()
    result = terminal.run("approve", "dev", "--deployment", deployment, "--reason", "looks good")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    assert "shop/dev: v1 → v2 is on hold until " in result.stderr
    assert f"try storefront: {URL}" in result.stderr
    assert "Approved: v2 takes traffic in dev within a minute." in result.stderr
    # It is followed on although the engine has not looked yet.
    followed = terminal.run("status", "dev", "--follow")
    assert followed.exit_code == 0, followed.stderr
    assert f"It was approved by {ALICE}: looks good" in followed.stderr
    assert terminal.account.release == "v2"


def test_a_rejection_returns_it() -> None:
    terminal, deployment = on_hold()
    result = terminal.run("reject", "dev", "--reason", "prices are wrong")
    assert result.exit_code == 0, result.stderr
    assert "Rejected: dev stays at v1." in result.stderr
    ended = terminal.run("status", "dev", "--deployment", deployment)
    assert ended.exit_code == 4
    assert f"rejected by {ALICE}: prices are wrong" in ended.stderr
    assert terminal.account.release == "v1"


def test_a_dry_run_decides_nothing() -> None:
    terminal, deployment = on_hold()
    result = terminal.run("approve", "dev", "--dry-run")
    assert result.exit_code == 0
    assert f"deployment {deployment}, requested by" in result.stderr
    assert approval_parameter("shop", "dev") not in terminal.account.parameters.values


def test_what_waits_is_waited_for() -> None:
    terminal, _ = on_hold()
    assert terminal.run("wait", "dev", "--timeout", "1m").exit_code == 7
    assert terminal.run("wait", "dev", "--until", "green").exit_code == 0
    terminal.run("approve", "dev")
    assert terminal.run("wait", "dev").exit_code == 0


def test_what_waits_can_be_stopped() -> None:
    terminal, _ = on_hold()
    assert terminal.run("stop", "dev", "--yes").exit_code == 0
    assert terminal.account.release == "v1"
    assert terminal.run("approve", "dev").exit_code == 8


def test_the_history_says_who_approved() -> None:
    terminal, deployment = on_hold()
    terminal.run("approve", "dev", "--reason", "looks {{ good }}")
    terminal.run("wait", "dev")
    (past, *_) = data(terminal.run("history", "dev", "--json"))
    assert past["approval"] == f"approved by {ALICE}: looks {{{{ good }}}}"
    assert past["approval"] in terminal.run("history", "dev").stdout
    # As when Step Functions has forgotten it.
    terminal.executions.runs.clear()
    assert f"It was {past['approval']}" in terminal.run("status", "dev", "--deployment", deployment).stderr


def test_json_says_who_decided() -> None:
    terminal, deployment = on_hold()
    found = data(terminal.run("approve", "dev", "--json"))
    at = found.pop("at")
    assert at == pytest.approx(terminal.account.clock.now())
    assert found == {
        "application": "shop",
        "environment": "dev",
        "release": "v2",
        "deployment": deployment,
        "decision": "approved",
        "by": ALICE,
        "reason": "",
    }


def test_json_of_a_deploy_that_is_on_hold() -> None:
    found = data(asking().run("deploy", "dev", "v2", "--json"))
    assert (found["outcome"], found["exit_code"]) == ("on_hold", 7)
    assert found["deployment"]["hold"]["test_urls"] == {"storefront": URL}


def test_deploy_can_wait_for_the_approval() -> None:
    terminal = asking()

    def decide(count: int) -> None:
        if count == 60:
            decides(terminal.account, Decision.APPROVED, running(terminal))

    terminal.on_sleep = decide
    result = terminal.run("deploy", "dev", "v2", "--wait-approval")
    assert result.exit_code == 0, result.stderr
    assert terminal.account.release == "v2"


def running(terminal: Terminal) -> str:
    return next(iter(terminal.executions.runs.values())).name


def test_who_waits_for_it_too_short_learns_that_it_is_on_hold() -> None:
    result = asking().run("deploy", "dev", "v2", "--wait-approval", "--timeout", "2m")
    assert result.exit_code == 7
    assert "appdp approve dev --deployment" in result.stderr


def test_one_deployment_can_ask_for_it() -> None:
    terminal = at_release()
    asks(terminal.account, approve=None)
    assert terminal.run("deploy", "dev", "v2", "--hold").exit_code == 7
    assert terminal.run("approve", "dev").exit_code == 0
    assert terminal.run("status", "dev", "--follow").exit_code == 0
    assert terminal.account.release == "v2"


def test_an_older_deployer_would_not_hold_it() -> None:
    terminal = at_release()
    result = terminal.run("deploy", "dev", "v2", "--hold")
    assert result.exit_code == 8
    assert "of an older appdp, which would not hold the release" in result.stderr
    assert terminal.executions.runs == {}


def test_this_process_holds_it_whatever_the_deployer_is() -> None:
    terminal = at_release()
    terminal.account.parameters.writer = ALICE

    def decide(count: int) -> None:
        text = terminal.account.parameters.values.get("/appdp/shop/dev/lock")
        if count == 30 and text:
            assert terminal.run("approve", "dev").exit_code == 0

    terminal.on_sleep = decide
    result = terminal.run("deploy", "dev", "v2", "--hold", "--direct")
    assert result.exit_code == 0, result.stderr
    assert "Somebody must decide: appdp approve dev --deployment " in result.stderr
    assert f"It was approved by {ALICE}" in result.stderr


def test_ctrl_c_on_hold_takes_a_direct_deployment_back() -> None:
    terminal = asking()

    def interrupt(count: int) -> None:
        if count == 30:
            raise KeyboardInterrupt

    terminal.on_sleep = interrupt
    result = terminal.run("deploy", "dev", "v2", "--direct")
    assert result.exit_code == 4, result.stderr
    assert terminal.account.release == "v1"
    assert terminal.account.shifts == []


# ---- status ----------------------------------------------------------------------------------------------------------


def test_status_says_what_is_on_hold_and_since_when() -> None:
    terminal, deployment = on_hold()
    shown = terminal.run("status", "dev").stdout
    assert f"deployment {deployment}, requested by {ALICE}, waiting since 20" in shown
    assert "shop/dev: v1 → v2 is on hold until 20" in shown
    assert URL in shown
    assert f"appdp approve dev --deployment {deployment}" in shown
    found = data(terminal.run("status", "dev", "--json"))
    assert found["hold"]["deployment"] == deployment
    assert found["decision"] is None


def test_status_says_what_was_decided() -> None:
    terminal, _ = on_hold()
    terminal.run("approve", "dev")
    assert f"approved by {ALICE} at 20" in terminal.run("status", "dev").stdout
    assert data(terminal.run("status", "dev", "--json"))["decision"]["decision"] == "approved"


def test_status_ends_on_hold_too() -> None:
    terminal, _ = on_hold()
    assert terminal.run("status", "dev", "--follow").exit_code == 7


# ---- what cannot be decided ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_nothing_is_on_hold(verb: str) -> None:
    result = at_release().run(verb, "dev")
    assert result.exit_code == 8
    assert "Nothing waits for an approval in environment 'dev' of 'shop'." in result.stderr


def test_another_deployment_is_on_hold() -> None:
    terminal, deployment = on_hold()
    result = terminal.run("approve", "dev", "--deployment", "d0")
    assert result.exit_code == 8
    assert f"Deployment d0 is not on hold in environment 'dev'; on hold is deployment {deployment}" in result.stderr
    assert approval_parameter("shop", "dev") not in terminal.account.parameters.values


def test_somebody_decided_before() -> None:
    terminal, _ = on_hold()
    terminal.run("reject", "dev", "--reason", "no")
    result = terminal.run("approve", "dev")
    assert result.exit_code == 8
    assert "The first decision counts." in result.stderr


def test_a_reason_that_is_too_long() -> None:
    terminal, _ = on_hold()
    result = terminal.run("approve", "dev", "--reason", "x" * 901)
    assert result.exit_code == 2
    assert "The reason has 901 characters; allowed are 900." in result.stderr


def test_an_environment_that_is_none() -> None:
    assert at_release().run("approve", "nope").exit_code == 2


@pytest.mark.parametrize(
    ("typed", "yes", "exit_code"), [("y\n", (), 0), ("n\n", (), 2), (None, ("--yes",), 0), (None, (), 2)]
)
def test_a_protected_environment_asks(typed: str | None, yes: tuple[str, ...], exit_code: int) -> None:
    terminal = asking()
    terminal.protect()
    assert terminal.run("deploy", "dev", "v2", "--yes").exit_code == 7
    terminal.interactive = typed is not None
    assert terminal.run("approve", "dev", *yes, typed=typed).exit_code == exit_code
    assert (approval_parameter("shop", "dev") in terminal.account.parameters.values) is (exit_code == 0)


def test_a_rejection_is_never_asked_about() -> None:
    terminal = asking()
    terminal.protect()
    terminal.run("deploy", "dev", "v2", "--yes")
    assert terminal.run("reject", "dev").exit_code == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("deploy", "dev", "v2", "--wait-approval", "--no-wait"), "--no-wait says not to wait"),
        (("status", "dev", "--wait-approval"), "--wait-approval needs --follow or --deployment"),
    ],
)
def test_options_that_do_not_go_together(args: tuple[str, ...], said: str) -> None:
    result = at_release().run(*args)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_manifest_before_holds_still_works() -> None:
    terminal = at_release()
    name = deployer_parameter("shop", "dev")
    text = terminal.account.parameters.values[name].replace(',"approve":null,"approval_expires_seconds":null', "")
    assert "approve" not in text
    assert DeployerManifest.from_json(text).approve is None
    terminal.account.parameters.put(name, text)
    assert terminal.run("deploy", "dev", "v2").exit_code == 0
