"""Base images from a registry of the account's own, which fetches them where they come from."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final, Literal

from aws_cdk import Stack, Token
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from appdp.errors import ConfigurationError

Upstream = Literal["docker-hub", "ecr-public", "github-container-registry", "gitlab-container-registry", "k8s", "quay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Upstream:
    url: str
    needs_credentials: bool = False


UPSTREAMS: Final[dict[str, _Upstream]] = {
    "docker-hub": _Upstream(url="registry-1.docker.io", needs_credentials=True),
    "ecr-public": _Upstream(url="public.ecr.aws"),
    "github-container-registry": _Upstream(url="ghcr.io", needs_credentials=True),
    "gitlab-container-registry": _Upstream(url="registry.gitlab.com", needs_credentials=True),
    "k8s": _Upstream(url="registry.k8s.io"),
    "quay": _Upstream(url="quay.io"),
}
"""The registries with one address, and whether ECR asks for credentials to them.

See: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html and
https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-rule.html
"""

SECRETS: Final = "ecr-pullthroughcache/"
"""What the name of a secret must start with, for ECR to read it."""

PULL_ACTIONS: Final = (
    "ecr:BatchGetImage",
    "ecr:BatchImportUpstreamImage",
    "ecr:CreateRepository",
    "ecr:GetDownloadUrlForLayer",
)
"""The first who pulls an image has it fetched, and its repository made.

See: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
"""

_PREFIX = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
_LONGEST_DAYS: Final = 3650


class PullThroughCache(Construct):
    """A pull-through cache rule of ECR: images of another registry, pulled through the account's own.

    Builds then meet no limit of the other registry, and need no credentials for it. A rule belongs to the registry of
    an account and region: one stack defines it, for all applications. ECR makes a repository for each image, checks
    the upstream for a newer one at most once a day, and costs money per GB and month.

    Example::

        cache = PullThroughCache(stack, "Quay", upstream="quay")
        Build(pull_through=[cache])
        Image(name="web", build_args={"BASE": cache.image("centos/centos:stream9")})

    Args:
        scope: a stack in the account and region of the pipelines.
        construct_id: such as ``"DockerHub"``.
        upstream: ``docker-hub``, ``ecr-public``, ``github-container-registry``, ``gitlab-container-registry``, ``k8s``
            or ``quay``.
        credentials: a secret with ``username`` and ``accessToken``, in the same account and region, whose name starts
            with ``ecr-pullthroughcache/``. Docker Hub, GitHub and GitLab need one. Default: none.
        prefix: how the names of the repositories start, 2 to 30 of ``a-z0-9``, with ``.``, ``_``, ``-`` and ``/``
            between them. Default: the upstream's name.
        expire_days: an image goes so many days after it was fetched, 1 to 3650, and is fetched again when somebody
            pulls it; what was built from it keeps its layers. None: it stays. Default: 30.

    Attributes:
        rule: the rule.
        prefix: how the names of the repositories start.

    Raises:
        ConfigurationError: an upstream, prefix or time that cannot be one, or no credentials where ECR needs them.
    """

    def __init__(  # noqa: PLR0913 - flat keyword-only props, as everywhere in the CDK
        self,
        scope: Construct,
        construct_id: str,
        *,
        upstream: Upstream,
        credentials: secretsmanager.ISecret | None = None,
        prefix: str | None = None,
        expire_days: int | None = 30,
    ) -> None:
        super().__init__(scope, construct_id)
        self.upstream = upstream
        self.prefix = upstream if prefix is None else prefix
        secret = (credentials.secret_full_arn or credentials.secret_arn) if credentials else None
        self._check(secret, expire_days)
        self.rule = ecr.CfnPullThroughCacheRule(
            self,
            "Rule",
            ecr_repository_prefix=self.prefix,
            upstream_registry=upstream,
            upstream_registry_url=UPSTREAMS[upstream].url,
            credential_arn=secret,
        )
        if expire_days is not None:
            ecr.CfnRepositoryCreationTemplate(
                self,
                "Template",
                applied_for=["PULL_THROUGH_CACHE"],
                prefix=self.prefix,
                description=f"Images of {UPSTREAMS[upstream].url}",
                lifecycle_policy=json.dumps(_expiry(expire_days)),
            )

    @property
    def registry(self) -> str:
        """The host of the registry."""
        stack = Stack.of(self)
        return f"{stack.account}.dkr.ecr.{stack.region}.{stack.url_suffix}"

    def image(self, name: str) -> str:
        """The name under which an image of the upstream is pulled through the cache.

        It may be a build argument that a Dockerfile's ``FROM`` takes.

        Args:
            name: repository and tag or digest, without the upstream's host, such as ``python:3.13-slim``. Docker Hub's
                official images may be written without ``library/``.

        Raises:
            ConfigurationError: it is empty, or has the upstream's host.
        """
        host = name.partition("/")[0]
        if not name or name.startswith("/") or host in (UPSTREAMS[self.upstream].url, "docker.io"):
            raise ConfigurationError(
                f"{self.node.path}: image({name!r}): the name of an image comes without the registry's, as in "
                "'library/python:3.13-slim'."
            )
        official = self.upstream == "docker-hub" and "/" not in name
        return f"{self.registry}/{self.prefix}/{'library/' if official else ''}{name}"

    @property
    def repositories_arn(self) -> str:
        """The ARN of all its repositories, with a wildcard."""
        return Stack.of(self).format_arn(service="ecr", resource="repository", resource_name=f"{self.prefix}/*")

    def grant_pull(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody pull through the cache. A build of ``Build(pull_through=…)`` may already.

        Args:
            grantee: who.
        """
        ecr.AuthorizationToken.grant_read(grantee)
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=list(PULL_ACTIONS), resource_arns=[self.repositories_arn]
        )

    def _check(self, secret: str | None, expire_days: int | None) -> None:
        path = self.node.path
        if self.upstream not in UPSTREAMS:
            raise ConfigurationError(
                f"{path}: upstream={self.upstream!r}: allowed are {', '.join(UPSTREAMS)}.",
                hint="Define other rules with aws_ecr.CfnPullThroughCacheRule.",
            )
        if not 2 <= len(self.prefix) <= 30 or not _PREFIX.fullmatch(self.prefix):
            raise ConfigurationError(
                f"{path}: prefix={self.prefix!r}: allowed are 2 to 30 of a-z and 0-9, with '.', '_', '-' and '/' "
                "between them."
            )
        if expire_days is not None and not 1 <= expire_days <= _LONGEST_DAYS:
            raise ConfigurationError(f"{path}: expire_days={expire_days}: allowed are 1 to {_LONGEST_DAYS}, or None.")
        if secret is None and UPSTREAMS[self.upstream].needs_credentials:
            raise ConfigurationError(
                f"{path}: upstream={self.upstream!r} needs credentials.",
                hint=f"Pass credentials=, a secret of Secrets Manager whose name starts with {SECRETS}.",
            )
        if secret is not None and not Token.is_unresolved(secret) and f":secret:{SECRETS}" not in secret:
            raise ConfigurationError(
                f"{path}: credentials={secret!r}: the name of the secret must start with {SECRETS}."
            )


def _expiry(days: int) -> dict[str, Any]:
    selection = {"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
    return {"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]}
