"""The example environment with schedules."""

from __future__ import annotations

from tests.fakes.aws import FakeAws


def scheduled_aws(*, release: str | None = "r1") -> FakeAws:
    """As :func:`tests.fakes.fake_aws`, with the schedules ``mailing``, which has the worker's image, and ``report``,
    which has an image of its own.
    """
    aws = FakeAws()
    aws.add_schedule("mailing", image="worker")
    aws.add_schedule("report")
    aws.publish("r1")
    aws.publish("r2")
    if release is not None:
        aws.standing_at(release)
    return aws
