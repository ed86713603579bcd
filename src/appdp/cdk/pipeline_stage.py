"""The stages of a pipeline after the publication: environments, and who has to agree first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from aws_cdk import Duration, Stack, Token
from aws_cdk import aws_sns as sns

from appdp.cdk.deployer import Deployer
from appdp.errors import ConfigurationError
from appdp.model.handoff import check_environment

APPROVAL_MINUTES: Final = (5, 86_400)
"""See: https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html"""

NOTE_LIMIT: Final = 900
"""So that there is room in the 1,000 characters of an action's value for a commit that it names.

See: https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
"""

_STAGE = re.compile(r"[A-Za-z0-9.@_-]{1,100}")
"""See: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StageDeclaration.html"""


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment whose :class:`Deployer` is in another CDK app. Its name says all: no ARN has to be copied.

    Args:
        name: the environment's name.
        account: its account. Default: the pipeline's; another one is refused, see :class:`DeliveryPipeline`.
        region: its region. Default: the pipeline's; another one is refused.

    Raises:
        ConfigurationError: a name or an account that cannot be one.
    """

    name: str
    account: str | None = None
    region: str | None = None

    def __post_init__(self) -> None:
        check_environment("Environment", self.name)
        account = self.account
        if account is not None and not Token.is_unresolved(account) and not re.fullmatch(r"[0-9]{12}", account):
            raise ConfigurationError(f"Environment {self.name!r} has account={account!r}: an account id is 12 digits.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Somebody has to agree before a stage deploys. Waiting costs nothing.

    Whoever does sees a link to GitHub that compares the release with what the stage's first environment runs, and for
    each environment which images change. That is what it ran when the release was published: what another pipeline
    deploys there meanwhile is not counted.

    Args:
        topic: told when an approval is waited for. Default: nobody is told; the console shows it.
        timeout: how long, 5 minutes to 60 days; then the stage fails. Default: 7 days.
        note: shown to who approves, before what the release changes; 1 to 900 characters. Default: the application and
            the commit.

    Raises:
        ConfigurationError: a time out of range, or a note that is too long.
    """

    topic: sns.ITopic | None = None
    timeout: Duration | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        note = self.note
        if note is not None and not Token.is_unresolved(note) and not 1 <= len(note) <= NOTE_LIMIT:
            raise ConfigurationError(
                f"Approval note has {len(note)} characters: allowed are 1 to {NOTE_LIMIT}.",
                hint="Say it shorter, or link to a page that says it.",
            )
        if self.timeout is None:
            return
        shortest, longest = APPROVAL_MINUTES
        seconds = self.timeout.to_seconds()
        if seconds % 60 or not shortest * 60 <= seconds <= longest * 60:
            raise ConfigurationError(
                f"Approval timeout={seconds:g} seconds: allowed are whole minutes, {shortest} to {longest} (60 days)."
            )


class Stage:
    """One stage: environments that are deployed at the same time. Stages follow each other.

    ::

        stages=[Stage(dev, qa), Stage(Environment("prod"), approve=True)]

    Args:
        environments: each as its :class:`Deployer`, or as an :class:`Environment` if that is in another app.
        approve: whether somebody has to agree first; an :class:`Approval` says who is told and how long it waits.
            Default: nobody has to.
        name: the stage's name in the pipeline. Default: ``Deploy-`` and the environments' names.

    Raises:
        ConfigurationError: no environment, or a name that CodePipeline does not take.
    """

    def __init__(
        self, *environments: Deployer | Environment, approve: bool | Approval = False, name: str | None = None
    ) -> None:
        if not environments:
            raise ConfigurationError("Stage() has no environment.", hint="Pass a Deployer or Environment('prod').")
        self.environments = environments
        self.approval = approve if isinstance(approve, Approval) else (Approval() if approve else None)
        self.name = name or f"Deploy-{'-'.join(self.environment_names)}"
        if not _STAGE.fullmatch(self.name):
            raise ConfigurationError(
                f"Stage {self.name!r}: a stage's name has 1 to 100 of A-Z, a-z, 0-9, '.', '@', '_' and '-'.",
                hint="Pass name=.",
            )

    @property
    def environment_names(self) -> tuple[str, ...]:
        """The environments' names, in the order given."""
        return tuple(item.environment if isinstance(item, Deployer) else item.name for item in self.environments)


def check_stages(path: str, stack: Stack, application: str, stages: tuple[Stage, ...]) -> None:
    """Raise unless a pipeline in ``stack`` can deploy all stages.

    Raises:
        ConfigurationError: an environment in two places, of another application, or elsewhere.
    """
    names = [name for stage in stages for name in stage.environment_names]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigurationError(
            f"{path}: environment {', '.join(doubled)} is deployed more than once.", hint="Name each in one stage only."
        )
    reserved = {"Source", "Build", "Publish"}
    titles = [*reserved, *(stage.name for stage in stages)]
    if doubled := sorted({title for title in titles if titles.count(title) > 1}):
        raise ConfigurationError(f"{path}: more than one stage is called {', '.join(doubled)}.", hint="Pass name=.")
    for stage in stages:
        for environment in stage.environments:
            _check_environment(path, stack, application, environment)


def _check_environment(path: str, stack: Stack, application: str, environment: Deployer | Environment) -> None:
    if isinstance(environment, Environment):
        _check_place(path, stack, environment.name, environment.account, environment.region)
        return
    if environment.application.name != application:
        raise ConfigurationError(
            f"{path} releases application {application!r}, but {environment.node.path} deploys "
            f"{environment.application.name!r}.",
            hint="Pass a Deployer of the same application.",
        )
    home = Stack.of(environment)
    _check_place(path, stack, environment.environment, home.account, home.region)


def _check_place(path: str, stack: Stack, name: str, account: str | None, region: str | None) -> None:
    for kind, here, there in (("account", stack.account, account), ("region", stack.region, region)):
        if there is None or there == here or (Token.is_unresolved(here) and Token.is_unresolved(there)):
            continue
        ours, theirs = ("unknown" if Token.is_unresolved(place) else place for place in (here, there))
        raise ConfigurationError(
            f"{path}: environment {name!r} is in {kind} {theirs}, the pipeline in {ours}. A pipeline deploys "
            "environments of its own account and region only.",
            hint=f"Give both stacks the same env=, or leave it out here and use 'appdp deploy {name}' there.",
        )
