"""The ``query`` protocol's form fields and XML, in both directions from a botocore shape.

See: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element, SubElement, tostring

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from appdp.local.wire import ServiceError


def form(body: bytes) -> dict[str, str]:
    """The fields of a form; the last one wins."""
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def parse(fields: Mapping[str, str], shape: Shape) -> dict[str, Any]:
    """The parameters that the form spells out for ``shape``; absent members are left out."""
    return (_structure(fields, shape, "") if isinstance(shape, StructureShape) else None) or {}


def response(operation: OperationModel, result: Mapping[str, Any], namespace: str, request_id: str) -> bytes:
    """``<OpResponse><OpResult>…</OpResult><ResponseMetadata>…``."""
    root = Element(f"{operation.name}Response", {"xmlns": namespace})
    shape = operation.output_shape
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper", f"{operation.name}Result")
        _write(SubElement(root, wrapper), result, shape)
    SubElement(SubElement(root, "ResponseMetadata"), "RequestId").text = request_id
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def error_response(error: ServiceError, namespace: str, request_id: str) -> bytes:
    """``<ErrorResponse><Error><Type/><Code/><Message/></Error><RequestId/></ErrorResponse>``."""
    root = Element("ErrorResponse", {"xmlns": namespace})
    element = SubElement(root, "Error")
    SubElement(element, "Type").text = "Sender" if error.status < 500 else "Receiver"
    SubElement(element, "Code").text = error.code
    SubElement(element, "Message").text = error.message
    SubElement(root, "RequestId").text = request_id
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _boolean(text: str) -> bool:
    return text.strip().lower() == "true"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


_SCALARS: Final[Mapping[str, Callable[[str], Any]]] = {
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "boolean": _boolean,
    "timestamp": _moment,
    "blob": lambda text: base64.b64decode(text),
}


def _read(fields: Mapping[str, str], shape: Shape, prefix: str) -> Any:  # noqa: ANN401 - a parameter of any type
    if isinstance(shape, StructureShape):
        return _structure(fields, shape, prefix)
    if isinstance(shape, ListShape):
        return _list(fields, shape, prefix)
    if isinstance(shape, MapShape):
        return _map(fields, shape, prefix)
    text = fields.get(prefix)
    if text is None:
        return None
    try:
        return _SCALARS.get(shape.type_name, str)(text)
    except ValueError as error:
        raise ServiceError(
            "ValidationError", f"{prefix} is {text!r}: expected a value of type {shape.type_name}."
        ) from error


def _structure(fields: Mapping[str, str], shape: StructureShape, prefix: str) -> dict[str, Any] | None:
    found = {}
    for name, member in shape.members.items():
        wire_name = member.serialization.get("name", name)
        value = _read(fields, member, f"{prefix}.{wire_name}" if prefix else wire_name)
        if value is not None:
            found[name] = value
    return found or None


def _list(fields: Mapping[str, str], shape: ListShape, prefix: str) -> list[Any] | None:
    if fields.get(prefix) == "":
        return []  # how an empty list is written
    if not shape.serialization.get("flattened"):
        prefix = f"{prefix}.{shape.member.serialization.get('name', 'member')}"
    items: list[Any] = []
    while (value := _read(fields, shape.member, f"{prefix}.{len(items) + 1}")) is not None:
        items.append(value)
    return items or None


def _map(fields: Mapping[str, str], shape: MapShape, prefix: str) -> dict[str, Any] | None:
    if not shape.serialization.get("flattened"):
        prefix = f"{prefix}.entry"
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    found: dict[str, Any] = {}
    while (key := fields.get(f"{prefix}.{len(found) + 1}.{key_name}")) is not None:
        found[key] = _read(fields, shape.value, f"{prefix}.{len(found) + 1}.{value_name}")
    return found or None


def _write(parent: Element, value: Any, shape: Shape) -> None:  # noqa: ANN401 - a result of any type
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                _write_member(parent, member.serialization.get("name", name), value[name], member)
    elif isinstance(shape, ListShape):
        for item in value:
            _write(SubElement(parent, shape.member.serialization.get("name", "member")), item, shape.member)
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            entry = SubElement(parent, "entry")
            SubElement(entry, shape.key.serialization.get("name", "key")).text = str(key)
            _write(SubElement(entry, shape.value.serialization.get("name", "value")), item, shape.value)
    else:
        parent.text = _text(value)


def _write_member(parent: Element, name: str, value: Any, shape: Shape) -> None:  # noqa: ANN401 - a result of any type
    if isinstance(shape, ListShape) and shape.serialization.get("flattened"):
        for item in value:
            _write(SubElement(parent, name), item, shape.member)
    else:
        _write(SubElement(parent, name), value, shape)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)
