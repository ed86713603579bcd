"""What must hold after every deployment, however it was interrupted. The crash tests assert it from here only."""

from __future__ import annotations

from itertools import pairwise

from appdp.model.deployment import Deployment, Gate
from appdp.model.handoff import SENTINEL, environment_path, history_parameter, release_parameter
from appdp.model.history import EndedDeployment
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws

PATH = environment_path(APPLICATION, ENVIRONMENT)


def holds_for(aws: FakeAws, release: str | None) -> None:
    """The environment runs ``release``, whole, or stands at zero; and nothing of the deployment is left."""
    assert aws.release == (release or SENTINEL), "the release parameter is wrong"
    for service in aws.services.services.values():
        assert service.rollout is None, f"{service.name} has a deployment in progress"
        assert_runs(aws, service.name, release)
    assert nothing_left(aws) == [], "something of the deployment is left"
    assert_history(aws, release)
    assert_gated(aws)
    assert_counts(aws)


def assert_runs(aws: FakeAws, name: str, release: str | None) -> None:
    """The service's production traffic goes to the release's content, and its live revision is the same."""
    service = aws.service(name)
    if release is None:
        assert service.desired_count == 0, f"{name} is not at zero"
        return
    wanted = aws.registry.resolve("", "", f"{APPLICATION}/{name}", release)
    running = aws.registry.resolve("", "", f"{APPLICATION}/{name}", aws.runs(name) or "")
    assert running is not None, f"{name} runs nothing"
    assert wanted is not None, f"{release} has no image for {name}"
    assert running.platforms == wanted.platforms, f"{name} does not run {release}"
    assert service.production is service.revision, f"{name}: ECS and the load balancer disagree"
    assert service.task_definition == service.revision.task_definition
    assert service.desired_count == 2, f"{name} lost its desired count"


def nothing_left(aws: FakeAws) -> list[str]:
    """Lock, markers, gate, a request to stop, and what a hold writes."""
    kinds = ("lock", "lock-takeover", "gate", "stop", "hold", "approval")
    return [name for name in aws.parameters.values if name.removeprefix(f"{PATH}/").split("/")[0] in kinds]


def assert_history(aws: FakeAws, release: str | None) -> None:
    """No release is recorded that did not run whole, none twice in a row; the environment's tags name the last one."""
    values = [entry.value for entry in aws.parameters.history(release_parameter(APPLICATION, ENVIRONMENT))]
    assert not {"bad", "worse"} & set(values)
    assert all(before != after for before, after in pairwise(values)), values
    if release is not None:
        for name in aws.images:
            assert aws.registry.tag(f"{APPLICATION}/{name}", f"env-{ENVIRONMENT}") == aws.digest(name, release), name


def assert_gated(aws: FakeAws) -> None:
    """No green took production traffic but through an open gate that names its revision. Going back is not gated."""
    for shift in aws.shifts:
        if shift.gated and not shift.back and shift.revision.task_definition in _released(aws):
            assert shift.gate is not None, f"{shift.service} took traffic without a gate"
            gate = Gate.from_json(shift.gate)
            assert gate.opens_at is not None, f"{shift.service} took traffic through a shut gate"
            assert gate.opens_at <= shift.at
            assert shift.revision.task_definition in gate.task_definitions


def assert_remembered(aws: FakeAws, deployment: Deployment) -> None:
    """The history has the deployment once, with its outcome."""
    values = [entry.value for entry in aws.parameters.history(history_parameter(APPLICATION, ENVIRONMENT))]
    ended = [found for value in values if (found := EndedDeployment.from_json(value)) is not None]
    assert [one.outcome for one in ended if one.deployment == deployment.id] == [deployment.outcome]


def _released(aws: FakeAws) -> set[str]:
    """The revisions that the engine registered; everything else is CloudFormation's."""
    ours = {definition["containerDefinitions"][0]["image"] for definition in aws.definitions.registered}
    return {arn for arn in aws.definitions.stored if set(aws.definitions.images(arn).values()) & ours}


def assert_counts(aws: FakeAws) -> None:
    """A desired count is written only while no release ever succeeded."""
    history = aws.parameters.history(release_parameter(APPLICATION, ENVIRONMENT))
    first = next((entry.at for entry in history if entry.value != SENTINEL), float("inf"))
    for service in aws.services.services.values():
        assert all(at <= first for at, _ in service.count_writes), f"{service.name}: {service.count_writes}"


def assert_nothing_deployed_twice(aws: FakeAws, since: float) -> None:
    """Every service got our revision at most once, and its previous one at most once after it."""
    for service in aws.services.services.values():
        targets = [one.target.task_definition for one in service.rollouts if one.created_at >= since]
        assert len(targets) == len(set(targets)) <= 2, f"{service.name}: {targets}"
