"""The sources that a laptop builds from."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from appdp.errors import ConfigurationError

if TYPE_CHECKING:
    from appdp.model.hotswap import BuildRecipe


def source_root(given: Path | None) -> Path:
    """The root of the sources: as given, or the current repository's, or the current directory."""
    if given is not None:
        return given.resolve()
    git = shutil.which("git")
    if git is not None:
        words = [git, "rev-parse", "--show-toplevel"]
        found = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - fixed arguments
        if found.returncode == 0:
            return Path(found.stdout.strip())
    return Path.cwd()


def context_of(recipe: BuildRecipe, source: Path) -> Path:
    """The build context."""
    return source / recipe.context


def dockerfile_of(recipe: BuildRecipe, source: Path) -> Path:
    """The Dockerfile, which the recipe names relative to the context."""
    return context_of(recipe, source) / recipe.dockerfile


def check_sources(image: str, recipe: BuildRecipe, source: Path) -> None:
    """Raise :class:`ConfigurationError` unless the context and the Dockerfile are there; says what was looked for."""
    hint = "Run the command in the application's repository, or name its root: --source DIR."
    context, dockerfile = context_of(recipe, source), dockerfile_of(recipe, source)
    if not context.is_dir():
        raise ConfigurationError(
            f"Image {image!r} is built from the directory {recipe.context!r} of its repository, but there is no "
            f"directory {context}.",
            hint=hint,
        )
    if not dockerfile.is_file():
        raise ConfigurationError(
            f"Image {image!r} is built with {recipe.dockerfile!r} in {context}, but there is no file {dockerfile}.",
            hint=hint,
        )
