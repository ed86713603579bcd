"""What is done to each strategy, one outcome after the other, and how each must end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.emulator.outcomes.environment import Command, Ended, Environment
from tests.emulator.outcomes.requests import Requests
from tests.emulator.outcomes.service import Seen

MIXED: Final = "mixed"
"""The environment with a service of each of several strategies."""

BLUE_STAYS: Final = frozenset({"exits", "unhealthy", "breaks_codedeploy", "breaks_blue_green"})
"""Releases that fail before their gate: no request may ever reach them, nor any other service of theirs."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A strategy: its environment, and the percent of the traffic that the first share has; all of it where it has no
    steps."""

    environment: Environment
    share: float


@dataclass(frozen=True, kw_only=True)
class Cell:
    """How a strategy came through one outcome. Times are in seconds since the epoch."""

    strategy: str
    outcome: str
    release: str
    before: str
    began: float
    ended: float
    acted: float | None
    exit_code: int
    word: str
    said: str
    runs: Mapping[str, str]
    recorded: str
    left: frozenset[str]
    first: Ended | None = None
    """How the command ended that started the deployment, where another one ended it."""


@dataclass
class Play:
    """One deployment under way in one environment, and what is done about it.

    ``requests`` are those of all environments, as they come.
    """

    row: Row
    release: str
    requests: Requests
    command: Command = field(init=False)
    began: float = field(default_factory=time.time)
    acted: float | None = None
    first: Ended | None = None

    def begin(self, *words: str) -> None:
        """Start the deployment."""
        self.command = self.row.environment.start("deploy", self.release, *words)

    def act(self) -> None:
        """Remember when the test steps in."""
        self.acted = time.time()

    def answered(self, *, failed: bool = False) -> int:
        """How many requests the release answered since the command was given; with ``failed``, only the failures."""
        name = self.row.environment.name
        return self.requests.answers(name, self.release, self.began, failed=failed)

    def until(self, point: Callable[[Seen], bool]) -> None:
        """Wait until the service's newest deployment is at a point."""
        self.command.wait_for(lambda: point(self.row.environment.seen()))


def _run(play: Play) -> Ended:
    play.begin()
    return play.command.ended()


def _alarm(play: Play) -> Ended:
    play.begin()
    play.until(lambda seen: seen.baking)
    return _alarmed(play)


def _alarmed(play: Play) -> Ended:
    play.act()
    play.row.environment.set_alarm("ALARM")
    ended = play.command.ended()
    play.row.environment.set_alarm("OK")
    return ended


def _stop(play: Play) -> Ended:
    play.begin()
    play.until(lambda seen: seen.taking_traffic)
    # A task that runs is not a task that answers.
    play.command.wait_for(lambda: play.answered() > 0)
    play.act()
    stopped = play.row.environment.start("stop", "--reason", "second thoughts").ended()
    play.first = stopped
    return play.command.ended()


def _kill(play: Play) -> Ended:
    play.begin()
    play.until(lambda seen: seen.at_the_gate)
    play.act()
    play.row.environment.kill_engine()
    play.first = play.command.ended()
    play.begin()
    return play.command.ended()


def _approve(play: Play) -> Ended:
    play.begin("--hold")
    play.first = play.command.ended()
    play.act()
    approved = play.row.environment.start("approve", "--reason", "tried it").ended()
    assert approved.code == 0, approved.said
    return play.row.environment.follow(play.first.data["id"]).ended()


def _errors(play: Play) -> Ended:
    play.begin()
    play.command.wait_for(lambda: play.answered(failed=True) >= ERRORS_UNTIL_ALARM)
    return _alarmed(play)


ERRORS_UNTIL_ALARM: Final = 5
"""So many answers with 500 put the alarm off."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A column of the matrix.

    Args:
        play: what is done.
        release: what is deployed; None for the good one that does not run at the time.
        exit_code: of the deployment; ``word`` is its outcome.
        first: the exit code of the other command: of ``stop``; of the ``deploy`` whose state machine was killed, which
            cannot know how things stand (5, as of what needs a human); of the ``deploy`` whose release is on hold (7);
            None where there is none.
    """

    play: Callable[[Play], Ended]
    release: str | None = None
    exit_code: int = 4
    word: str = "rolled_back"
    first: int | None = None

    @property
    def succeeds(self) -> bool:
        """Whether the environment runs the release at the end."""
        return self.word == "succeeded"


OUTCOMES: Final[dict[str, Outcome]] = {
    "good": Outcome(play=_run, exit_code=0, word="succeeded"),
    "exits at start": Outcome(play=_run, release="exits"),
    "unhealthy": Outcome(play=_run, release="unhealthy"),
    "alarm during bake": Outcome(play=_alarm),
    "stopped by hand": Outcome(play=_stop, first=0),
    "killed engine": Outcome(play=_kill, exit_code=0, word="succeeded", first=5),
    "errors in its share": Outcome(play=_errors, release="errors"),
}
"""The last one is for strategies that send a share first."""

MIXED_OUTCOMES: Final[dict[str, Outcome]] = {
    "approved by hand": Outcome(play=_approve, exit_code=0, word="succeeded", first=7),
    "codedeploy exits": Outcome(play=_run, release="breaks_codedeploy"),
    "blue-green exits": Outcome(play=_run, release="breaks_blue_green"),
    "rolling exits": Outcome(play=_run, release="breaks_rolling"),
}
"""Of the environment with several services. In the last three the release is broken in one of them; the rolling one is
replaced when the others have taken traffic already."""


def outcomes_of(row: Row) -> dict[str, Outcome]:
    """The outcomes that a strategy goes through."""
    if row.environment.name == MIXED:
        return MIXED_OUTCOMES
    return {name: outcome for name, outcome in OUTCOMES.items() if outcome.release != "errors" or row.share < 100}


def play_cell(row: Row, name: str, requests: Requests) -> Cell:
    """Play one outcome from the release that runs."""
    environment, outcome = row.environment, outcomes_of(row)[name]
    before = environment.recorded()
    play = Play(row, outcome.release or ("two" if before == "one" else "one"), requests)
    ended = outcome.play(play)
    return Cell(
        strategy=environment.name,
        outcome=name,
        release=play.release,
        before=before,
        began=play.began,
        ended=time.time(),
        acted=play.acted,
        exit_code=ended.code,
        word=str(ended.data.get("outcome")),
        said=ended.said,
        runs=environment.runs(),
        recorded=environment.recorded(),
        left=frozenset(environment.left()),
        first=play.first,
    )
