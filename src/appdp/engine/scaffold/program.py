"""What a program is made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from appdp.errors import ConfigurationError
from appdp.model.handoff import check_environment, check_name

Source = str
"""A Python expression."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSpec:
    """An image of the application: keyword argument of ``Image`` → expression, but for the name."""

    name: str
    options: Mapping[str, Source] = field(default_factory=dict)


class Kind(StrEnum):
    """What stands for a service: the name of its construct."""

    WEB = "WebService"
    WORKER = "Worker"
    SCHEDULE = "Schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """A service, or a schedule.

    Args:
        name: within the environment.
        kind: which construct it is.
        image: the name of its image.
        options: keyword argument → environment → expression; an environment that is missing takes the default.
        notes: what could not be carried over.
    """

    name: str
    kind: Kind
    image: str
    options: Mapping[str, Mapping[str, Source]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def web(self) -> bool:
        """Whether a load balancer sends it requests."""
        return self.kind is Kind.WEB


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What exists already and is looked up by its ids.

    Args:
        account, region: where.
        vpc: its id.
        subnets: ids of the subnets of the tasks → their availability zones.
        public: whether they are public ones.
        cluster: its name.
        listener: its ARN, and ``balancer_groups`` its load balancer's security groups; empty for a worker.
    """

    account: str
    region: str
    vpc: str
    subnets: Mapping[str, str]
    public: bool
    cluster: str
    listener: str = ""
    balancer_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """An application with its environments.

    Args:
        name: the application's name.
        environments: their names; the first one is deployed to without asking.
        images, services: at least one of each.
        github: ``owner/repo`` of the sources, or None for a program without a pipeline.
        surroundings: what is looked up, or None for a program with a network of its own.
        sample: whether the sources are the example's, which is written too.
        notes: what could not be carried over and belongs to no service that there is.
    """

    name: str
    environments: tuple[str, ...]
    images: tuple[ImageSpec, ...]
    services: tuple[ServiceSpec, ...]
    github: str | None = None
    surroundings: Surroundings | None = None
    sample: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name("Application", self.name)
        for environment in self.environments:
            check_environment("Environment", environment)
        for service in self.services:
            check_name("Service", service.name)
        for what, names in (
            ("environment", list(self.environments)),
            ("service", [service.name for service in self.services]),
        ):
            if not names:
                raise ConfigurationError(f"A program needs at least one {what}.", hint=f"Name an {what}.")
            doubled = sorted({name for name in names if names.count(name) > 1})
            if doubled:
                raise ConfigurationError(f"The {what} {', '.join(doubled)} is there twice.", hint="Give others names.")
        # As appdp.cdk.GitHub has it, which only a synthesis would ask.
        if self.github is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+", self.github):
            raise ConfigurationError(
                f"--github {self.github!r}: a repository is written owner/repo, such as 'acme/shop'.",
                hint="Take the part of its address after github.com/.",
            )

    @property
    def rehearsed(self) -> bool:
        """Whether ``appdp rehearse`` can play it: one environment, a pipeline, and something that answers."""
        web = any(service.web for service in self.services)
        return self.sample and self.github is not None and len(self.environments) == 1 and web

    @property
    def all_notes(self) -> tuple[str, ...]:
        """Every note, those of services with their names."""
        return (*self.notes, *(f"{service.name}: {note}" for service in self.services for note in service.notes))


def name_from(text: str) -> str:
    """A name as appdp has them, as close to ``text`` as can be; empty when nothing of it can stay."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower())
    return re.sub(r"^[^a-z]+", "", words)[:32].strip("-")


def construct_id(name: str) -> str:
    """``my-api`` → ``MyApi``."""
    return "".join(part.capitalize() for part in name.split("-"))
