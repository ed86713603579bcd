"""A program from the manifests of AWS Copilot.

See: https://aws.github.io/copilot-cli/docs/manifest/overview/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from appdp.engine.scaffold.copilot_service import CopilotService, read_service
from appdp.engine.scaffold.program import Kind, Program, ServiceSpec, name_from
from appdp.engine.scaffold.tracked import Tracked, merged
from appdp.errors import ConfigurationError

WEB: Final = "Load Balanced Web Service"
BACKEND: Final = "Backend Service"
WORKER: Final = "Worker Service"
JOB: Final = "Scheduled Job"

_SERVICES: Final = (WEB, BACKEND, WORKER)
_KNOWN: Final = (*_SERVICES, JOB)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopilotWorkspace:
    """What a directory of Copilot holds.

    Args:
        application: the application's name.
        manifests: directory → the manifest in it, of services and jobs.
        environments: environment → its manifest; empty where there is none.
        others: what else there is, such as addons and overrides.
    """

    application: str
    manifests: Mapping[str, Mapping[str, Any]]
    environments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    others: tuple[str, ...] = ()


def from_copilot(
    workspace: CopilotWorkspace, *, name: str | None, environments: Sequence[str], github: str | None
) -> Program:
    """Services with what their manifests say, each environment's overrides included.

    Args:
        workspace: the manifests.
        name: the application's name. Default: Copilot's.
        environments: their names. Default: those that the workspace and the manifests name, or ``test``.
        github: ``owner/repo``, or None.

    Raises:
        ConfigurationError: no manifest describes a service, or names that are none.
    """
    places = tuple(environments) or _environments(workspace)
    named = {_name(directory, manifest): manifest for directory, manifest in workspace.manifests.items()}
    found = {service: manifest for service, manifest in named.items() if manifest.get("type") in _KNOWN}
    if not any(manifest["type"] in _SERVICES for manifest in found.values()):
        kinds = sorted({str(manifest.get("type")) for manifest in named.values()})
        raise ConfigurationError(
            f"No manifest there describes a service; there are: {', '.join(kinds) or 'none'}. Carried over can be "
            f"{', '.join(_SERVICES)}.",
            hint="Give the directory that holds .workspace and a directory per service.",
        )
    application = name or name_from(workspace.application)
    read = [
        read_service(
            CopilotService(
                application=workspace.application,
                name=service,
                kind=_kind(manifest),
                manifests={place: _in(place, manifest) for place in places},
            )
        )
        for service, manifest in found.items()
    ]
    return Program(
        name=application,
        environments=places,
        images=tuple(image for image, _ in read),
        services=_in_order([service for _, service in read]),
        github=github,
        notes=_notes(workspace, named, places),
    )


def _name(directory: str, manifest: Mapping[str, Any]) -> str:
    return name_from(str(manifest.get("name") or directory))


def _kind(manifest: Mapping[str, Any]) -> Kind:
    if manifest["type"] == JOB:
        return Kind.SCHEDULE
    return Kind.WEB if manifest["type"] == WEB and manifest.get("http") is not False else Kind.WORKER


def _environments(workspace: CopilotWorkspace) -> tuple[str, ...]:
    places = dict.fromkeys(workspace.environments)
    for manifest in workspace.manifests.values():
        places |= dict.fromkeys(map(str, manifest.get("environments") or {}))
    # The first one is deployed to without asking, so production comes last.
    return tuple(sorted(places, key=lambda place: (place.startswith("prod"), place))) or ("test",)


def _in(place: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest as it holds in one environment."""
    own = {key: value for key, value in manifest.items() if key != "environments"}
    return merged(own, (manifest.get("environments") or {}).get(place) or {})


def _in_order(services: Sequence[ServiceSpec]) -> tuple[ServiceSpec, ...]:
    """With priorities: the service that answers everywhere is asked last."""
    web = [service for service in services if service.web]
    web.sort(key=lambda service: '["/*"]' in service.options["path_patterns"].values())
    numbers = {service.name: str(10 * number) for number, service in enumerate(web, start=1)}
    return tuple(
        ServiceSpec(
            name=one.name,
            kind=one.kind,
            image=one.image,
            options={"priority": dict.fromkeys(one.options["path_patterns"], numbers[one.name]), **one.options},
            notes=one.notes,
        )
        if one.web
        else one
        for one in services
    )


def _notes(
    workspace: CopilotWorkspace, named: Mapping[str, Mapping[str, Any]], places: Sequence[str]
) -> tuple[str, ...]:
    notes = [
        "the VPC, the cluster and the load balancer of Copilot's environments; Network makes others. Look yours up "
        "instead to keep them."
    ]
    for name, manifest in named.items():
        if manifest.get("type") not in _KNOWN:
            rest = Tracked({key: value for key, value in manifest.items() if key not in ("name", "type")})
            notes.append(f"{manifest.get('type') or 'manifest without a type'} {name!r} ({'; '.join(rest.left())})")
    for place, manifest in workspace.environments.items():
        rest = Tracked({key: value for key, value in manifest.items() if key not in ("name", "type")})
        notes += [f"environment {place}: {item}" for item in rest.left()]
        if place not in places:
            notes.append(f"environment {place}, which --environment leaves out")
    return (*notes, *workspace.others)
