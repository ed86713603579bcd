"""Read the manifests that the constructs wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeVar

from appdp.engine.ports import Ports
from appdp.errors import NotFound, Refused
from appdp.model.environment import DeployerManifest, ServiceManifest
from appdp.model.handoff import ROOT, deployer_parameter, service_parameter, services_path

_Manifest = TypeVar("_Manifest")


class UsesImages(Protocol):
    """What a service's, a schedule's and a job's manifest have in common."""

    @property
    def name(self) -> str:
        """Its name within the environment."""

    @property
    def containers(self) -> Mapping[str, str]:
        """Container name → image name."""


def read_deployer(application: str, environment: str, ports: Ports) -> DeployerManifest:
    """The environment's deployer.

    Raises:
        NotFound: there is no such environment; lists those that the application has.
    """
    text = ports.parameters.get(deployer_parameter(application, environment))
    if text is not None:
        return DeployerManifest.from_json(text)
    path = f"{ROOT}/{application}"
    names = sorted(name for name in ports.parameters.under(path) if name.endswith("/deployer"))
    known = tuple(name.removeprefix(f"{path}/").removesuffix("/deployer") for name in names)
    raise NotFound(
        "environment",
        environment,
        known,
        hint=f"Deploy the deployer's stack of {application}, or check the account and region.",
    )


def read_manifests(
    application: str, environment: str, deployer: DeployerManifest, ports: Ports
) -> tuple[ServiceManifest, ...]:
    """The environment's services, by name; none is fine.

    Raises:
        Refused: they use images that the deployer does not know.
    """
    manifests = read_all(services_path(application, environment), ServiceManifest.from_json, ports)
    check_images("service", manifests, deployer)
    return manifests


def read_all(path: str, read: Callable[[str], _Manifest], ports: Ports) -> tuple[_Manifest, ...]:
    """Every manifest below a path, by name; none is fine. ``read`` makes one of a parameter's value."""
    found = ports.parameters.under(path)
    return tuple(read(found[name]) for name in sorted(found))


def check_images(kind: str, manifests: Iterable[UsesImages], deployer: DeployerManifest) -> None:
    """Refuse what uses images that the deployer does not know.

    Args:
        kind: the word for what the manifests describe, such as "service".
    """
    faults = [
        f"{kind.capitalize()} {manifest.name!r} uses image {image!r}, which the deployer does not know; it knows "
        f"{', '.join(sorted(deployer.images))}."
        for manifest in manifests
        for image in sorted(set(manifest.containers.values()) - deployer.images.keys())
    ]
    if faults:
        raise Refused("\n".join(faults), hint=f"Deploy the deployer's stack again, then the {kind}s' stack.")


def find_manifest(application: str, environment: str, service: str, ports: Ports) -> ServiceManifest | None:
    """One service's manifest as it is now, or None when it is gone."""
    text = ports.parameters.get(service_parameter(application, environment, service))
    return None if text is None else ServiceManifest.from_json(text)


def read_manifest(application: str, environment: str, service: str, ports: Ports) -> ServiceManifest:
    """One service's manifest as it is now.

    Raises:
        Refused: it is gone.
    """
    found = find_manifest(application, environment, service, ports)
    if found is None:
        raise Refused(f"The manifest of service {service!r} was deleted meanwhile.", hint="Deploy its stack again.")
    return found
