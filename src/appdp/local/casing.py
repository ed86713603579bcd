"""CloudFormation's spelling of a service's properties turned into the API's, led by the API's own model.

``TargetGroupArn`` becomes ``targetGroupArn`` and ``EFSVolumeConfiguration`` ``efsVolumeConfiguration`` because the
model says so; keys of maps (log options, Docker labels) stay as they are; text becomes the number or boolean that the
model wants. A property that the model does not know keeps its value and gets a small first letter: nothing is lost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from appdp.local.protocol import load_model

_SCALARS: Mapping[str, Callable[[Any], Any]] = {
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "boolean": lambda value: value if isinstance(value, bool) else str(value).lower() == "true",
    "string": lambda value: str(value).lower() if isinstance(value, bool) else str(value),
}


@cache
def _input_shape(operation: str, service: str) -> StructureShape:
    shape = load_model(service).operation_model(operation).input_shape
    if not isinstance(shape, StructureShape):
        raise TypeError(f"The operation {operation} of {service} takes no parameters.")
    return shape


def api_parameters(operation: str, properties: Mapping[str, Any], *, service: str = "ecs") -> dict[str, Any]:
    """A resource's properties as parameters of an operation, such as ``CreateService``."""
    converted = _structure(properties, _input_shape(operation, service))
    return {key: value for key, value in converted.items() if value is not None}


def parameter_names(operation: str) -> frozenset[str]:
    """The parameters that an operation of ECS takes."""
    return frozenset(_input_shape(operation, "ecs").members)


def _convert(value: Any, shape: Shape) -> Any:  # noqa: ANN401 - JSON of any shape
    if getattr(shape, "is_document_type", False):
        return json.loads(value) if isinstance(value, str) else value
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return _structure(value, shape)
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_convert(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: _convert(item, shape.value) for key, item in value.items()}
    scalar = _SCALARS.get(shape.type_name)
    return value if scalar is None or value is None else scalar(value)


def _structure(properties: Mapping[str, Any], shape: StructureShape) -> dict[str, Any]:
    known = {name.lower(): name for name in shape.members}
    converted: dict[str, Any] = {}
    for key, value in properties.items():
        name = known.get(key.lower())
        converted[name or _small(key)] = _convert(value, shape.members[name]) if name else _unknown(value)
    return converted


def _unknown(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    if isinstance(value, Mapping):
        return {_small(key): _unknown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unknown(item) for item in value]
    return value


def _small(key: str) -> str:
    return key[:1].lower() + key[1:]
