"""Which constructs a deployer deploys: each by a name of its own, and where the deployer can reach it."""

from __future__ import annotations

from aws_cdk import Stack, Token
from constructs import IConstruct

from appdp.cdk.environment_names import Names
from appdp.errors import ConfigurationError


class Claims:
    """The names that are taken in one environment.

    Args:
        path: the deployer's, for messages.
        names: the environment's.
    """

    def __init__(self, path: str, names: Names) -> None:
        self._path = path
        self._names = names
        self._taken: dict[str, str] = {}

    def add(self, service: IConstruct, name: str) -> None:
        """Make ``service`` the one that has ``name``; its stack is deployed after the deployer's.

        Raises:
            ConfigurationError: it shares the deployer's stack, is in another account or region, or another one has the
                name.
        """
        self._check_place(service)
        self._check_stack(service)
        if name in self._taken:
            raise ConfigurationError(
                f"{service.node.path}: the name {name!r} is taken by {self._taken[name]} in environment "
                f"{self._names.environment!r}.",
                hint="Give one of them another name=.",
            )
        self._taken[name] = service.node.path
        Stack.of(service).add_stack_dependency(self._names.stack)

    def _check_place(self, service: IConstruct) -> None:
        ours, theirs = self._names.stack, Stack.of(service)
        for kind, here, there in (("account", ours.account, theirs.account), ("region", ours.region, theirs.region)):
            if here != there and not Token.is_unresolved(here) and not Token.is_unresolved(there):
                raise ConfigurationError(
                    f"{service.node.path} is in {kind} {there}, but its deployer ({self._path}) is in {here}: a "
                    "deployer runs the deployments of its own account and region.",
                    hint=f"Give both stacks the same env=, or make a Deployer for another environment in {there}.",
                )

    def _check_stack(self, service: IConstruct) -> None:
        home = self._names.stack.node.path
        stack: Stack | None = Stack.of(service)
        while stack is not None:
            if stack.node.path == home:
                raise ConfigurationError(
                    f"{service.node.path} is in the stack of its own deployer ({self._path}). The release "
                    "parameter must exist before a stack with services can be deployed.",
                    hint=f"Put the Deployer into a stack of its own, such as '{home}-deployer', and deploy it first.",
                )
            stack = stack.nested_stack_parent
