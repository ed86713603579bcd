"""Drive a deployment to its end, as the state machine and ``--direct`` do."""

from __future__ import annotations

from collections.abc import Callable

from appdp.engine.deploy import Request, advance, begin
from appdp.engine.ports import Ports
from appdp.model.deployment import Deployment, Owner
from tests.fakes.aws import APPLICATION, ENVIRONMENT, FakeAws

MOST_STEPS = 3000


def request(release: str | None, *, id: str = "d1", rollback: bool = False, hold: bool = False) -> Request:
    """A request for the example environment."""
    return Request(
        application=APPLICATION, environment=ENVIRONMENT, release=release, rollback=rollback, id=id, hold=hold
    )


def execution(id: str = "d1") -> Owner:
    """An execution of the state machine as owner."""
    return Owner(
        execution=f"arn:aws:states:us-east-1:000000000000:execution:appdp-shop-dev:{id}", requested_by="arn:me"
    )


def started(
    aws: FakeAws, release: str | None, *, id: str = "d1", rollback: bool = False, hold: bool = False
) -> Deployment:
    """A deployment that is about to begin, its execution alive."""
    owner = execution(id)
    aws.owners.running.add(str(owner.execution))
    return begin(request(release, id=id, rollback=rollback, hold=hold), owner=owner, now=aws.clock.now())


def drive(
    aws: FakeAws,
    deployment: Deployment,
    *,
    ports: Ports | None = None,
    until: Callable[[Deployment], bool] = lambda deployment: False,
    each: Callable[[Deployment], None] = lambda deployment: None,
) -> Deployment:
    """Advance until the deployment is done, or ``until`` says so; ``each`` sees every state."""
    for _ in range(MOST_STEPS):
        if deployment.done or until(deployment):
            return deployment
        step = advance(deployment, ports or aws.ports)
        deployment = step.deployment
        each(deployment)
        aws.clock.sleep(step.wait_seconds)
    raise AssertionError(f"no end after {MOST_STEPS} steps: {deployment}")


def why(done: Deployment) -> str:
    """The summary of a failure that there must be."""
    assert done.failure is not None
    return done.failure.summary


def deploy(aws: FakeAws, release: str | None, *, id: str = "d1", rollback: bool = False) -> Deployment:
    """A deployment from its beginning to its end."""
    return drive(aws, started(aws, release, id=id, rollback=rollback))
