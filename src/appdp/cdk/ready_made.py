"""A user's own task definition: whether a release would really change it, and all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsii
from aws_cdk import Stack
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct, IValidation

from appdp.cdk.architecture import Architecture, check_platform
from appdp.cdk.deployer import Deployer
from appdp.cdk.task import Task, TaskSettings, define_task
from appdp.cdk.task_options import TaskOptions
from appdp.errors import ConfigurationError


def task_of(  # noqa: PLR0913 - what a task is made of
    scope: Construct,
    name: str,
    deployer: Deployer,
    options: TaskOptions,
    settings: TaskSettings,
    port: int | None = None,
) -> Task:
    """The task of a service, job or schedule: its ready-made task definition, or one that is made from the settings.

    Raises:
        ConfigurationError: both are given, or one of them cannot be.
        NotFound: an image that the application does not have.
    """
    ready_made, images = options.get("task_definition"), options.get("images")
    _check_task(scope, settings, ready_made, images)
    if ready_made is None:
        return define_task(scope, name, deployer, settings, port)
    return _adopt_task(scope, deployer, ready_made, images)


def _check_task(
    scope: Construct,
    settings: TaskSettings,
    definition: ecs.FargateTaskDefinition | None,
    images: Mapping[str, str] | None,
) -> None:
    """Raise unless a task is either described by its settings, or ready-made."""
    if definition is None and images is not None:
        raise ConfigurationError(
            f"{scope.node.path}: images= without task_definition=.", hint="Say image= for a single container."
        )
    if definition is not None and settings.given:
        raise ConfigurationError(
            f"{scope.node.path}: {', '.join(settings.given)} together with task_definition=, which has its own.",
            hint="Set them on the task definition.",
        )


def _adopt_task(
    scope: Construct, deployer: Deployer, definition: ecs.FargateTaskDefinition, images: Mapping[str, str] | None
) -> Task:
    """A ready-made task definition. The deployer gets the right to pass its roles.

    Raises:
        ConfigurationError: no images, a container that is not there or runs something else, or an image that is not
            built for the task definition's architecture.
        NotFound: an image that the application does not have.
    """
    if not images:
        raise ConfigurationError(
            f"{scope.node.path}: task_definition= without images=: a release would change nothing in it.",
            hint="Say which containers run the application's images, such as images={'web': 'web'}.",
        )
    containers = _Containers(scope=scope, deployer=deployer, definition=definition, images=dict(images))
    containers.check_named()
    # Containers may be added until the app is synthesised.
    scope.node.add_validation(_Complete(containers))
    roles: list[iam.IRole] = [definition.task_role, definition.obtain_execution_role()]
    if foreign := [role for role in roles if not _below(deployer.task_role_path, role)]:
        deployer.grant_pass_role(scope, *foreign)
    return Task(definition=definition, images=dict(images))


def _below(path: str, role: iam.IRole) -> bool:
    resource = role.node.default_child
    return isinstance(resource, iam.CfnRole) and (resource.path or "").startswith(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Containers:
    """The containers of a ready-made task definition, and what ``images=`` says about them."""

    scope: Construct
    deployer: Deployer
    definition: ecs.FargateTaskDefinition
    images: Mapping[str, str]

    def check_named(self) -> None:
        """Raise unless every container that ``images=`` names runs that image of the environment."""
        architecture = self._architecture()
        for container, name in self.images.items():
            image = self.deployer.application.image(name)
            found = self.definition.find_container(container)
            if found is None:
                raise ConfigurationError(
                    f"{self._where}: images= names container {container!r}, which {self._theirs} lacks.",
                    hint="Add the container before the service is created.",
                )
            runs = self._resolved(found.image_name)
            if runs != self._reference(name):
                shown = f" ({runs})" if isinstance(runs, str) else ""
                raise ConfigurationError(
                    f"{self._where}: images= says that container {container!r} runs image {name!r}, but {self._theirs} "
                    f"gives it another one{shown}, which the next cdk deploy would bring back.",
                    hint=f"Add the container with image=deployer.image({name!r}).",
                )
            check_platform(self._where, image, architecture)

    def left_out(self) -> dict[str, str]:
        """Containers that run an image of the application although ``images=`` does not name them.

        Only for when the app is synthesised: looking at all containers fixes them, and later ones would be lost.
        """
        names = {str(self._reference(name)): name for name in self.deployer.images}
        every = self._resolved(self._resource.container_definitions) or ()
        runs = {item["name"]: names.get(str(item["image"])) for item in every}
        return {container: image for container, image in runs.items() if image and container not in self.images}

    @property
    def _where(self) -> str:
        return str(self.scope.node.path)

    @property
    def _theirs(self) -> str:
        return str(self.definition.node.path)

    @property
    def _resource(self) -> ecs.CfnTaskDefinition:
        resource = self.definition.node.default_child
        if not isinstance(resource, ecs.CfnTaskDefinition):
            raise TypeError(f"{self._theirs} has a {type(resource).__name__} in place of its CfnTaskDefinition.")
        return resource

    def _architecture(self) -> Architecture:
        platform = self._resolved(self._resource.runtime_platform) or {}
        # Without a word, ECS takes x86-64.
        return Architecture.ARM64 if platform.get("cpuArchitecture") == "ARM64" else Architecture.AMD64

    def _reference(self, name: str) -> Any:  # noqa: ANN401 - a resolved CloudFormation value is any JSON
        return self._resolved(self.deployer.image_reference(name))

    def _resolved(self, value: Any) -> Any:  # noqa: ANN401 - a CloudFormation value is any JSON
        return Stack.of(self.definition).resolve(value)


@jsii.implements(IValidation)
class _Complete:
    """Refuses, when the app is synthesised, a container that a release would leave behind."""

    def __init__(self, containers: _Containers) -> None:
        self._containers = containers

    def validate(self) -> list[str]:
        """One message per container."""
        return [
            f"container {container!r} runs the application's image {image!r}, but images= does not name it, so a "
            f"release would leave it behind. Add {container!r}: {image!r} to images=."
            for container, image in self._containers.left_out().items()
        ]
