"""How a verb that waits ends: words, exit code, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from appdp.cli.deciding import decide_commands, test_lines
from appdp.cli.options import again
from appdp.cli.output import deployment_data, echo_json, moment, say
from appdp.engine.deploy import Request
from appdp.engine.executions import Execution
from appdp.engine.overview import PastDeployment
from appdp.model.deployment import EXIT_ON_HOLD, EXIT_STILL_RUNNING, Deployment, Outcome
from appdp.model.hold import Hold
from appdp.model.plan import Plan

EXIT_FAILED: Final = Outcome.FAILED.exit_code

_COLOURS: Final = {0: "green", 3: "cyan", 4: "yellow", 6: "yellow", 7: "yellow"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Everything that is said at the end.

    Args:
        request: what was asked for.
        word: an :class:`Outcome`'s value, or ``started``, ``running``, ``on_hold``, ``green``, ``shifted`` or
            ``unknown``.
        exit_code: the verb's exit code.
        text: what happened.
        next_step: what to do now.
        deployment: the last state that was seen, if any.
        execution: ARN of the execution, if there is one.
    """

    request: Request
    word: str
    exit_code: int
    text: str
    next_step: str
    deployment: Deployment | None = None
    execution: str | None = None

    @classmethod
    def nothing_to_do(cls, request: Request, plan: Plan) -> Ending:
        """The plan changes nothing, so nothing was started."""
        return cls(
            request=request,
            word=Outcome.NOTHING_TO_DO.value,
            exit_code=Outcome.NOTHING_TO_DO.exit_code,
            text=f"Nothing to do: {request.environment} runs {plan.release} already.",
            next_step=again("status", request.environment),
        )

    @classmethod
    def started(cls, request: Request, plan: Plan, execution: str) -> Ending:
        """The user does not want to wait."""
        return cls(
            request=request,
            word="started",
            exit_code=0,
            text=f"{request.environment} goes to {plan.release}.",
            next_step=follow_command(request),
            execution=execution,
        )

    @classmethod
    def still_running(cls, request: Request, deployment: Deployment | None, execution: str | None, why: str) -> Ending:
        """Nobody waits any more; the deployment goes on."""
        return cls(
            request=request,
            word="running",
            exit_code=EXIT_STILL_RUNNING,
            text=why,
            next_step=follow_command(request) if execution else again("status", request.environment),
            deployment=deployment,
            execution=execution,
        )

    @classmethod
    def reached(cls, request: Request, deployment: Deployment, execution: str, *, point: str) -> Ending:
        """The deployment is as far as somebody waited for; it goes on."""
        what = {"green": "every green is up and tested", "shifted": "all traffic is on the new release"}[point]
        return cls(
            request=request,
            word=point,
            exit_code=0,
            text=f"{deployment.environment} → {deployment.release}: {what}. The deployment goes on.",
            next_step=again("wait", request.environment, "--deployment", request.id),
            deployment=deployment,
            execution=execution,
        )

    @classmethod
    def on_hold(cls, request: Request, deployment: Deployment, execution: str) -> Ending:
        """A human has to decide; the deployment waits for that, and this command does not."""
        hold = deployment.hold or Hold()
        text = (
            f"On hold: {deployment.release} is up and tested in {deployment.environment}. Somebody must approve it by "
            f"{moment(hold.until or 0.0)}, or it goes back."
        )
        return cls(
            request=request,
            word="on_hold",
            exit_code=EXIT_ON_HOLD,
            text="\n".join([text, *test_lines(hold.test_urls)]),
            next_step=decide_commands(request.environment, deployment.id),
            deployment=deployment,
            execution=execution,
        )

    @classmethod
    def of(cls, request: Request, deployment: Deployment, execution: str | None) -> Ending:
        """The deployment ended."""
        outcome = deployment.outcome or Outcome.FAILED
        return cls(
            request=request,
            word=outcome.value,
            exit_code=outcome.exit_code,
            text=_text(deployment, outcome),
            next_step=_next(request, outcome),
            deployment=deployment,
            execution=execution,
        )

    @classmethod
    def remembered(cls, request: Request, past: PastDeployment) -> Ending:
        """The deployment ended, and its history is all that is known of it."""
        head = _head(request.environment, past.release, past.previous, past.outcome)
        return cls(
            request=request,
            word=past.outcome.value,
            exit_code=past.outcome.exit_code,
            text="\n".join([head, *_details(past.reason, past.approval)]),
            next_step=_next(request, past.outcome),
        )

    @classmethod
    def broken_off(cls, request: Request, deployment: Deployment | None, execution: Execution) -> Ending:
        """The execution ended, but the deployment did not."""
        said = ": ".join(part for part in (execution.error, execution.cause) if part) or "it gave no reason"
        return cls(
            request=request,
            word="unknown",
            exit_code=EXIT_FAILED,
            text=f"The state machine ended with {execution.status.value} before the deployment did. {said}",
            next_step=f"{again('status', request.environment)}; then deploy again: the next deployment takes over",
            deployment=deployment,
            execution=execution.arn,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "id": self.request.id,
            "application": self.request.application,
            "environment": self.request.environment,
            "release": self.request.release or (self.deployment.release if self.deployment else None) or None,
            "outcome": self.word,
            "exit_code": self.exit_code,
            "text": self.text,
            "execution": self.execution,
            "deployment": deployment_data(self.deployment) if self.deployment else None,
        }


def follow_command(request: Request) -> str:
    """How to go on following."""
    return again("status", request.environment, "--deployment", request.id)


def report(ending: Ending, *, as_json: bool) -> int:
    """Say it; returns the exit code."""
    say(ending.text, colour=_COLOURS.get(ending.exit_code, "red"))
    say(f"Next: {ending.next_step}")
    if as_json:
        echo_json(ending.to_dict())
    return ending.exit_code


def _text(deployment: Deployment, outcome: Outcome) -> str:
    head = _head(deployment.environment, deployment.release, deployment.previous, outcome)
    reason = deployment.failure.text() if deployment.failure else ""
    return "\n".join([head, *_details(reason, deployment.hold.told() if deployment.hold else "")])


def _details(reason: str, approval: str) -> list[str]:
    """Why it failed; or, when it did not, who had approved it."""
    return [reason] if reason else [f"It was {approval}"] if approval else []


def _head(environment: str, release: str, previous: str | None, outcome: Outcome) -> str:
    return {
        Outcome.SUCCEEDED: f"Done: {environment} runs {release}.",
        Outcome.NOTHING_TO_DO: f"Nothing to do: {environment} runs {release} already.",
        Outcome.ROLLED_BACK: f"Rolled back: {environment} runs {previous or 'no release'} again, as before.",
        Outcome.FAILED: f"Failed: {environment} needs a human.",
        Outcome.REFUSED: "Refused: nothing was changed.",
    }[outcome]


def _next(request: Request, outcome: Outcome) -> str:
    status = again("status", request.environment)
    return {
        Outcome.SUCCEEDED: status
        if request.rollback
        else f"{status}; to go back: {again('rollback', request.environment)}",
        Outcome.ROLLED_BACK: "mend the cause above and deploy a new release",
        Outcome.FAILED: f"{status}; then deploy or roll back again, which takes over what is left",
        Outcome.REFUSED: "mend the cause above and deploy again",
    }.get(outcome, status)
