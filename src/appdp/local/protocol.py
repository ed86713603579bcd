"""AWS's wire protocols, read from botocore's models: a request becomes ``AwsService.call``, its answer becomes bytes.

Two protocols are enough for what we serve ourselves: ``json`` (Amazon ECS) and ``query`` (Elastic Load Balancing).
Requests in JSON are passed on as they came, and so are answers: a field that this botocore does not know survives.

See: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html and
https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import uuid4

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator

from appdp.local import query
from appdp.local.wire import AwsService, Caller, ServiceError

_LOG = logging.getLogger(__name__)
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a request's SigV4 header says: the service it is meant for, and for whom. It is not verified."""

    service: str
    caller: Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class WireProtocol(Protocol):
    """One of AWS's protocols, for one service."""

    def parse(self, headers: Mapping[str, str], body: bytes) -> tuple[OperationModel, dict[str, Any]]:
        """Which operation is asked for, with which parameters; raises :class:`ServiceError`."""

    def answer(self, operation: OperationModel, result: Mapping[str, Any], request_id: str) -> Answer:
        """Write a result."""

    def error(self, error: ServiceError, request_id: str) -> Answer:
        """Write an error."""


def signature(headers: Mapping[str, str], default: Caller) -> Signature | None:
    """Read a request's ``Authorization`` header; None when it is not signed with SigV4.

    A 12-digit access key names the account; any other key means ``default``'s account.
    """
    found = _CREDENTIAL.search(headers.get("authorization", ""))
    if not found:
        return None
    key, region, service = found.groups()
    account = key if _ACCOUNT.fullmatch(key) else default.account
    return Signature(service=service, caller=Caller(account=account, region=region))


class ServedService:
    """An :class:`AwsService` behind its wire protocol."""

    def __init__(self, service: AwsService) -> None:
        self._service = service
        model = load_model(service.model)
        self._protocol: WireProtocol = (
            JsonProtocol(model) if model.metadata["protocol"] == "json" else QueryProtocol(model)
        )

    @property
    def signing_name(self) -> str:
        """The service's name in signatures."""
        return self._service.signing_name

    async def handle(self, headers: Mapping[str, str], body: bytes, caller: Caller) -> Answer:
        """Answer one HTTP request. What the service did not foresee becomes AWS's ``InternalFailure``."""
        request_id = str(uuid4())
        try:
            operation, params = self._protocol.parse(headers, body)
            result = await self._service.call(operation.name, params, caller)
            return self._protocol.answer(operation, result, request_id)
        except ServiceError as error:
            return self._protocol.error(error, request_id)
        except Exception as error:  # noqa: BLE001 - a fault of ours must reach the caller as AWS's error, not as a lost connection
            _LOG.exception("%s failed", self._service.model)
            fault = ServiceError("InternalFailure", f"The embedded AWS failed: {error!r}.", status=500)
            return self._protocol.error(fault, request_id)


class JsonProtocol:
    """``json``: the operation is in ``X-Amz-Target``, the rest is JSON, times are seconds since the epoch."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._content_type = f"application/x-amz-json-{model.metadata.get('jsonVersion', '1.1')}"

    def parse(self, headers: Mapping[str, str], body: bytes) -> tuple[OperationModel, dict[str, Any]]:
        name = headers.get("x-amz-target", "").rpartition(".")[2]
        operation = find_operation(self._model, name, "UnknownOperationException")
        try:
            params = json.loads(body or b"{}")
        except ValueError as error:
            raise ServiceError("SerializationException", f"The request's body is not JSON: {error}.") from error
        if not isinstance(params, dict):
            raise ServiceError("SerializationException", "The request's body is not a JSON object.")
        validate(operation, params, "InvalidParameterException")
        return operation, params

    def answer(self, operation: OperationModel, result: Mapping[str, Any], request_id: str) -> Answer:
        del operation  # a JSON answer is the result itself, with whatever fields it has
        return self._respond(200, json.dumps(result, default=_plain), request_id)

    def error(self, error: ServiceError, request_id: str) -> Answer:
        return self._respond(error.status, json.dumps({"__type": error.code, "message": error.message}), request_id)

    def _respond(self, status: int, body: str, request_id: str) -> Answer:
        headers = {"content-type": self._content_type, "x-amzn-requestid": request_id}
        return Answer(status=status, headers=headers, body=body.encode())


class QueryProtocol:
    """``query``: parameters are a form, answers and errors are XML."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._namespace = str(model.metadata.get("xmlNamespace", ""))

    def parse(self, headers: Mapping[str, str], body: bytes) -> tuple[OperationModel, dict[str, Any]]:
        del headers  # all is in the body
        form = query.form(body)
        operation = find_operation(self._model, form.get("Action", ""), "InvalidAction")
        params = query.parse(form, operation.input_shape) if operation.input_shape else {}
        validate(operation, params, "ValidationError")
        return operation, params

    def answer(self, operation: OperationModel, result: Mapping[str, Any], request_id: str) -> Answer:
        body = query.response(operation, result, self._namespace, request_id)
        return self._respond(200, body, request_id)

    def error(self, error: ServiceError, request_id: str) -> Answer:
        body = query.error_response(error, self._namespace, request_id)
        return self._respond(error.status, body, request_id)

    def _respond(self, status: int, body: bytes, request_id: str) -> Answer:
        return Answer(status=status, headers={"content-type": "text/xml", "x-amzn-requestid": request_id}, body=body)


def load_model(name: str) -> ServiceModel:
    """botocore's model of a service, such as ``"elbv2"``."""
    return ServiceModel(Loader().load_service_model(name, "service-2"), service_name=name)


def find_operation(model: ServiceModel, name: str, error_code: str) -> OperationModel:
    """The operation called ``name``; raises :class:`ServiceError` when the service has none."""
    if name not in model.operation_names:
        raise ServiceError(error_code, f"{model.service_name} has no operation {name!r}.")
    return model.operation_model(name)


def validate(operation: OperationModel, params: Mapping[str, Any], error_code: str) -> None:
    """Check required parameters and types. Fields that botocore does not know are left unchecked."""
    shape = operation.input_shape
    if shape is None:
        return
    report = ParamValidator().validate(_known(params, shape), shape)
    if report.has_errors():
        raise ServiceError(error_code, report.generate_report())


def _known(value: Any, shape: Shape) -> Any:  # noqa: ANN401 - JSON of any shape
    """``value`` without nulls and without the fields that ``shape`` does not have."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members = shape.members
        return {k: _known(v, members[k]) for k, v in value.items() if k in members and v is not None}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_known(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {k: _known(v, shape.value) for k, v in value.items()}
    return value


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"An AWS answer cannot hold a {type(value).__name__}: {value!r}.")
