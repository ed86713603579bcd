"""Whether a rollback needs the jobs: releases say so when they are deployed, and the history remembers it."""

from __future__ import annotations

from appdp.engine.ports import Ports
from appdp.errors import Refused
from appdp.model.deployment import Outcome
from appdp.model.handoff import history_parameter
from appdp.model.history import EndedDeployment


def check_way_back(application: str, environment: str, release: str, *, with_jobs: bool | None, ports: Ports) -> None:
    """Refuse a rollback to ``release`` that leaves a release which was deployed with ``--rollback-needs-jobs``.

    Args:
        application: the application's name.
        environment: the environment's name.
        release: where the rollback leads.
        with_jobs: the user's decision, which is final; None when they did not decide.
        ports: AWS.

    Raises:
        Refused: it leaves such a release, and the user did not decide.
    """
    if with_jobs is not None:
        return
    versions = ports.parameters.history(history_parameter(application, environment))
    needing: list[str] = []
    for version in reversed(versions):
        ended = EndedDeployment.from_json(version.value)
        if ended is None or ended.outcome is not Outcome.SUCCEEDED:
            continue
        if ended.release == release:
            break
        if ended.rollback_needs_jobs and ended.release not in needing:
            needing.append(ended.release)
    if needing:
        raise Refused(
            f"Going back to {release} leaves {', '.join(needing)}, deployed with --rollback-needs-jobs: "
            f"{release} may not work without jobs that prepare its way.",
            hint="Run the environment's jobs with its images: --with-jobs. Or go back without them, if that was taken "
            "care of: --without-jobs.",
        )
