"""The two wire protocols that we serve ourselves, spoken by real boto3 clients."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any

import pytest
from hypercorn.asyncio import serve
from hypercorn.config import Config

from appdp.local.clients import EndpointClients
from appdp.local.front import Front, Receive, Scope, Send
from appdp.local.wire import Caller, Endpoint, ServiceError

NOW = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
Reply = Callable[[str, dict[str, Any]], dict[str, Any]]


class Scripted:
    """A service that answers what the test says and remembers what it was asked."""

    def __init__(self, model: str, signing_name: str) -> None:
        self.model = model
        self.signing_name = signing_name
        self.calls: list[tuple[str, dict[str, Any], Caller]] = []
        self.reply: Reply = lambda _operation, _params: {}

    async def call(self, operation: str, params: dict[str, Any], caller: Caller) -> dict[str, Any]:
        self.calls.append((operation, params, caller))
        return self.reply(operation, params)


class Served:
    def __init__(self, url: str, ecs: Scripted, elb: Scripted) -> None:
        self.url = url
        self.clients = EndpointClients(Endpoint(url=url, account="000000000000", region="us-east-1"))
        self.ecs = ecs
        self.elb = elb


async def _teapot(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"fallback"})


@contextmanager
def _listening(front: Front) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.graceful_timeout = 0.1
    loop = asyncio.new_event_loop()
    closing = asyncio.Event()

    async def run() -> None:
        await serve(front, config, shutdown_trigger=closing.wait)  # type: ignore[arg-type] # hypercorn's TypedDicts

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(closing.set)
        thread.join()
        loop.close()


@pytest.fixture
def served() -> Iterator[Served]:
    ecs = Scripted("ecs", "ecs")
    elb = Scripted("elbv2", "elasticloadbalancing")
    front = Front(_teapot, Caller(account="000000000000", region="us-east-1"))
    front.mount(ecs)
    front.mount(elb)
    front.page("health", lambda: {"status": "ready"})
    with _listening(front) as port:
        answering = Served(f"http://127.0.0.1:{port}", ecs, elb)
        yield answering
        answering.clients.close()


def _raw(served: Served, path: str, headers: dict[str, str], body: str) -> tuple[int, str]:
    connection = HTTPConnection(served.url.removeprefix("http://"), timeout=5)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def _signed(service: str, target: str, key: str = "test") -> dict[str, str]:
    credential = f"{key}/20260301/us-east-1/{service}/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
    return {"Authorization": authorization, "X-Amz-Target": f"AmazonEC2ContainerServiceV20141113.{target}"}


def test_json_request_and_answer(served: Served) -> None:
    served.ecs.reply = lambda _operation, params: {
        "services": [{"serviceName": params["services"][0], "createdAt": NOW}]
    }
    answer = served.clients.client("ecs").describe_services(cluster="c", services=["web"])
    assert answer["services"] == [{"serviceName": "web", "createdAt": answer["services"][0]["createdAt"]}]
    assert answer["services"][0]["createdAt"].timestamp() == NOW.timestamp()
    assert answer["ResponseMetadata"]["RequestId"]
    assert served.ecs.calls[0][0] == "DescribeServices"


def test_json_keeps_fields_that_botocore_does_not_know(served: Served) -> None:
    body = {
        "family": "web",
        "containerDefinitions": [{"name": "c", "image": "i", "fromTheFuture": {"a": [1]}}],
        "new": 1,
    }
    served.ecs.reply = lambda _operation, params: {"taskDefinition": params}
    status, text = _raw(served, "/", _signed("ecs", "RegisterTaskDefinition"), json.dumps(body))
    assert status == 200
    assert served.ecs.calls[0][1] == body
    assert json.loads(text) == {"taskDefinition": body}


def test_the_caller_is_read_from_the_signature(served: Served) -> None:
    other = Caller(account="111122223333", region="eu-west-1")
    served.clients.client("ecs", other).list_clusters()
    served.clients.client("ecs").list_clusters()
    _raw(served, "/", _signed("ecs", "ListClusters", key="AKIAEXAMPLE"), "{}")
    default = Caller(account="000000000000", region="us-east-1")
    assert [caller for _, _, caller in served.ecs.calls] == [other, default, default]


def test_json_error(served: Served) -> None:
    def fail(_operation: str, _params: dict[str, Any]) -> dict[str, Any]:
        raise ServiceError("ServiceNotFoundException", "Service not found.")

    served.ecs.reply = fail
    client = served.clients.client("ecs")
    with pytest.raises(client.exceptions.ServiceNotFoundException, match="Service not found"):
        client.update_service(service="web")


def test_a_fault_of_ours_is_an_internal_failure(served: Served) -> None:
    def fail(_operation: str, _params: dict[str, Any]) -> dict[str, Any]:
        raise KeyError("oops")

    served.ecs.reply = fail
    status, text = _raw(served, "/", _signed("ecs", "ListClusters"), "{}")
    assert status == 500
    assert json.loads(text)["__type"] == "InternalFailure"


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("NoSuchThing", "{}", "UnknownOperationException"),
        ("CreateService", "{}", "InvalidParameterException"),
        ("CreateService", '{"serviceName": 3}', "InvalidParameterException"),
        ("CreateService", "not json", "SerializationException"),
        ("CreateService", "[]", "SerializationException"),
    ],
)
def test_json_requests_that_cannot_work(served: Served, target: str, body: str, code: str) -> None:
    status, text = _raw(served, "/", _signed("ecs", target), body)
    assert (status, json.loads(text)["__type"]) == (400, code)
    assert not served.ecs.calls


def test_query_request_and_answer(served: Served) -> None:
    rule = {
        "RuleArn": "arn:rule",
        "Priority": "10",
        "IsDefault": False,
        "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*", "/v2/*"]}}],
        "Actions": [
            {
                "Type": "forward",
                "Order": 1,
                "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "a", "Weight": 100}, {"TargetGroupArn": "b"}]},
            }
        ],
    }
    served.elb.reply = lambda _operation, _params: {"Rules": [rule]}
    asked = {
        "ListenerArn": "arn:listener",
        "Priority": 10,
        "Conditions": rule["Conditions"],
        "Actions": rule["Actions"],
        "Tags": [{"Key": "k", "Value": "v & <w>"}],
    }
    answer = served.clients.client("elbv2").create_rule(**asked)
    assert served.elb.calls[0][:2] == ("CreateRule", asked)
    assert answer["Rules"] == [rule]


def test_query_times_numbers_and_empty_lists(served: Served) -> None:
    balancer = {"LoadBalancerName": "lb", "CreatedTime": NOW, "AvailabilityZones": [], "SecurityGroups": ["sg-1"]}
    served.elb.reply = lambda _operation, _params: {"LoadBalancers": [balancer], "NextMarker": "more"}
    answer = served.clients.client("elbv2").describe_load_balancers(Names=["lb"], PageSize=7)
    assert served.elb.calls[0][1] == {"Names": ["lb"], "PageSize": 7}
    assert answer["NextMarker"] == "more"
    assert answer["LoadBalancers"] == [balancer]


def test_query_errors(served: Served) -> None:
    def fail(_operation: str, _params: dict[str, Any]) -> dict[str, Any]:
        raise ServiceError("TargetGroupNotFound", "One or more target groups not found")

    served.elb.reply = fail
    client = served.clients.client("elbv2")
    with pytest.raises(client.exceptions.TargetGroupNotFoundException, match="One or more"):
        client.describe_target_health(TargetGroupArn="arn")
    headers = {**_signed("elasticloadbalancing", ""), "Content-Type": "application/x-www-form-urlencoded"}
    assert "<Code>InvalidAction</Code>" in _raw(served, "/", headers, "Action=Nope")[1]
    assert "<Code>ValidationError</Code>" in _raw(served, "/", headers, "Action=DescribeTargetHealth")[1]
    bad_number = _raw(served, "/", headers, "Action=DescribeLoadBalancers&PageSize=many")[1]
    assert "<Code>ValidationError</Code>" in bad_number
    assert "many" in bad_number


def test_everything_else_goes_to_the_fallback(served: Served) -> None:
    assert _raw(served, "/", _signed("sts", ""), "") == (418, "fallback")
    assert _raw(served, "/", {}, "")[0] == 418


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://example.com"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "rebound.example.com:4566"}],
)
def test_web_pages_are_refused(served: Served, headers: dict[str, str]) -> None:
    for path in ("/", "/_appdp/health", "/v2/"):
        assert _raw(served, path, {**_signed("ecs", "ListClusters"), **headers}, "{}")[0] == 403
    assert not served.ecs.calls


def test_admin_pages(served: Served) -> None:
    assert _raw(served, "/_appdp/health", {}, "") == (200, '{"status": "ready"}')
    status, text = _raw(served, "/_appdp/nothing", {}, "")
    assert status == 404
    assert "health" in text
