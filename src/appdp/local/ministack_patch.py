"""A change inside MiniStack that checks what it replaces; :mod:`.ministack_patches` has all of them."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from appdp.errors import LocalError

PINNED: Final = "1.5.33"

_MISSING: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One attribute of MiniStack that is replaced.

    Args:
        module: below ``ministack``.
        name: the attribute; ``Class.method`` for a method.
        expects: the parameters of what is replaced, or a text that it contains when it is a string.
        make: makes the replacement from the original.
        why: what MiniStack does, what AWS does, and where AWS says so.
    """

    module: str
    name: str
    expects: tuple[str, ...] | str
    make: Callable[[Any], Any]
    why: str

    def apply(self) -> None:
        """Replace the attribute; raises :class:`LocalError` when it is not what the patch was written for."""
        owner: Any = importlib.import_module(f"ministack.{self.module}")
        *path, attribute = self.name.split(".")
        for part in path:
            owner = getattr(owner, part, None)
        original = getattr(owner, attribute, _MISSING)
        if not self._fits(original):
            raise LocalError(
                f"MiniStack {version('ministack')} has no {self.module}.{self.name} like {PINNED}'s: {self.expects!r}.",
                hint=f"Install the pinned version: pip install 'ministack=={PINNED}'.",
            )
        setattr(owner, attribute, self.make(original))

    def _fits(self, original: object) -> bool:
        if isinstance(self.expects, str):
            return isinstance(original, str) and self.expects in original
        return callable(original) and tuple(inspect.signature(original).parameters) == self.expects
