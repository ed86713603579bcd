"""Alarms that are red before anything happened.

ECS watches a service's alarms while a deployment runs. When one of them is in ALARM already as the deployment starts,
ECS watches none of them for that deployment, so nothing would take a bad release back. That is refused, unless the user
says otherwise, or goes back to an earlier release, which is what a red alarm calls for.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
"""

from __future__ import annotations

from appdp.engine.deploy.compare import compare
from appdp.engine.deploy.survey import Survey
from appdp.engine.ports import Ports
from appdp.errors import Refused


def red_alarms(seen: Survey, ports: Ports) -> dict[str, tuple[str, ...]]:
    """Name of a service that the release would change → its alarms that are in ALARM. Reads only."""
    watched = {
        name: service.live.alarms
        for name, service in seen.services.items()
        if service.live.alarms and compare(seen, service).changes
    }
    if not watched:
        return {}
    red = set(ports.alarms.in_alarm([alarm for alarms in watched.values() for alarm in alarms]))
    found = {name: tuple(alarm for alarm in alarms if alarm in red) for name, alarms in watched.items()}
    return {name: alarms for name, alarms in found.items() if alarms}


def check_alarms(red: dict[str, tuple[str, ...]], *, ignored: bool) -> None:
    """Refuse red alarms.

    Args:
        red: what :func:`red_alarms` found.
        ignored: whether the user wants the deployment all the same, or goes back.

    Raises:
        Refused: with every service and its red alarms.
    """
    if red and not ignored:
        raise Refused(
            "\n".join(said(name, alarms) for name, alarms in red.items()),
            hint="Find out why and deploy when they are OK again; or deploy with --ignore-alarms, without their help. "
            "Nothing was changed.",
        )


def said(service: str, alarms: tuple[str, ...]) -> str:
    """One service's red alarms, in words."""
    return (
        f"Service {service!r}: {', '.join(alarms)} is in ALARM before the deployment starts, so ECS would watch none "
        f"of the service's alarms."
    )
