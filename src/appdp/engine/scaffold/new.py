"""A program for a new application, of which only names are known."""

from __future__ import annotations

from collections.abc import Sequence

from appdp.engine.scaffold.code import call, seconds, text, texts
from appdp.engine.scaffold.program import ImageSpec, Kind, Program, ServiceSpec, Source
from appdp.errors import ConfigurationError

KINDS = ("web", "worker")


def from_names(
    name: str, services: Sequence[str], environments: Sequence[str], *, github: str | None, sample: bool
) -> Program:
    """Web services and workers, with one image each.

    Args:
        name: the application's name.
        services: ``NAME`` or ``NAME:web`` or ``NAME:worker``. Without a kind, it is a worker if its name says so.
        environments: their names.
        github: ``owner/repo``, or None.
        sample: whether there is no Dockerfile yet, so that the example's is written.

    Raises:
        ConfigurationError: a name that is none, or a kind that is neither.
    """
    kinds = dict(map(_kind, services))
    if len(kinds) != len(services):
        raise ConfigurationError(f"A service is there twice in {', '.join(services)}.", hint="Give each its own name.")
    web = [service for service, kind in kinds.items() if kind == "web"]
    options = {service: _web(service, web, sample) if service in web else {} for service in kinds}
    image: dict[str, Source] = {"build_args": "build_args", "platforms": "platforms"} if sample else {}
    return Program(
        name=name,
        environments=tuple(environments),
        images=tuple(ImageSpec(name=service, options={"target": text(service), **image}) for service in kinds),
        services=tuple(
            ServiceSpec(
                name=service,
                kind=Kind.WEB if service in web else Kind.WORKER,
                image=service,
                options={key: dict.fromkeys(environments, value) for key, value in options[service].items()},
            )
            for service in kinds
        ),
        github=github,
        sample=sample,
    )


def path_of(service: str, web: Sequence[str]) -> str:
    """Where a web service answers: the first one everywhere, the others below their names."""
    return "/" if service == web[0] else f"/{service}/"


def _kind(given: str) -> tuple[str, str]:
    name, colon, kind = given.partition(":")
    kind = kind if colon else "worker" if "worker" in name else "web"
    if kind not in KINDS:
        raise ConfigurationError(f"Service {given!r} is of kind {kind!r}: allowed are {' and '.join(KINDS)}.")
    return name, kind


def _web(service: str, web: Sequence[str], sample: bool) -> dict[str, Source]:
    path = path_of(service, web)
    # The smallest number is asked first, so the service that answers everywhere comes last.
    priority = 10 * (len(web) if path == "/" else web.index(service))
    check = {"path": text(path), "interval": seconds(5), "timeout": seconds(2), "grace": seconds(15)}
    return {
        "priority": str(priority),
        "path_patterns": texts([f"{path}*"]),
        "health_check": call("HealthCheck", (), check if sample else {"path": text(path)}),
        "strategy": "Strategy.blue_green(bake=Duration.minutes(1))" if sample else "Strategy.blue_green()",
        "desired_count": "2",
    }
