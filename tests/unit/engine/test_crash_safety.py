"""The engine is killed at every call of every port, before and after it happens, and resumed from its last state."""

from __future__ import annotations

import json
import pickle
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appdp.engine.deploy.changing import finish, go_back
from appdp.engine.ports import Ports
from appdp.errors import Throttled
from appdp.model.deployment import Deployment, Failure, Outcome, Phase
from tests.fakes.aws import FakeAws
from tests.fakes.driver import drive, execution, started
from tests.fakes.interruptions import Interruptions, Killed
from tests.fakes.registry import Behaviour
from tests.unit.engine.invariants import (
    assert_nothing_deployed_twice,
    assert_one_job_each,
    assert_remembered,
    holds_for,
    nothing_left,
)
from tests.unit.engine.stories import STORIES, Story

TAKEN_BACK = frozenset(Phase) - {Phase.PREPARE, Phase.RECORD, Phase.RETURN, Phase.UNLOCK, Phase.DONE}
"""The phases from which a stopped deployment goes back."""

QUICK = ("deploy", "green fails", "approved", "a schedule stays behind", "migrates")
"""The stories that even the quick tests tell."""

AWAY_SECONDS = (0, 3, 45)
"""How long the engine is away after it was killed: AWS goes on meanwhile."""


def killer(at: int, *, happened: bool) -> Interruptions:
    """Kill the engine once, at one call."""

    def kill(number: int, name: str) -> None:
        if number == at:
            raise Killed(name)

    return Interruptions(after=kill) if happened else Interruptions(before=kill)


def run_until_killed(aws: FakeAws, deployment: Deployment, interruptions: Interruptions) -> tuple[Deployment, bool]:
    """The last state that the engine returned, and whether it was killed."""
    last = [deployment]
    try:
        return drive(
            aws, deployment, ports=interruptions.around(aws.ports), each=lambda now: last.insert(0, now)
        ), False
    except Killed:
        return stored(last[0]), True


def stored(deployment: Deployment) -> Deployment:
    """The state as the state machine gives it back: through JSON."""
    back = Deployment.from_dict(json.loads(json.dumps(deployment.to_dict())))
    assert back == deployment
    return back


@dataclass(frozen=True)
class Death:
    """What is left when the engine is killed at a call, after it ``happened`` or before: the last state that the engine
    returned, and the account.
    """

    call: int
    happened: bool
    last: Deployment
    account: bytes

    def aws(self) -> FakeAws:
        """The account; another copy each time."""
        aws: FakeAws = pickle.loads(self.account)  # noqa: S301  # this very test made it
        return aws


def undisturbed(story: Story, moments: tuple[bool, ...] = ()) -> tuple[int, list[Death]]:
    """How many port calls an undisturbed run makes, and every death that there could have been on its way.

    To be killed at a call and to look at what there is at that call is the same, and one run does for all of them.
    """
    aws, deployment = story.begin()
    last, deaths = [stored(deployment)], list[Death]()

    def could_die(number: int, name: str, *, happened: bool) -> None:
        if happened in moments:
            deaths.append(Death(number, happened, last[0], pickle.dumps(aws)))

    watching = Interruptions(before=partial(could_die, happened=False), after=partial(could_die, happened=True))
    done = drive(aws, deployment, ports=watching.around(aws.ports), each=lambda now: last.insert(0, stored(now)))
    assert done.outcome is story.outcome, done.failure
    holds_for(aws, story.release)
    return len(watching.calls), deaths


def each_kill(
    story: Story,
    then: Callable[[FakeAws, Deployment], None],
    record: Callable[[str, object], None],
    name: str,
    *,
    moments: tuple[bool, ...] = (False, True),
) -> None:
    """Kill at every call, before and after it; ``then`` goes on from the last state.

    Without that state, being killed before a call is the same as being killed after the one before it; then ``moments``
    is only one of them.
    """
    calls, deaths = undisturbed(story, moments)
    assert calls >= story.calls, "fewer kill points than there were"
    assert [(one.call, one.happened) for one in deaths] == [(at, how) for at in range(1, calls + 1) for how in moments]
    for death in deaths:
        aws = death.aws()
        aws.clock.sleep(AWAY_SECONDS[death.call % len(AWAY_SECONDS)])
        try:
            then(aws, death.last)
        except AssertionError as error:
            raise AssertionError(
                f"killed {'after' if death.happened else 'before'} call {death.call}: {error}"
            ) from error
    points = len(deaths)
    record(f"kill points: {name}", points)
    print(f"\n{name}: {points} kill points")  # noqa: T201  # the figure is what this test shows


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in STORIES]
)
def test_resumed_after_a_kill_at_every_port_call(name: str, record_property: Callable[[str, object], None]) -> None:
    story = STORIES[name]

    def resume(aws: FakeAws, last: Deployment) -> None:
        done = drive(aws, last)
        assert done.outcome is story.outcome, done.failure
        holds_for(aws, story.release)
        assert_nothing_deployed_twice(aws, since=last.started_at)
        assert_one_job_each(aws, since=last.started_at)
        assert_remembered(aws, done)

    each_kill(story, resume, record_property, name)


@pytest.mark.parametrize("name", ["stopped by somebody", "job before traffic fails"])
def test_a_death_leaves_what_a_kill_leaves(name: str) -> None:
    story = STORIES[name]
    for death in undisturbed(story, (False, True))[1]:
        aws, deployment = story.begin()
        last, killed = run_until_killed(aws, deployment, killer(death.call, happened=death.happened))
        assert killed
        left = death.aws()
        assert (death.last, left.clock.now(), left.parameters.recorded) == (
            last,
            aws.clock.now(),
            aws.parameters.recorded,
        )
        assert left.definitions.stored == aws.definitions.stored
        assert left.jobs.started == aws.jobs.started
        assert left.services.services == aws.services.services
        assert drive(left, death.last) == drive(aws, last)
        assert left.shifts == aws.shifts


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["deploy", "worker fails when the others are done", "first release fails late", "approved"]
)
def test_resumed_after_two_kills(name: str) -> None:
    story, chance = STORIES[name], random.Random(20261123)  # noqa: S311  # not for secrets
    calls, _ = undisturbed(story)
    for _ in range(80):
        aws, deployment = story.begin()
        for _ in range(2):
            interruptions = killer(chance.randint(1, calls), happened=chance.random() < 0.5)
            deployment, _ = run_until_killed(aws, deployment, interruptions)
            aws.clock.sleep(chance.choice(AWAY_SECONDS))
        done = drive(aws, deployment)
        assert done.outcome is story.outcome, done.failure
        holds_for(aws, story.release)


@pytest.mark.slow
@pytest.mark.parametrize("next_fails", [False, True], ids=["next succeeds", "next fails"])
@pytest.mark.parametrize("name", STORIES)
def test_taken_over_after_a_death_at_every_port_call(
    name: str, next_fails: bool, record_property: Callable[[str, object], None]
) -> None:
    """The engine is killed and never resumed; another deployment, of another release, comes later."""

    def take_over(aws: FakeAws, last: Deployment) -> None:
        aws.owners.running.discard(str(execution().execution))
        recorded = None if aws.release == "none" else aws.release
        aws.publish("next")
        aws.schedules.refused.clear()
        aws.publish("worse", broken={"storefront": Behaviour.EXITS})
        done = start_until_free(aws, "worse" if next_fails else "next")
        if next_fails:
            assert done.outcome is Outcome.ROLLED_BACK, done.failure
            holds_for(aws, recorded)
        else:
            assert done.outcome is Outcome.SUCCEEDED, done.failure
            holds_for(aws, "next")

    each_kill(STORIES[name], take_over, record_property, f"{name}, taken over, {next_fails=}", moments=(True,))


def start_until_free(aws: FakeAws, release: str) -> Deployment:
    """Start deployments of a release until one is not refused; what the dead one left in progress must end first."""
    for attempt in range(5):
        done = drive(aws, started(aws, release, id=f"next{attempt}"))
        if done.outcome is not Outcome.REFUSED:
            return done
        assert not [name for name in nothing_left(aws) if not name.endswith(("/gate", "/hold", "/approval"))]
        aws.clock.sleep(60)
    return done


@pytest.mark.slow
@pytest.mark.parametrize("name", ["deploy", "first release", "ECS lists deployments late", "approved", "migrates"])
def test_taken_back_after_a_kill_at_every_port_call(name: str, record_property: Callable[[str, object], None]) -> None:
    """Ctrl-C: the step that was under way may have happened or not, and everything goes back."""
    story = STORIES[name]

    def take_back(aws: FakeAws, last: Deployment) -> None:
        before = None if aws.release == "none" else aws.release
        now = aws.clock.now()
        if last.phase is Phase.PREPARE:
            last = finish(last, Outcome.REFUSED, now, "stopped").deployment
        elif last.phase in TAKEN_BACK:
            last = go_back(last, Failure(service="", summary="stopped by the user"), now).deployment
        else:
            before = story.release
        drive(aws, last)
        holds_for(aws, before)

    each_kill(story, take_back, record_property, f"{name}, taken back")


@pytest.mark.slow
@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), share=st.floats(0.005, 0.04), name=st.sampled_from(sorted(STORIES)))
def test_errors_that_pass_at_random_calls(seed: int, share: float, name: str) -> None:
    story, chance = STORIES[name], random.Random(seed)  # noqa: S311  # not for secrets

    def maybe(number: int, call: str) -> None:
        if chance.random() < share:
            raise Throttled(f"{call}: slow down", code="ThrottlingException")

    aws, deployment = story.begin()
    ports = Interruptions(before=maybe, after=maybe).around(aws.ports)
    done = drive_through_errors(aws, deployment, ports)
    assert done.outcome is story.outcome, done.failure
    holds_for(aws, story.release)


def drive_through_errors(aws: FakeAws, deployment: Deployment, ports: Ports) -> Deployment:
    """Try the same state again after an error, as the state machine does."""
    last = [deployment]
    for _ in range(5000):
        try:
            return drive(aws, last[0], ports=ports, each=lambda now: last.insert(0, now))
        except Throttled:
            aws.clock.sleep(2)
    raise AssertionError("no end")
