"""Values of a container's ``secrets``, read when a task starts.

See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from appdp.local.ecs.supervision import Calls
from appdp.local.wire import Caller

_SECRET_PARTS = 7
"""``arn:aws:secretsmanager:region:account:secret:name`` before json key, version stage and version id."""


class SecretFailure(Exception):
    """A secret could not be read; the text is ECS's."""


async def read(container: Mapping[str, Any], calls: Calls, caller: Caller) -> dict[str, str]:
    """Environment variable → value of the container's secrets. Raises :class:`SecretFailure`."""
    values: dict[str, str] = {}
    for secret in container.get("secrets") or ():
        try:
            values[secret["name"]] = await _value(str(secret["valueFrom"]), calls, caller)
        except (ClientError, BotoCoreError, KeyError, ValueError) as error:
            raise SecretFailure(
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
                f"failed: unable to retrieve secret from {secret['valueFrom']}: {error}"
            ) from error
    return values


async def _value(source: str, calls: Calls, caller: Caller) -> str:
    if ":secretsmanager:" in source:
        return await _from_secrets_manager(source, calls, caller)
    name = source.partition(":parameter")[2] or source
    if name.count("/") == 1 and ":ssm:" in source:
        name = name.removeprefix("/")
    answer = await calls("ssm", "get_parameter", caller, Name=name, WithDecryption=True)
    return str(answer["Parameter"]["Value"])


async def _from_secrets_manager(source: str, calls: Calls, caller: Caller) -> str:
    parts = source.split(":")
    key, stage, version = (*parts[_SECRET_PARTS:], "", "", "")[:3]
    wanted = {"SecretId": ":".join(parts[:_SECRET_PARTS])}
    wanted |= {"VersionStage": stage} if stage else {}
    wanted |= {"VersionId": version} if version else {}
    answer = await calls("secretsmanager", "get_secret_value", caller, **wanted)
    text = str(answer["SecretString"])
    return str(json.loads(text)[key]) if key else text
