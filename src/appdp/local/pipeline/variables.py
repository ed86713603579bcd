"""Variables in action configurations: ``#{namespace.name}``.

See: https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from appdp.local.pipeline.performing import ActionFailed

_VARIABLE: Final = re.compile(r"#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_-]+)\}")


def resolved(text: str, namespaces: Mapping[str, Mapping[str, str]]) -> str:
    """The text with every variable replaced.

    Raises:
        ActionFailed: a namespace or a variable that there is not.
    """

    def value(match: re.Match[str]) -> str:
        namespace, name = match.groups()
        if name not in namespaces.get(namespace, {}):
            known = ", ".join(sorted(f"{space}.{key}" for space, keys in namespaces.items() for key in keys))
            raise ActionFailed(f"The variable {match.group()} is not defined. Defined are: {known or 'none'}.")
        return namespaces[namespace][name]

    return _VARIABLE.sub(value, text)


def resolved_all(configuration: Mapping[str, str], namespaces: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """An action's configuration with every variable replaced."""
    return {key: resolved(str(text), namespaces) for key, text in configuration.items()}
