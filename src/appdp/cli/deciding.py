"""Find what is on hold, show it, ask, leave the decision: what ``approve`` and ``reject`` do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from appdp.cli.asking import confirm
from appdp.cli.context import Account, Aws, Cli
from appdp.cli.options import again
from appdp.cli.output import echo_json, moment, say
from appdp.engine.deploy import leave, read_deployer, waiting
from appdp.model.handoff import check_name
from appdp.model.hold import Approval, Decision, HoldNotice


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The command line, parsed."""

    environment: str
    decision: Decision
    deployment: str | None
    reason: str
    dry_run: bool
    yes: bool
    as_json: bool
    account: Account

    @classmethod
    def of(cls, *, environment: str, decision: Decision, given: Mapping[str, Any]) -> Words:
        """From click's parameters."""
        return cls(environment=environment, decision=decision, **given)


def decide(cli: Cli, words: Words) -> int:
    """Leave the decision; returns the exit code.

    Raises:
        AppdpError: nothing is on hold, something else is, somebody decided before, or AWS cannot be reached.
    """
    check_name("Environment", words.environment)
    aws, application = cli.reach(words.account)
    deployer = read_deployer(application, words.environment, aws.ports)
    notice = waiting(application, words.environment, words.deployment, aws.ports)
    for line in hold_lines(f"{application}/{words.environment}", notice):
        say(line)
    if words.dry_run:
        say("Dry run: nothing was decided.")
        return 0
    if deployer.protected and words.decision is Decision.APPROVED:
        question = f"Environment {words.environment!r} is protected. Let {notice.release} take traffic?"
        confirm(cli, question, yes=words.yes)
    approval = _approval(aws, words, notice)
    leave(application, words.environment, approval, aws.ports)
    return _report(application, words, notice, approval)


def hold_lines(where: str, notice: HoldNotice) -> list[str]:
    """What is on hold, for people."""
    head = f"{where}: {notice.previous or 'nothing yet'} → {notice.release} is on hold until {moment(notice.until)}"
    who = f"deployment {notice.deployment}, requested by {notice.requested_by}"
    return [head, f"  {who}, waiting since {moment(notice.since)}", *test_lines(notice.test_urls)]


def test_lines(test_urls: Mapping[str, str]) -> list[str]:
    """Where the greens can be tried."""
    return [f"  try {service}: {url}" for service, url in sorted(test_urls.items())]


def decide_commands(environment: str, deployment: str) -> str:
    """The two commands that decide."""
    approve, reject = (again(verb, environment, "--deployment", deployment) for verb in ("approve", "reject"))
    return f"{approve}\n  or: {reject}"


def _approval(aws: Aws, words: Words, notice: HoldNotice) -> Approval:
    return Approval(
        deployment=notice.deployment,
        decision=words.decision,
        by=aws.caller(),
        at=aws.ports.clock.now(),
        reason=words.reason,
    )


def _report(application: str, words: Words, notice: HoldNotice, approval: Approval) -> int:
    if words.decision is Decision.APPROVED:
        say(f"Approved: {notice.release} takes traffic in {words.environment} within a minute.", colour="green")
    else:
        say(f"Rejected: {words.environment} stays at {notice.previous or 'no release'}.", colour="yellow")
    say(f"Next: {again('wait', words.environment, '--deployment', notice.deployment)}")
    if words.as_json:
        where = {"application": application, "environment": words.environment, "release": notice.release}
        echo_json({**where, **asdict(approval)})
    return 0
