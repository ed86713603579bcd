"""Variables, secrets and health checks of a manifest.

See: https://aws.github.io/copilot-cli/docs/developing/environment-variables/ and …/secrets/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from appdp.engine.scaffold.code import call, seconds, table, text, texts
from appdp.engine.scaffold.program import Source
from appdp.engine.scaffold.secret import parameter, secret
from appdp.engine.scaffold.spans import to_seconds
from appdp.engine.scaffold.tracked import Tracked


def environment_variables(variables: Any, notes: list[str]) -> Source:  # noqa: ANN401  (whatever YAML holds)
    """A dictionary of those that are plain values; empty when there are none."""
    plain = {}
    for name, value in (variables or {}).items():
        if isinstance(value, Mapping):
            notes.append(f"variables.{name} = {dict(value)}: it comes from another stack; import it there")
        else:
            plain[str(name)] = text(_plain(value))
    return table(plain) if plain else ""


def _plain(value: Any) -> str:  # noqa: ANN401  (whatever stands there)
    return str(value).lower() if isinstance(value, bool) else str(value)


def secrets(owner: str, given: Any, notes: list[str]) -> Source:  # noqa: ANN401  (whatever stands there)
    """A dictionary of secrets; empty when there are none."""
    found = {}
    for name, value in (given or {}).items():
        match value:
            case str():
                found[str(name)] = parameter(owner, str(name), value)
            case {"secretsmanager": str(where)}:
                found[str(name)] = secret(owner, str(name), where)
            case _:
                notes.append(f"secrets.{name} = {value}: it comes from another stack; import it there")
    return table(found) if found else ""


def health_check(facts: Tracked) -> Source:
    """``http.healthcheck`` as a ``HealthCheck``; empty when there is none."""
    whole = facts.take("http.healthcheck") if not isinstance(facts.peek("http.healthcheck"), Mapping) else None
    if whole:
        return call("HealthCheck", (), {"path": text(str(whole))})
    read: Mapping[str, tuple[str, Callable[[Any], Source]]] = {
        "path": ("path", _text),
        "success_codes": ("codes", _text),
        "healthy_threshold": ("healthy", _whole),
        "unhealthy_threshold": ("unhealthy", _whole),
        "interval": ("interval", _span),
        "timeout": ("timeout", _span),
        "grace_period": ("grace", _span),
    }
    values = ((ours, facts.take(f"http.healthcheck.{theirs}"), show) for theirs, (ours, show) in read.items())
    arguments = {ours: show(value) for ours, value, show in values if value is not None}
    return call("HealthCheck", (), arguments) if arguments else ""


def _text(value: Any) -> Source:  # noqa: ANN401  (whatever stands there)
    return text(str(value))


def _whole(value: Any) -> Source:  # noqa: ANN401  (whatever stands there)
    return str(int(value))


def _span(value: Any) -> Source:  # noqa: ANN401  (whatever stands there)
    return seconds(to_seconds(value))


def command(facts: Tracked) -> Source:
    """``image.healthcheck`` as an ``ecs.HealthCheck``; empty when there is none."""
    words = facts.take("image.healthcheck.command")
    if not words:
        return ""
    listed = words if isinstance(words, list) else ["CMD-SHELL", str(words)]
    arguments = {"command": texts(map(str, listed))}
    if (retries := facts.take("image.healthcheck.retries")) is not None:
        arguments["retries"] = str(int(retries))
    for name in ("interval", "timeout", "start_period"):
        if (value := facts.take(f"image.healthcheck.{name}")) is not None:
            arguments[name] = seconds(to_seconds(value))
    return call("ecs.HealthCheck", (), arguments)
