"""Where a pipeline's source comes from, and which pushes start it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aws_cdk import Token
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions

from appdp.errors import ConfigurationError

MAX_PATTERNS: Final = 8
"""Patterns in each list of a filter, those that include and those that exclude counted apart.

See: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GitBranchFilterCriteria.html
"""

MAX_PATTERN_LENGTH: Final = 255
"""See: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GitBranchFilterCriteria.html"""

SOURCE: Final = "Source"
"""The namespace of the source action's variables: ``#{Source.CommitId}`` and others.

See: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html
"""

_REPOSITORY = re.compile(r"(?P<owner>[A-Za-z0-9][A-Za-z0-9-]{0,38})/(?P<repo>[A-Za-z0-9._-]{1,100})")
_CONNECTION = re.compile(
    r"arn:[a-z-]+:(?:codeconnections|codestar-connections):[a-z0-9-]+:[0-9]{12}:connection/[0-9A-Za-z-]+"
)


@dataclass(frozen=True, slots=True)
class GitHub:
    """A GitHub repository, reached through a connection of AWS.

    The connection is made once, in the console: an owner of the repository must agree to it there.

    Args:
        repository: ``owner/repo``.
        connection_arn: the connection's ARN, ``arn:aws:codeconnections:…:connection/…``, or the same with the older
            ``codestar-connections``.
        branch: the branch that a manual start builds; which pushes start the pipeline is up to its trigger. Default:
            ``main``.

    Raises:
        ConfigurationError: no repository, no branch, or an ARN of something else.

    See: https://docs.aws.amazon.com/dtconsole/latest/userguide/connections-create-github.html
    """

    repository: str
    connection_arn: str
    branch: str = "main"

    def __post_init__(self) -> None:
        match = _REPOSITORY.fullmatch(self.repository)
        if match is None or set(match["repo"]) <= {"."} or self.repository.endswith(".git"):
            raise ConfigurationError(
                f"GitHub({self.repository!r}): a repository is written owner/repo, such as 'acme/shop'.",
                hint="Take the part of its address after github.com/, without '.git'.",
            )
        if not self.branch:
            raise ConfigurationError(f"GitHub({self.repository!r}): branch is empty.", hint="Pass branch='main'.")
        if not Token.is_unresolved(self.connection_arn) and not _CONNECTION.fullmatch(self.connection_arn):
            raise ConfigurationError(
                f"GitHub({self.repository!r}): connection_arn={self.connection_arn!r} is no connection: allowed is "
                "arn:aws:codeconnections:REGION:ACCOUNT:connection/ID, or the same with codestar-connections.",
                hint="'aws codeconnections list-connections' shows the ARNs.",
            )

    def action(self, output: codepipeline.Artifact) -> actions.CodeStarConnectionsSourceAction:
        """The source action. It never starts the pipeline: the trigger does, or somebody.

        See: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineTriggerDeclaration.html
        """
        owner, repo = self.repository.split("/")
        return actions.CodeStarConnectionsSourceAction(
            action_name="Source",
            owner=owner,
            repo=repo,
            branch=self.branch,
            connection_arn=self.connection_arn,
            output=output,
            code_build_clone_output=False,
            trigger_on_push=False,
            variables_namespace=SOURCE,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Which pushes start a pipeline. Patterns are globs; one that starts with ``!`` excludes.

    Args:
        branches: of branches, such as ``["main", "release/**"]``.
        tags: of tags, such as ``["v*"]``. Not together with the others: a push is of a branch or of a tag.
        paths: of changed files, such as ``["!docs/**"]``; only together with branches.

    Raises:
        ConfigurationError: no pattern, more than eight in a list, or a combination that CodePipeline refuses.

    See: https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-filter.html
    """

    branches: Sequence[str] = ()
    tags: Sequence[str] = ()
    paths: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("branches", "tags", "paths"):
            value = getattr(self, name)
            object.__setattr__(self, name, (value,) if isinstance(value, str) else tuple(value))
            _check_patterns(name, getattr(self, name))
        if self.tags and (self.branches or self.paths):
            raise ConfigurationError(
                f"Push(tags={list(self.tags)}) cannot go with branches or paths: a push is of a branch or of a tag.",
                hint="Make two pipelines; they share the application's repositories.",
            )
        if self.paths and not self.branches:
            raise ConfigurationError(
                f"Push(paths={list(self.paths)}) has no branches: CodePipeline looks at files only on branches.",
                hint="Add branches=['**'] for every branch.",
            )
        if not (self.branches or self.tags):
            raise ConfigurationError(
                "Push() has no pattern, so it would match nothing.",
                hint="Say Push(branches=['main']), or trigger=None for a pipeline that is started by hand.",
            )

    def trigger(self, source: actions.CodeStarConnectionsSourceAction) -> codepipeline.TriggerProps:
        """What the pipeline says about it."""
        push = codepipeline.GitPushFilter(
            branches_includes=_included(self.branches),
            branches_excludes=_excluded(self.branches),
            tags_includes=_included(self.tags),
            tags_excludes=_excluded(self.tags),
            file_paths_includes=_included(self.paths),
            file_paths_excludes=_excluded(self.paths),
        )
        return codepipeline.TriggerProps(
            provider_type=codepipeline.ProviderType.CODE_STAR_SOURCE_CONNECTION,
            git_configuration=codepipeline.GitConfiguration(source_action=source, push_filter=[push]),
        )


def _included(patterns: Sequence[str]) -> list[str] | None:
    return [pattern for pattern in patterns if not pattern.startswith("!")] or None


def _excluded(patterns: Sequence[str]) -> list[str] | None:
    return [pattern[1:] for pattern in patterns if pattern.startswith("!")] or None


def _check_patterns(name: str, patterns: Sequence[str]) -> None:
    for kind, listed in (("include", _included(patterns)), ("exclude", _excluded(patterns))):
        if len(listed or ()) > MAX_PATTERNS:
            raise ConfigurationError(
                f"Push({name}=…) has {len(listed or ())} patterns that {kind}; CodePipeline takes {MAX_PATTERNS}.",
                hint="Use wider patterns, such as 'feature/**', or make two pipelines.",
            )
        for pattern in listed or ():
            if not 1 <= len(pattern) <= MAX_PATTERN_LENGTH:
                raise ConfigurationError(
                    f"Push({name}=…) has a pattern of {len(pattern)} characters: allowed are 1 to {MAX_PATTERN_LENGTH}."
                )
