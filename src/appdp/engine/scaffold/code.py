"""Python source, in the shape that formatters leave alone: one argument a line, with a comma at the end."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping

from appdp.engine.scaffold.program import Source


def text(value: str) -> Source:
    """A string."""
    quoted = json.dumps(value, ensure_ascii=False)
    # A formatter takes the quotes that need fewer backslashes.
    return repr(value) if '"' in value and "'" not in value else quoted


def seconds(value: float) -> Source:
    """A length of time, in whole seconds."""
    return f"Duration.seconds({round(value)})"


def texts(values: Iterable[str]) -> Source:
    """A list of strings."""
    return f"[{', '.join(map(text, values))}]"


def call(name: str, arguments: Iterable[Source] = (), named: Mapping[str, Source] | None = None) -> Source:
    """A call, one argument a line."""
    lines = [*arguments, *(f"{key}={value}" for key, value in (named or {}).items())]
    return _block(f"{name}(", lines, ")")


def table(entries: Mapping[str, Source]) -> Source:
    """A dictionary with texts as keys, one entry a line."""
    return _block("{", [f"{text(key)}: {value}" for key, value in entries.items()], "}") if entries else "{}"


def row(entries: Iterable[Source]) -> Source:
    """A tuple, one entry a line."""
    return _block("(", entries, ")")


def chosen(by_environment: Mapping[str, Source], environments: Iterable[str]) -> Source:
    """An expression that depends on the variable ``environment``, if it does."""
    values = {name: by_environment.get(name, "None") for name in environments}
    if len(set(values.values())) == 1:
        return next(iter(values.values()))
    return f"{table(values)}[environment]"


def comment(note: str, *, width: int = 100) -> str:
    """A note as a comment, on as many lines as it takes."""
    return textwrap.fill(note, width=width, initial_indent="# ", subsequent_indent="#   ", break_on_hyphens=False)


def indented(source: Source, depth: int = 1) -> Source:
    """The source, so many blocks further in."""
    return textwrap.indent(source, "    " * depth)


def _block(head: str, lines: Iterable[Source], tail: str) -> Source:
    body = "".join(f"{indented(line)},\n" for line in lines)
    return f"{head}\n{body}{tail}" if body else head + tail
