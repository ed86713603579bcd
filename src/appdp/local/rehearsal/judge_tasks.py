"""Whether jobs and schedules did what they should. Pure: what was seen in, checks out."""

from __future__ import annotations

from dataclasses import dataclass

from appdp.local.rehearsal.record import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRan:
    """How a job's task ran, as ECS says.

    Args:
        exit_code: of the container that decides; None when it has none.
        runs: the digest that it ran.
        digests: the digests that the release's tag stands for in that image's repository.
        ended_at: in seconds since the epoch; None while it runs.
        said: what it wrote, oldest first.
    """

    name: str
    before_traffic: bool
    exit_code: int | None
    runs: str
    digests: tuple[str, ...]
    ended_at: float | None
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRan:
    """What a schedule points at after an act, and how its next run went.

    Args:
        wanted: what the run has to write.
        points_at: the task definition's family and revision, or ``""`` when there is no such schedule.
        images: the application's images in it.
        digests: the digests that the tag of the release that must run stands for, in these images' repositories.
        ran: the digests that the next run ran; none when there was no run.
        said: what it wrote, oldest first.
    """

    name: str
    wanted: str
    points_at: str = ""
    images: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    ran: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


def judge_jobs(jobs: tuple[JobRan, ...], first_green_at: float | None) -> list[Check]:
    """The checks of the jobs of one deployment.

    Args:
        first_green_at: when ECS began the deployment's first service deployment; None when it began none.
    """
    checks = [check for job in jobs for check in _job(job, first_green_at)]
    if any(job.before_traffic and job.exit_code != 0 for job in jobs):
        seen = "ECS began no service deployment" if first_green_at is None else "ECS began a service deployment"
        checks.append(Check(name="no service was touched", passed=first_green_at is None, seen=seen))
    return checks


def _job(job: JobRan, first_green_at: float | None) -> list[Check]:
    checks = [
        Check(
            name=f"job {job.name} ran by a digest of this release",
            passed=job.runs in job.digests,
            seen=f"{job.runs[:19]}; it wrote “{job.said[-1] if job.said else ''}”",
        )
    ]
    if job.before_traffic and first_green_at is not None:
        early = first_green_at - job.ended_at if job.ended_at is not None else None
        seen = "it never ended" if early is None else f"{abs(early):.1f} s {'before' if early >= 0 else 'after'} it"
        checks.append(
            Check(
                name=f"job {job.name} ended before the first service started",
                passed=early is not None and early >= 0,
                seen=seen,
            )
        )
    return checks


def judge_schedule(schedule: ScheduleRan, *, containers: bool) -> list[Check]:
    """The checks of one schedule.

    Args:
        containers: whether real containers ran, whose lines say something.
    """
    name = f"schedule {schedule.name}"
    if not schedule.points_at:
        return [Check(name=f"{name} follows the releases", passed=False, seen="there is no such schedule")]
    pinned = {image.rpartition("@")[2] for image in schedule.images}
    checks = [
        Check(
            name=f"{name} points at a revision with the running release's digests",
            passed=bool(pinned) and pinned <= set(schedule.digests),
            seen=f"{schedule.points_at}: {', '.join(sorted(digest[:19] for digest in pinned))}",
        ),
        Check(
            name=f"{name} ran exactly that afterwards",
            passed=bool(schedule.ran) and set(schedule.ran) <= set(schedule.digests),
            seen=", ".join(digest[:19] for digest in schedule.ran) or "it did not run",
        ),
    ]
    if containers:
        said = any(schedule.wanted in line for line in schedule.said)
        checks.append(
            Check(name=f"{name} wrote “{schedule.wanted}”", passed=said, seen=" / ".join(schedule.said) or "nothing")
        )
    return checks
