"""``app.py``: the CDK program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from appdp.engine.scaffold.code import call, chosen, comment, indented, row, text, texts
from appdp.engine.scaffold.program import Program, ServiceSpec, Source, Surroundings, construct_id

_APPDP: Final = (
    *("Application", "Architecture", "Capacity", "DeliveryPipeline", "Deployer", "GitHub", "HealthCheck", "Image"),
    *("ImageRepositories", "Push", "Scaling", "Schedule", "Stage", "Strategy", "WebService", "Worker"),
)
_CDK: Final = ("Acknowledgment", "Annotations", "App", "Duration", "Environment", "Stack", "Validations")
_MODULES: Final = {
    "ec2": "aws_ec2",
    "ecs": "aws_ecs",
    "elbv2": "aws_elasticloadbalancingv2",
    "scheduler": "aws_scheduler",
    "secretsmanager": "aws_secretsmanager",
    "ssm": "aws_ssm",
}

_NETWORK: Final = '''\
class Network(Stack):
    """What the services share and take through interfaces. It may as well live in another program and be looked up."""

    def __init__(self, scope: App, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        public = ec2.SubnetConfiguration(name="public", subnet_type=ec2.SubnetType.PUBLIC)
        self.vpc = ec2.Vpc(self, "Vpc", max_azs=2, nat_gateways=0, subnet_configuration=[public])
        self.cluster = ecs.Cluster(
            self,
            "Cluster",
            vpc=self.vpc,
            enable_fargate_capacity_providers=True,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
        )
'''

_BALANCER: Final = """\
        balancer = elbv2.ApplicationLoadBalancer(self, "LoadBalancer", vpc=self.vpc, internet_facing=True)
        nothing = elbv2.ListenerAction.fixed_response(404, content_type="text/plain", message_body="no such page\\n")
        self.listener = balancer.add_listener("Listener", port=80, default_action=nothing)
        self.test_listener = balancer.add_listener(
            "TestListener",
            port=9000,
            protocol=elbv2.ApplicationProtocol.HTTP,
            default_action=nothing,
            open=False,
        )
"""

_FINDINGS: Final = (
    ("AwsSolutions-VPC7", "No flow logs yet: they cost money."),
    ("AwsSolutions-ELB2", "No access logs yet: they need a bucket."),
    ("AwsSolutions-EC23", "The services are for everyone, on port 80 only."),
)


def app_file(program: Program) -> str:
    """The program's source."""
    web = any(service.web for service in program.services)
    sections = [_network(web)] if program.surroundings is None else []
    body = "\n\n".join([*sections, _main(program)]) if sections else _main(program)
    title = f'"""{program.name}: its images, environments and services."""'
    separator = "\n\n\n" if sections else "\n\n"
    return f"{title}\n\n{_imports(body)}{separator}{body}\n\napp.synth()\n"


def _imports(body: str) -> str:
    def used(name: str) -> bool:
        return re.search(rf"(?<![\w.\"]){name}\b(?!=)", body) is not None

    appdp = [f"    {name},\n" for name in _APPDP if used(name)]
    lines = [f"from appdp.cdk import (\n{''.join(appdp)})"]
    lines.append(f"from aws_cdk import {', '.join(name for name in _CDK if used(name))}")
    lines += [f"from aws_cdk import {module} as {name}" for name, module in _MODULES.items() if used(rf"{name}(?=\.)")]
    return "\n".join(lines)


def _network(web: bool) -> str:
    findings = _FINDINGS if web else _FINDINGS[:1]
    lines = [f"Acknowledgment(id={text(id)}, reason={text(reason)})" for id, reason in findings]
    acknowledged = indented(call("Validations.of(self).acknowledge", lines), 2)
    return f"{_NETWORK}{_BALANCER if web else ''}{acknowledged}\n"


def _main(program: Program) -> str:
    parts = ["app = App()" + ("\ncontext = app.node.try_get_context" if program.github or program.sample else "")]
    if program.sample:
        parts.append(
            "# 'appdp rehearse' gives these, for what this machine can build and reach.\n"
            'architecture = Architecture(context("architecture") or "arm64")\n'
            'base = context("base")\n'
            'build_args = {"BASE": base} if base else {}\n'
            'platforms = tuple((context("platforms") or "linux/amd64,linux/arm64").split(","))'
        )
    if program.surroundings is not None:
        parts.append(f"place = Environment(account={text(program.surroundings.account)}, region={_region(program)})")
    if program.notes:
        parts.append("\n".join(map(comment, ("Not carried over:", *program.notes))))
    parts += [_images(program), _environments(program)]
    if program.github:
        parts.append(_pipeline(program))
    return "\n\n".join(parts)


def _region(program: Program) -> Source:
    return text(program.surroundings.region if program.surroundings else "")


def _stack(program: Program, suffix: str) -> Source:
    name = text(f"{program.name}{suffix}")
    place = ", env=place" if program.surroundings else ""
    return f"Stack(app, {'f' if '{' in suffix else ''}{name}{place})"


def _images(program: Program) -> str:
    images = row(call("Image", (), {"name": text(image.name), **image.options}) for image in program.images)
    application = call("Application", (), {"name": text(program.name), "images": images})
    return (
        "# One repository per image, for all environments.\n"
        f"application = {application}\n"
        f'repositories = ImageRepositories({_stack(program, "-images")}, "Images", application=application)'
    )


def _environments(program: Program) -> str:
    first = text(program.environments[0])
    names = ", ".join(map(text, program.environments))
    one = "," if len(program.environments) == 1 else ""
    deployer = call(
        "Deployer",
        (_stack(program, "-{environment}-deployer"), text("Deployer")),
        {
            "application": "application",
            "environment": "environment",
            "repositories": "repositories",
            "protected": f"environment != {first}",
        },
    )
    body = [f"services = {_stack(program, '-{environment}')}", f"deployer = {deployer}"]
    if program.surroundings is None:
        body.insert(0, f'network = Network(app, f"{program.name}-{{environment}}-network")')
    else:
        body += list(_looked_up(program.surroundings))
    body += [_service(service, program) for service in program.services]
    if program.github:
        body.append(f"stages.append(Stage(deployer, approve=environment != {first}))")
    start = "stages = []\n" if program.github else ""
    return f"{start}for environment in ({names}{one}):\n{indented(chr(10).join(body))}"


def _looked_up(found: Surroundings) -> Iterator[Source]:
    yield "# These belong to others, and are looked up."
    vpc = {
        "vpc_id": text(found.vpc),
        "availability_zones": texts(found.subnets.values()),
        "public_subnet_ids" if found.public else "private_subnet_ids": texts(found.subnets),
    }
    yield f"vpc = {call('ec2.Vpc.from_vpc_attributes', ('services', text('Vpc')), vpc)}"
    warning, reason = text("@aws-cdk/aws-ec2:noSubnetRouteTableId"), text("Nothing here needs their route tables.")
    yield call("Annotations.of(vpc).acknowledge_warning", (warning, reason))
    cluster = {"cluster_name": text(found.cluster), "vpc": "vpc"}
    yield f"cluster = {call('ecs.Cluster.from_cluster_attributes', ('services', text('Cluster')), cluster)}"
    if found.listener:
        first, *_ = found.balancer_groups or ("",)
        group = f'ec2.SecurityGroup.from_security_group_id(services, "LoadBalancerGroup", {text(first)})'
        arguments = {"listener_arn": text(found.listener), "security_group": group}
        name = "elbv2.ApplicationListener.from_application_listener_attributes"
        yield f"listener = {call(name, ('services', text('Listener')), arguments)}"


def _service(service: ServiceSpec, program: Program) -> Source:
    own = program.surroundings is None
    identity = construct_id(service.name)
    named = {"deployer": "deployer", "cluster": "network.cluster" if own else "cluster"}
    if identity.lower() != service.name:
        named["name"] = text(service.name)
    if service.image != service.name:
        named["image"] = text(service.image)
    if service.web:
        named["listener"] = "network.listener" if own else "listener"
        if own:
            named["test_listener"] = "network.test_listener"
    if own:
        named["assign_public_ip"] = "True"
    if program.sample:
        named["architecture"] = "architecture"
    named |= {key: chosen(values, program.environments) for key, values in service.options.items()}
    notes = "".join(f"{comment(note)}\n" for note in (("Not carried over:", *service.notes) if service.notes else ()))
    return f"{notes}{call(service.kind, ('services', text(identity)), named)}"


def _pipeline(program: Program) -> str:
    pipeline = call(
        "DeliveryPipeline",
        (_stack(program, "-pipeline"), text("Main")),
        {
            "application": "application",
            "repositories": "repositories",
            "source": 'GitHub(context("repository"), connection_arn=context("connection"))',
            "trigger": 'Push(branches=["main"])',
            "stages": "stages",
        },
    )
    return f"# A push to main is built and released; every environment but the first waits for a yes.\n{pipeline}"
