"""HTML and SVG as text, escaped by construction: what is not :class:`Markup` is text, and text is escaped."""

from __future__ import annotations

from html import escape
from typing import Final

_VOID: Final = frozenset({"br", "hr", "img", "link", "meta"})


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(name: str, /, *content: str | None, **attributes: str | float | None) -> Markup:
    """An element. Attributes that are None are left out; ``class_`` gives ``class``, and ``_`` gives ``-``."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(*content)}</{name}>")


def join(*content: str | None) -> Markup:
    """Markup and text, one after the other; text is escaped, None is nothing."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in content if part is not None))


def _plain(value: str | float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
