"""The stages of a pipeline after the publication: environments, and who has to agree first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aws_cdk import Duration, Stack, Token
from aws_cdk import aws_sns as sns

from appdp.cdk.deployer import Deployer
from appdp.cdk.pipeline_environment import PipelineEnvironment
from appdp.cdk.places import check_account, check_region
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

    In another account, its ``Deployer`` has ``released_from=`` with the pipeline's account.

    Args:
        name: the environment's name.
        account: its account, 12 digits. Default: the pipeline's.
        region: its region, such as ``"eu-west-1"``. Default: the pipeline's.

    Raises:
        ConfigurationError: a name, an account or a region that cannot be one.
    """

    name: str
    account: str | None = None
    region: str | None = None

    def __post_init__(self) -> None:
        check_environment("Environment", self.name)
        if self.account is not None:
            check_account(f"Environment {self.name!r} has account=", self.account)
        if self.region is not None:
            check_region(f"Environment {self.name!r} has region=", self.region)


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


def check_stages(path: str, stack: Stack, application: str, stages: Sequence[Stage]) -> dict[str, PipelineEnvironment]:
    """Each environment's name → how a pipeline in ``stack`` reaches it, in the order of the stages.

    Raises:
        ConfigurationError: an environment in two stages, of another application, or of an account or region that nobody
            knows.
    """
    names = [name for stage in stages for name in stage.environment_names]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigurationError(
            f"{path}: environment {', '.join(doubled)} is deployed more than once.", hint="Name each in one stage only."
        )
    titles = ["Source", "Build", "Publish", *(stage.name for stage in stages)]
    if doubled := sorted({title for title in titles if titles.count(title) > 1}):
        raise ConfigurationError(f"{path}: more than one stage is called {', '.join(doubled)}.", hint="Pass name=.")
    found = [_reached(path, stack, application, item) for stage in stages for item in stage.environments]
    return {environment.name: environment for environment in found}


def _reached(path: str, stack: Stack, application: str, environment: Deployer | Environment) -> PipelineEnvironment:
    if isinstance(environment, Environment):
        return _placed(path, stack, environment.name, environment.account, environment.region)
    if environment.application.name != application:
        raise ConfigurationError(
            f"{path} releases application {application!r}, but {environment.node.path} deploys "
            f"{environment.application.name!r}.",
            hint="Pass a Deployer of the same application.",
        )
    home = Stack.of(environment)
    found = _placed(path, stack, environment.environment, home.account, home.region)
    if found.account is not None and environment.released_from != stack.account:
        raise ConfigurationError(
            f"{path}: {environment.node.path} is in account {found.account} and lets pipelines of "
            f"{environment.released_from or 'its own account only'} release into it; this one is in {stack.account}.",
            hint=f"Give the Deployer released_from={stack.account!r}.",
        )
    return found


def _placed(path: str, stack: Stack, name: str, account: str | None, region: str | None) -> PipelineEnvironment:
    return PipelineEnvironment(
        name=name,
        account=_other(path, name, "account", stack.account, account),
        region=_other(path, name, "region", stack.region, region),
    )


def _other(path: str, name: str, kind: str, ours: str, theirs: str | None) -> str | None:
    """The environment's account or region, or None when it is the pipeline's."""
    unknown = [Token.is_unresolved(ours), Token.is_unresolved(theirs)]
    if theirs is None or theirs == ours or all(unknown):
        return None
    if any(unknown):
        here, there = ("unknown" if Token.is_unresolved(place) else place for place in (ours, theirs))
        raise ConfigurationError(
            f"{path}: environment {name!r} is in {kind} {there}, the pipeline in {here}: nobody knows whether these "
            "are the same.",
            hint="Give the stacks of the pipeline and of the Deployer an env= with account and region.",
        )
    return theirs
