"""What jobs and schedules ran: asked of ECS, EventBridge Scheduler and CloudWatch Logs, not of the engine."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from appdp.local.rehearsal.judge_tasks import JobRan, ScheduleRan
from appdp.local.rehearsal.looking import World, digests_of, manifests
from appdp.local.rehearsal.scenario import Act
from appdp.model.deployment import Deployment
from appdp.model.handoff import schedule_parameter
from appdp.model.job import JobRun
from appdp.model.schedule import ScheduleManifest

POLL_SECONDS: Final = 0.5
RUN_SECONDS: Final = 90.0
"""How long a schedule's next run may take to begin and end. One that is due every two minutes is so every 12 s here."""


def jobs_seen(world: World, deployment: Deployment | None, tag: str) -> tuple[JobRan, ...]:
    """Every job that a deployment ran."""
    ecs = world.aws.client("ecs")
    found = []
    for job in deployment.jobs if deployment else ():
        if job.task is None:
            continue
        (task,) = ecs.describe_tasks(cluster=job.cluster, tasks=[job.task])["tasks"]
        container = _container(task, job.container)
        found.append(
            JobRan(
                name=job.name,
                before_traffic=job.run is JobRun.BEFORE_TRAFFIC,
                exit_code=container.get("exitCode"),
                runs=str(container.get("imageDigest", "")),
                digests=_digests(world, [container["image"]], tag),
                ended_at=_moment(task.get("stoppedAt")),
                said=_said(world, task, job.container),
            )
        )
    return tuple(found)


def first_green_at(world: World, since: float) -> float | None:
    """When ECS began the first service deployment since then, whatever it led to."""
    ecs, (_, services) = world.aws.client("ecs"), manifests(world)
    began = [
        deployment["createdAt"].timestamp()
        for service in services
        for deployment in ecs.list_service_deployments(cluster=service.cluster, service=service.service)[
            "serviceDeployments"
        ]
    ]
    return min((at for at in began if at >= since), default=None)


def schedules_seen(world: World, act: Act, tag: str, answer: str) -> tuple[ScheduleRan, ...]:
    """What the schedules that the act names point at, and their next run from now on.

    Args:
        tag: the image tag of the release that the environment runs.
        answer: what that release says of itself.
    """
    return tuple(
        _schedule(world, name, text.replace("{release}", answer), tag) for name, text in act.expect.schedules.items()
    )


def _schedule(world: World, name: str, text: str, tag: str) -> ScheduleRan:
    since = time.time()
    manifest = _manifest(world, name)
    if manifest is None:
        return ScheduleRan(name=name, wanted=text)
    world.screen.line(f"schedule {name}: waiting for its next run")
    live = world.aws.client("scheduler").get_schedule(GroupName=manifest.group, Name=manifest.schedule)
    arn = str(live["Target"]["EcsParameters"]["TaskDefinitionArn"])
    definition = world.aws.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
    images = [each["image"] for each in definition["containerDefinitions"] if each["name"] in manifest.containers]
    task = _next_run(world, manifest, arn, since)
    said = tuple(line for each in manifest.containers for line in _said(world, task, each)) if task else ()
    for line in said:
        world.screen.line(f"schedule {name} | {line}")
    return ScheduleRan(
        name=name,
        wanted=text,
        points_at=arn.rpartition("/")[2],
        images=tuple(images),
        digests=_digests(world, images, tag),
        ran=tuple(str(each.get("imageDigest", "")) for each in task["containers"]) if task else (),
        said=said,
    )


def _manifest(world: World, name: str) -> ScheduleManifest | None:
    parameter = schedule_parameter(world.scenario.application, world.scenario.environment, name)
    try:
        value = world.aws.client("ssm").get_parameter(Name=parameter)["Parameter"]["Value"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        return None
    return ScheduleManifest.from_json(value)


def _next_run(world: World, manifest: ScheduleManifest, arn: str, since: float) -> Mapping[str, Any] | None:
    """The first task of a revision that began after ``since``, when it has ended; None when none did."""
    deadline = since + RUN_SECONDS
    while time.time() < deadline:
        for task in _ended_tasks(world, manifest.cluster, arn):
            if task["createdAt"].timestamp() >= since:
                return task
        time.sleep(POLL_SECONDS)
    return None


def _ended_tasks(world: World, cluster: str, arn: str) -> Iterator[Mapping[str, Any]]:
    ecs, family = world.aws.client("ecs"), arn.rpartition("/")[2].partition(":")[0]
    pages = ecs.get_paginator("list_tasks").paginate(cluster=cluster, family=family, desiredStatus="STOPPED")
    for page in pages:
        tasks = ecs.describe_tasks(cluster=cluster, tasks=page["taskArns"])["tasks"] if page["taskArns"] else []
        yield from (task for task in tasks if task["taskDefinitionArn"] == arn and task["lastStatus"] == "STOPPED")


def _container(task: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(each for each in task["containers"] if each["name"] == name)
    return found


def _digests(world: World, references: list[str], tag: str) -> tuple[str, ...]:
    """The digests that a release's tag stands for in the repositories of these images."""
    repositories = dict.fromkeys(re.sub(r"^[^/]+/([^@:]+).*$", r"\1", reference) for reference in references)
    return tuple(digest for repository in repositories for digest in digests_of(world, repository, tag))


def _said(world: World, task: Mapping[str, Any], container: str) -> tuple[str, ...]:
    """What a container of a task wrote, oldest first."""
    ecs = world.aws.client("ecs")
    definition = ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])["taskDefinition"]
    (told,) = (each for each in definition["containerDefinitions"] if each["name"] == container)
    options = told.get("logConfiguration", {}).get("options", {})
    stream = f"{options.get('awslogs-stream-prefix')}/{container}/{task['taskArn'].rpartition('/')[2]}"
    try:
        events = world.aws.client("logs").get_log_events(
            logGroupName=options.get("awslogs-group", ""), logStreamName=stream, startFromHead=True
        )["events"]
    except ClientError as error:
        return (f"(the log could not be read: {error})",)
    return tuple(event["message"] for event in events)


def _moment(value: datetime | None) -> float | None:
    return None if value is None else value.timestamp()
