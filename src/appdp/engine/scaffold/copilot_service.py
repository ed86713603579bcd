"""One service of Copilot: its manifest, in every environment, as arguments of a construct.

See: https://aws.github.io/copilot-cli/docs/manifest/lb-web-service/, …/backend-service/, …/worker-service/ and
…/scheduled-job/
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from appdp.engine.scaffold.code import seconds, table, text, texts
from appdp.engine.scaffold.copilot_count import read_count
from appdp.engine.scaffold.copilot_parts import command, environment_variables, health_check, secrets
from appdp.engine.scaffold.copilot_times import schedule_expression
from appdp.engine.scaffold.program import ImageSpec, Kind, ServiceSpec, Source
from appdp.engine.scaffold.spans import to_seconds
from appdp.engine.scaffold.tracked import Tracked

_AMD64: Final = ("linux/amd64", "linux/x86_64", "amd64", "x86_64")
_ARM64: Final = ("linux/arm64", "linux/arm", "arm64", "arm")

Options = dict[str, Source]


@dataclass(frozen=True, slots=True, kw_only=True)
class CopilotService:
    """A service or a scheduled job: its name, what stands for it, and environment → manifest there."""

    application: str
    name: str
    kind: Kind
    manifests: Mapping[str, Mapping[str, Any]]


def read_service(service: CopilotService) -> tuple[ImageSpec, ServiceSpec]:
    """Its image, as the first environment builds it, and itself."""
    options: dict[str, dict[str, Source]] = {}
    notes: dict[str, None] = {}
    images: list[Options] = []
    readings = {place: _Reading(service, place, manifest) for place, manifest in service.manifests.items()}
    for place, reading in readings.items():
        images.append(reading.image())
        for key, value in reading.options().items():
            options.setdefault(key, {})[place] = value
        notes |= dict.fromkeys(reading.all_notes())
    if len(set(options.get("secrets", {}).values())) > 1:
        # All of a dictionary's entries are made, so those of several environments need ids of their own.
        options["secrets"] = {place: reading.secrets(f"{service.name}-{place}") for place, reading in readings.items()}
    if any(image != images[0] for image in images):
        notes["another way to build the image in some environment: one image serves all of them"] = None
    return (
        ImageSpec(name=service.name, options=images[0]),
        ServiceSpec(name=service.name, kind=service.kind, image=service.name, options=options, notes=tuple(notes)),
    )


class _Reading:
    """The manifest of one environment."""

    def __init__(self, service: CopilotService, place: str, manifest: Mapping[str, Any]) -> None:
        self._service = service
        names = {"COPILOT_APPLICATION_NAME": service.application, "COPILOT_ENVIRONMENT_NAME": place}
        self._facts = Tracked(_filled(manifest, names))
        self._notes: list[str] = []
        for known in ("name", "type"):
            self._facts.take(known)

    def all_notes(self) -> list[str]:
        """What is missed, and what was not understood."""
        return [*self._notes, *self._facts.left()]

    def image(self) -> Options:
        """Arguments of ``Image``."""
        found: Options = {"platforms": f'("linux/{self._architecture()}",)'}
        build = self._facts.take("image.build")
        location = self._facts.take("image.location")
        if location:
            self._notes.append(
                f"image.location = {location}: it is not built; write a Dockerfile that says FROM {location}"
            )
            return found
        if isinstance(build, Mapping):
            return found | self._build(build)
        if build:
            found["context"] = text(posixpath.normpath(posixpath.dirname(str(build)) or "."))
            found["dockerfile"] = text(posixpath.basename(str(build)))
        return found

    def _build(self, build: Mapping[str, Any]) -> Options:
        dockerfile = posixpath.normpath(str(build.get("dockerfile") or "Dockerfile"))
        context = posixpath.normpath(str(build.get("context") or posixpath.dirname(dockerfile) or "."))
        found: Options = {"context": text(context), "dockerfile": text(posixpath.relpath(dockerfile, context))}
        if target := build.get("target"):
            found["target"] = text(str(target))
        if args := build.get("args"):
            found["build_args"] = table({str(key): text(str(value)) for key, value in args.items()})
        known = ("dockerfile", "context", "target", "args")
        self._notes += [f"image.build.{key} = {value}" for key, value in build.items() if key not in known]
        return found

    def _architecture(self) -> str:
        platform = self._facts.take("platform")
        if isinstance(platform, Mapping):
            platform = f"{platform.get('osfamily', 'linux')}/{platform.get('architecture', 'x86_64')}"
        if str(platform or _AMD64[0]).lower() in _ARM64:
            return "arm64"
        if platform and str(platform).lower() not in _AMD64:
            self._notes.append(f"platform = {platform}: Linux on amd64 instead")
        return "amd64"

    def options(self) -> Options:
        """Arguments of the construct."""
        architecture = self._architecture().upper()
        found: Options = {"architecture": f"Architecture.{architecture}"}
        found |= self._sizes()
        for key, read in (
            ("environment", environment_variables(self._facts.take("variables"), self._notes)),
            ("secrets", self.secrets(self._service.name)),
        ):
            if read:
                found[key] = read
        if self._facts.take("network.vpc.placement") == "private":
            self._notes.append("network.vpc.placement = private: the tasks are in public subnets; see Network")
        match self._service.kind:
            case Kind.WEB:
                return self._web() | found | self._running()
            case Kind.WORKER:
                return self._worker() | found | self._running()
            case Kind.SCHEDULE:
                return self._schedule() | found

    def _running(self) -> Options:
        found: Options = read_count(self._facts.take("count"), self._notes, shifts=self._service.kind is Kind.WEB)
        return {**found, "enable_execute_command": "True"} if self._facts.take("exec") else found

    def _schedule(self) -> Options:
        when = str(self._facts.take("on.schedule") or "none")
        runs = when != "none"
        # What never runs has a schedule, too; it is off.
        found = {"expression": _at(schedule_expression(when if runs else "@daily")), "enabled": str(runs)}
        if words := self._facts.take("command"):
            found["command"] = texts(shlex.split(words) if isinstance(words, str) else map(str, words))
        return found

    def secrets(self, owner: str) -> Source:
        """The secrets, with ids that begin with the owner's name."""
        return secrets(owner, self._facts.take("secrets"), self._notes)

    def _sizes(self) -> Options:
        named = (("cpu", "cpu"), ("memory", "memory_mib"))
        values = ((ours, self._facts.take(theirs)) for theirs, ours in named)
        return {ours: str(int(value)) for ours, value in values if value}

    def _web(self) -> Options:
        path = str(self._facts.take("http.path") or "/").strip("/")
        patterns = [f"/{path}", f"/{path}/*"] if path else ["/*"]
        found: Options = {"path_patterns": texts(patterns)}
        if hosts := self._hosts():
            found["host_headers"] = texts(hosts)
        port = self._facts.take("image.port")
        found["port"] = str(int(port)) if port else "80"
        if check := health_check(self._facts):
            found["health_check"] = check
        if delay := self._facts.take("http.deregistration_delay"):
            found["deregistration_delay"] = seconds(to_seconds(delay))
        return found

    def _hosts(self) -> list[str]:
        alias = self._facts.take("http.alias")
        if not alias:
            return []
        self._notes.append("http.alias: the certificate and the DNS records; the listener is on port 80")
        listed = alias if isinstance(alias, list) else [alias]
        return [str(item.get("name") if isinstance(item, Mapping) else item) for item in listed]

    def _worker(self) -> Options:
        check = command(self._facts)
        return {"health_check": check} if check else {}


def _at(expression: str) -> Source:
    return f"scheduler.ScheduleExpression.expression({text(expression)})"


def _filled(value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401  (whatever YAML holds)
    """Copilot's own variables in texts, with their values.

    See: https://aws.github.io/copilot-cli/docs/developing/manifest-env-var/
    """
    match value:
        case str():
            return re.sub(r"\$\{(\w+)\}", lambda match: names.get(match[1], match[0]), value)
        case dict():
            return {key: _filled(item, names) for key, item in value.items()}
        case list():
            return [_filled(item, names) for item in value]
        case _:
            return value
