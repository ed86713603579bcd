"""What must hold, whatever happens: the one place where it is written.

:data:`INVARIANTS` names each with one sentence; the model-based tests hold them after every scenario. A new one is a
function that yields what is wrong, and a row of the table. :func:`holds_for` asks the same of one account, and that it
runs a certain release; the crash tests use that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import groupby, pairwise

from appdp.model.deployment import Deployment, Outcome
from appdp.model.gate import Gate
from appdp.model.handoff import SENTINEL, environment_path, history_parameter, release_parameter
from appdp.model.history import EndedDeployment
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws
from tests.fakes.cluster import Shift
from tests.unit.engine.model.world import Engine, World
from tests.unit.engine.standing import mixed, wrong_release, wrong_schedules

PATH = environment_path(APPLICATION, ENVIRONMENT)
RELEASE = release_parameter(APPLICATION, ENVIRONMENT)
HISTORY = history_parameter(APPLICATION, ENVIRONMENT)
LOCKS = ("lock", "lock-takeover")
OWN = (*LOCKS, "gate", "stop", "hold", "approval")
_MUST_NOT_FAIL = (Outcome.ROLLED_BACK, Outcome.FAILED, Outcome.REFUSED)


class When(Enum):
    """When an invariant holds."""

    ALWAYS = "always"
    AT_REST = "while no deployment runs and no dead one left anything that the next one has to take back"
    AT_THE_END = "after a deployment of a good release that nothing disturbed"


@dataclass(frozen=True, slots=True)
class Invariant:
    """Something that must hold. ``faults`` yields how it does not."""

    name: str
    sentence: str
    when: When
    faults: Callable[[World], Iterable[str]]
    though_overtaken: bool = False
    """Whether it holds even after a frozen caller's last call arrived after somebody else's."""


class Violated(AssertionError):
    """Some invariants do not hold. ``names`` says which."""

    def __init__(self, found: dict[Invariant, list[str]]) -> None:
        told = [f"[{one.name}] {one.sentence} But: {'; '.join(faults)}" for one, faults in found.items()]
        super().__init__("\n".join(told))
        self.names = tuple(one.name for one in found)


def check(world: World, *moments: When) -> None:
    """Raise :class:`Violated` with every invariant of these moments that does not hold."""
    asked = [one for one in INVARIANTS if one.when in moments and (one.though_overtaken or not world.overtaken)]
    found = {invariant: faults for invariant in asked if (faults := list(invariant.faults(world)))}
    if found:
        raise Violated(found)


def single_writer(world: World) -> Iterator[str]:
    """Taking, renewing and giving back the lock does not count: that is how writers take turns. Nor does the one call
    that was on its way when its caller was frozen: it cannot be called back.
    """
    writes = [write for write in world.written if kind(write.about) not in LOCKS and not write.late]
    turns = [(by, list(some)) for by, some in groupby(writes, key=lambda write: write.by)]
    seen: set[str] = set()
    for by, some in turns:
        if by in seen:
            yield f"{by} wrote again: {some[0].call} {some[0].about} at {some[0].at:.0f}"
        seen.add(by)


def gated(world: World) -> Iterator[str]:
    """Going back is not gated: nothing may hold it up."""
    for shift in world.aws.shifts:
        if shift.deployment in world.started and not shift.back:
            yield from _through_an_open_gate(shift)


def tested_before_traffic(world: World) -> Iterator[str]:
    for one in world.opened:
        if one.missing:
            yield f"{one.by} opened the gate before {', '.join(one.missing)} stood tested at it"


def approved_before_traffic(world: World) -> Iterator[str]:
    for one in world.opened:
        if not one.approved:
            yield f"{one.by} opened the gate without an approval"


def reasons_given(world: World) -> Iterator[str]:
    for engine in world.engines.values():
        failure = engine.state.failure
        if engine.state.outcome in _MUST_NOT_FAIL and not (failure and failure.summary.strip()):
            yield f"{engine.id} ended as {engine.state.outcome} without a reason"


def failed_only_for_a_cause(world: World) -> Iterator[str]:
    for engine in world.engines.values():
        state = engine.state
        meddled = any(at >= state.started_at for at in world.meddled)
        if state.outcome is Outcome.FAILED and not engine.gone and not meddled:
            yield f"{engine.id}: {state.failure.summary if state.failure else ''}"


def remembered(world: World) -> Iterator[str]:
    """A deployment that never owned the environment, or lost it, must not write there."""
    entries = list(_entries(world.aws))
    for engine in world.engines.values():
        own = [entry for entry in entries if entry.deployment == engine.id]
        if len(own) > 1:
            yield f"{engine.id} is in the history {len(own)} times"
        changed = engine.state.outcome in (Outcome.SUCCEEDED, Outcome.ROLLED_BACK)
        if engine.state.done and changed and not own and not engine.robbed:
            yield f"{engine.id} ended as {engine.state.outcome} and is not in the history"
        yield from (_untrue(engine, entry) for entry in own if engine.state.done and not _is_true(engine, entry))


def recorded_only_when_true(world: World) -> Iterator[str]:
    values = [entry.value for entry in world.aws.parameters.history(RELEASE)]
    yield from (f"{after} was recorded twice in a row" for before, after in pairwise(values) if before == after)
    for write in world.written:
        if write.call == "parameters.put" and write.about == RELEASE:
            engine = world.engines[write.by]
            if write.value != engine.state.release:
                yield f"{write.by} recorded {write.value} instead of {engine.state.release}"
            # One that was killed right after that write, and lost the environment then, cannot know that it succeeded.
            if engine.state.done and engine.state.outcome is not Outcome.SUCCEEDED and not engine.gone:
                yield f"{write.by} recorded {write.value} and ended as {engine.state.outcome}"


def counts_left_alone(world: World) -> Iterator[str]:
    yield from _counts(world.aws)


def no_double_job(world: World) -> Iterator[str]:
    yield from _double_jobs(world.aws)


def all_or_nothing(world: World) -> Iterator[str]:
    if not _needs_human(world):
        yield from mixed(world.aws)
        yield from wrong_schedules(world.aws)


def release_is_true(world: World) -> Iterator[str]:
    yield from () if _needs_human(world) else wrong_release(world.aws)


def lock_free(world: World) -> Iterator[str]:
    yield from (f"{name} is left" for name in nothing_left(world.aws))


def healed(world: World) -> Iterator[str]:
    last = list(world.engines.values())[-1].state
    if last.outcome not in (Outcome.SUCCEEDED, Outcome.NOTHING_TO_DO):
        yield f"{last.id} ended as {last.outcome}: {last.failure.text() if last.failure else ''}"
    yield from mixed(world.aws)
    yield from wrong_release(world.aws)
    yield from wrong_schedules(world.aws)


def gives_way_only_to_another(world: World) -> Iterator[str]:
    for engine in world.engines.values():
        if engine.robbed or (engine.gone and not engine.dead):
            others = [one for one in world.written if one.by != engine.id and one.at >= engine.state.started_at]
            if not any(kind(one.about) in LOCKS for one in others) and not world.unlocked:
                yield f"{engine.id} gave way to nobody"


INVARIANTS = (
    Invariant(
        "single writer",
        "Once another deployment has written to the environment, the one before it never writes again.",
        When.ALWAYS,
        single_writer,
        though_overtaken=True,
    ),
    Invariant(
        "gated",
        "A release takes traffic only through an open gate that names its revision.",
        When.ALWAYS,
        gated,
    ),
    Invariant(
        "tested before traffic",
        "The gate opens only when every green of the release stands tested at it.",
        When.ALWAYS,
        tested_before_traffic,
    ),
    Invariant(
        "approved before traffic",
        "The gate of a deployment on hold opens only after a human approved it.",
        When.ALWAYS,
        approved_before_traffic,
    ),
    Invariant(
        "reasons given", "Whatever does not succeed says why.", When.ALWAYS, reasons_given, though_overtaken=True
    ),
    Invariant(
        "failed only for a cause",
        "A deployment needs a human only when somebody else changed its services.",
        When.ALWAYS,
        failed_only_for_a_cause,
    ),
    Invariant(
        "remembered",
        "The history has every deployment that changed something once, with what it really was.",
        When.ALWAYS,
        remembered,
    ),
    Invariant(
        "recorded only when true",
        "The release parameter is written by the deployment that brought that release, once, and only on success.",
        When.ALWAYS,
        recorded_only_when_true,
    ),
    Invariant(
        "counts left alone",
        "A desired count is written only while no release was ever recorded.",
        When.ALWAYS,
        counts_left_alone,
    ),
    Invariant(
        "no double job",
        "No two tasks of a job run at the same time.",
        When.ALWAYS,
        no_double_job,
    ),
    Invariant("all or nothing", "Every service runs the same release.", When.AT_REST, all_or_nothing),
    Invariant(
        "release is true",
        "The release parameter and the environment's tags name what every service runs.",
        When.AT_REST,
        release_is_true,
    ),
    Invariant(
        "lock free",
        "Lock, markers, gate, hold, approval and stop request are gone.",
        When.AT_REST,
        lock_free,
    ),
    Invariant("healed", "The next good release puts everything right.", When.AT_THE_END, healed, though_overtaken=True),
    Invariant(
        "gives way only to another",
        "A deployment gives its environment up only when somebody else has taken it.",
        When.ALWAYS,
        gives_way_only_to_another,
        though_overtaken=True,
    ),
)


def holds_for(aws: FakeAws, release: str | None) -> None:
    """The environment runs ``release``, whole, or stands at zero; and nothing of the deployment is left."""
    assert aws.release == (release or SENTINEL), "the release parameter is wrong"
    for service in aws.services.services.values():
        assert service.rollout is None, f"{service.name} has a deployment in progress"
    faults = [*mixed(aws), *wrong_release(aws), *(f"{name} is left" for name in nothing_left(aws)), *_counts(aws)]
    faults += [fault for shift in aws.shifts if _released(aws, shift) for fault in _through_an_open_gate(shift)]
    values = [entry.value for entry in aws.parameters.history(RELEASE)]
    faults += [f"{before} twice" for before, after in pairwise(values) if before == after]
    faults += [*wrong_schedules(aws), *_double_jobs(aws), *_jobs_left(aws)]
    assert faults == []
    assert not {"bad", "worse"} & set(values)


def assert_one_job_each(aws: FakeAws, since: float) -> None:
    """A deployment ran every job at most once."""
    families = [task.family for task in aws.jobs.started.values() if task.began_at >= since]
    assert len(families) == len(set(families)), families


def nothing_left(aws: FakeAws) -> list[str]:
    """Lock, markers, gate, a request to stop, and what a hold writes."""
    return [name for name in aws.parameters.values if kind(name) in OWN]


def assert_remembered(aws: FakeAws, deployment: Deployment) -> None:
    """The history has the deployment once, with its outcome."""
    assert [one.outcome for one in _entries(aws) if one.deployment == deployment.id] == [deployment.outcome]


def assert_nothing_deployed_twice(aws: FakeAws, since: float) -> None:
    """Every service got our revision at most once, and its previous one at most once after it."""
    for service in aws.services.services.values():
        targets = [one.target.task_definition for one in service.rollouts if one.created_at >= since]
        assert len(targets) == len(set(targets)) <= 2, f"{service.name}: {targets}"


def kind(name: str) -> str:
    """``gate`` of ``/appdp/shop/dev/gate``; what is no parameter of the environment is its own kind."""
    return name.removeprefix(f"{PATH}/").split("/")[0]


def _through_an_open_gate(shift: Shift) -> Iterator[str]:
    if shift.gate is None:
        yield f"{shift.service} took traffic without a gate"
        return
    gate = Gate.from_json(shift.gate)
    if gate.opens_at is None or (gate.opens_at > shift.at and shift.gated):
        yield f"{shift.service} took traffic through a shut gate"
    if shift.revision.task_definition not in gate.task_definitions:
        yield f"{shift.service} took traffic through a gate that does not name its revision"


def _released(aws: FakeAws, shift: Shift) -> bool:
    """Whether it went forward to a revision that the engine registered; everything else is CloudFormation's."""
    ours = {definition["containerDefinitions"][0]["image"] for definition in aws.definitions.registered}
    images = aws.definitions.images(shift.revision.task_definition).values()
    return shift.gated and not shift.back and bool(ours & set(images))


def _double_jobs(aws: FakeAws) -> Iterator[str]:
    for family in {task.family for task in aws.jobs.started.values()}:
        tasks = [task for task in aws.jobs.started.values() if task.family == family]
        if any(one.ends_at > two.began_at for one, two in pairwise(tasks)):
            yield f"{family} ran twice at once"


def _jobs_left(aws: FakeAws) -> Iterator[str]:
    now = aws.clock.now()
    yield from (f"{task.family} was left running" for task in aws.jobs.started.values() if task.ends_at > now)


def _counts(aws: FakeAws) -> Iterator[str]:
    first = next((entry.at for entry in aws.parameters.history(RELEASE) if entry.value != SENTINEL), float("inf"))
    for service in aws.services.services.values():
        yield from (f"{service.name}: {count} at {at:.0f}" for at, count in service.count_writes if at > first)


def _entries(aws: FakeAws) -> Iterator[EndedDeployment]:
    for entry in aws.parameters.history(HISTORY):
        found = EndedDeployment.from_json(entry.value)
        if found is not None:
            yield found


def _is_true(engine: Engine, entry: EndedDeployment) -> bool:
    state = engine.state
    said = (entry.outcome, entry.release, entry.previous, bool(entry.reason))
    return said == (state.outcome, state.release, state.previous, state.failure is not None)


def _untrue(engine: Engine, entry: EndedDeployment) -> str:
    return f"{engine.id} ended as {engine.state.outcome} with {engine.state.release}; the history says {entry}"


def _needs_human(world: World) -> bool:
    """Whether the last deployment that owned the environment said that it left it mixed."""
    entries = list(_entries(world.aws))
    return bool(entries) and entries[-1].outcome is Outcome.FAILED
