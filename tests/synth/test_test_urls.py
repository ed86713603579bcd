"""Where a green can be tried before it takes traffic: what the manifest tells whoever approves."""

from __future__ import annotations

import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2

from appdp.model.environment import ServiceManifest
from tests.synth.assembly import resources_of, text_of
from tests.synth.environment import Environment


def _test_listener(environment: Environment, protocol: elbv2.ApplicationProtocol) -> elbv2.ApplicationListener:
    subnets = ec2.SubnetSelection(subnets=environment.vpc.public_subnets)
    balancer = elbv2.ApplicationLoadBalancer(
        environment.services_stack, "Balancer", vpc=environment.vpc, vpc_subnets=subnets
    )
    certificate = elbv2.ListenerCertificate.from_arn("arn:aws:acm:eu-west-1:111122223333:certificate/1")
    return balancer.add_listener(
        "Test",
        port=9000,
        protocol=protocol,
        certificates=[certificate] if protocol is elbv2.ApplicationProtocol.HTTPS else None,
        default_action=elbv2.ListenerAction.fixed_response(404),
        open=False,
    )


def _tried_at(environment: Environment) -> str | None:
    (parameter,) = resources_of(environment.services, "AWS::SSM::Parameter").values()
    return ServiceManifest.from_json(text_of(parameter["Properties"]["Value"])).test_url


@pytest.mark.parametrize(
    ("protocol", "patterns", "end"),
    [
        (elbv2.ApplicationProtocol.HTTP, ["/*"], ":9000/"),
        (elbv2.ApplicationProtocol.HTTP, ["/api/*", "/v2/*"], ":9000/api/"),
        (elbv2.ApplicationProtocol.HTTPS, ["/item?"], ":9000/item"),
    ],
)
def test_a_green_is_tried_on_the_test_listener(
    environment: Environment, protocol: elbv2.ApplicationProtocol, patterns: list[str], end: str
) -> None:
    environment.web(test_listener=_test_listener(environment, protocol), path_patterns=patterns)
    url = _tried_at(environment)
    assert url is not None
    assert url.startswith(f"{protocol.value.lower()}://Balancer")
    assert url.endswith(end)


def test_the_users_own_url_goes_first(environment: Environment) -> None:
    listener = _test_listener(environment, elbv2.ApplicationProtocol.HTTP)
    environment.web(test_listener=listener, test_url="https://test.example.com/")
    assert _tried_at(environment) == "https://test.example.com/"


def test_an_imported_listener_tells_no_url(environment: Environment) -> None:
    environment.web(test_listener=environment.test_listener)
    assert _tried_at(environment) is None


def test_a_host_tells_no_url(environment: Environment) -> None:
    listener = _test_listener(environment, elbv2.ApplicationProtocol.HTTP)
    environment.web(test_listener=listener, path_patterns=[], host_headers=["shop.example.com"])
    assert _tried_at(environment) is None
