"""Whether tasks can reach what they need before they start, and the load balancer can reach them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

from appdp.engine.verify.check import DEPLOY_STACK, Finding, ServiceCheck, Skip, TaskCheck, judged, unknown
from appdp.engine.verify.configuration import environment_files, log_options, parameters, secrets
from appdp.engine.verify.images import repositories
from appdp.engine.verify.load_balancing import balancer, groups, short
from appdp.engine.verify.ports import Item
from appdp.engine.verify.subject import ServiceSubject, Subject
from appdp.engine.verify.ways import HTTPS, Place, Way, covers, known_groups, known_subnets, lets, place_of

_GUIDE: Final = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide"
_ECR: Final = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html"
_FARGATE: Final = f"{_GUIDE}/fargate-task-networking.html"
_OPEN: Final = "Add a route through a NAT gateway, a public address with an internet gateway, or the VPC endpoint."

Wanted = tuple[str, str]
"""A service as its endpoint names it, and its region."""


def _registry(subject: Subject) -> list[Wanted]:
    regions = dict.fromkeys(one.region for one in repositories(subject))
    return [(service, region) for region in regions for service in ("ecr.api", "ecr.dkr")]


def _layers(subject: Subject) -> list[Wanted]:
    found = {("s3", one.region): None for one in repositories(subject)}
    if environment_files(subject):
        found["s3", subject.region] = None
    return list(found)


def _logging(subject: Subject) -> list[Wanted]:
    regions = (str(options.get("awslogs-region") or subject.region) for options in log_options(subject))
    return [("logs", region) for region in dict.fromkeys(regions)]


def _stores(subject: Subject) -> list[Wanted]:
    found = [("secretsmanager", one.arn.split(":")[3]) for one in secrets(subject)]
    for each in parameters(subject):
        found.append(("ssm", each.split(":")[3] if each.startswith("arn:") else subject.region))
    return list(dict.fromkeys(found))


def _everything(subject: Subject) -> list[Wanted]:
    return list(dict.fromkeys([*_registry(subject), *_layers(subject), *_logging(subject), *_stores(subject)]))


_WANTED: Final = {"registry": _registry, "layers": _layers, "logs": _logging, "stores": _stores}


def _place(subject: Subject) -> Place:
    """Where the tasks are, if it is they who call AWS.

    Raises:
        Skip: the container instances do.
    """
    if "FARGATE" not in subject.definition.get("requiresCompatibilities", ()):
        raise Skip("the task definition is not for Fargate, so container instances call AWS")
    return place_of(subject)


def _reachable(what: str, subject: Subject) -> Finding:
    wanted, place = _WANTED[what](subject), _place(subject)
    if not wanted:
        raise Skip("the task definition does not use it")
    ways = {(subnet, one): place.way(subnet, *one) for subnet in place.subnets for one in wanted}
    closed = [f"{_hint(place, one)} from {subnet}" for (subnet, one), way in ways.items() if way is Way.CLOSED]
    beyond = [f"{one[0]} from {subnet}" for (subnet, one), way in ways.items() if way is Way.BEYOND]
    if beyond and not closed:
        text = f"the route to {', '.join(beyond)} leads out of the VPC through what cannot be looked into"
        return unknown(text, "Follow the default route of these subnets by hand.")
    names = ", ".join(dict.fromkeys(service for service, _ in wanted))
    return judged([f"no way to {each}" for each in closed], f"{names} from all subnets", then=_OPEN)


def _hint(place: Place, wanted: Wanted) -> str:
    off = " (there is an endpoint, but its private DNS is off)" if place.interfaces(*wanted) else ""
    return f"{wanted[0]} in {wanted[1]}{off}"


def _exist(subject: Subject) -> Finding:
    network = subject.network
    if not network:
        raise Skip(f"the {subject.kind} has no network configuration")
    subnets, security = known_subnets(subject), known_groups(subject)
    faults = [f"subnet {each} does not exist" for each in network.get("subnets", ()) if each not in subnets]
    faults += [f"security group {each} is gone" for each in network.get("securityGroups", ()) if each not in security]
    return judged(faults, f"{len(network.get('subnets', ()))} subnets", then=DEPLOY_STACK)


def _egress(subject: Subject) -> Finding:
    place, known = _place(subject), known_groups(subject)
    rules = [rule for each in place.groups for rule in known.get(each, {}).get("IpPermissionsEgress", ())]
    faults = [] if any(covers(rule, HTTPS) for rule in rules) else ["no security group of the tasks lets out port 443"]
    return judged(faults, "port 443 is let out", then="Allow HTTPS out of the tasks' security group.")


def _endpoint_ingress(subject: Subject) -> Finding:
    place = _place(subject)
    used = {one: place.endpoint(*one) for one in _everything(subject)}
    endpoints = {service: found for (service, _), found in used.items() if found is not None}
    if not endpoints:
        raise Skip("no interface endpoint is used")
    ids = tuple(sorted({each["GroupId"] for found in endpoints.values() for each in found.get("Groups", ())}))
    known = subject.memo.ask(subject.facts.network.security_groups, ids)
    ways = {
        service: lets(
            _rules(known, (each["GroupId"] for each in found.get("Groups", ()))),
            HTTPS,
            place.groups,
            place.subnets.values(),
        )
        for service, found in endpoints.items()
    }
    return _let(
        [f"endpoint {service}" for service, way in ways.items() if way is Way.CLOSED],
        [f"endpoint {service}" for service, way in ways.items() if way is Way.BEYOND],
        ", ".join(endpoints),
        "Allow HTTPS from the tasks in the endpoint's security group.",
    )


def _let(closed: list[str], beyond: list[str], found: str, then: str) -> Finding:
    if beyond and not closed:
        return unknown(f"a prefix list decides whether the tasks get into {', '.join(beyond)}", then)
    return judged([f"{each} does not let the tasks in" for each in closed], f"{found} let the tasks in", then=then)


def _rules(known: dict[str, Item], ids: Iterable[str], key: str = "IpPermissions") -> list[Item]:
    return [rule for each in ids for rule in known.get(each, {}).get(key, ())]


def _balancer_ingress(subject: ServiceSubject) -> Finding:
    port, place = int(balancer(subject).get("containerPort", 0)), place_of(subject)
    arns = dict.fromkeys(arn for each in groups(subject).values() for arn in each.get("LoadBalancerArns", ()))
    found = subject.memo.ask(subject.facts.load_balancing.load_balancers, tuple(arns))
    if not found:
        raise Skip("the target groups belong to no load balancer")
    closed, beyond = [], []
    for arn, each in found.items():
        into, out = _between(subject, place, each, port) if each.get("SecurityGroups") else (Way.OPEN, Way.OPEN)
        name = f"load balancer {short(arn)}"
        closed += [f"the tasks do not let {name} in on port {port}"] if into is Way.CLOSED else []
        closed += [f"{name} is not let out to the tasks on port {port}"] if out is Way.CLOSED else []
        beyond += [name] if Way.BEYOND in (into, out) else []
    then = "Allow it: service.connections.allow_from(load_balancer, …), and deploy the service's stack."
    if beyond and not closed:
        return unknown(f"a prefix list decides what passes between the tasks and {', '.join(beyond)}", then)
    return judged(closed, f"port {port} is open to the load balancer", then=then)


def _between(subject: Subject, place: Place, found: Item, port: int) -> tuple[Way, Way]:
    """Whether the tasks let a load balancer in, and whether it is let out to them."""
    theirs = tuple(found["SecurityGroups"])
    zones = tuple(sorted(zone["SubnetId"] for zone in found.get("AvailabilityZones", ())))
    subnets = subject.memo.ask(subject.facts.network.subnets, zones) if zones else {}
    known = subject.memo.ask(subject.facts.network.security_groups, theirs)
    into = lets(_rules(known_groups(subject), place.groups), port, theirs, subnets.values())
    egress = _rules(known, theirs, "IpPermissionsEgress")
    return into, lets(egress, port, place.groups, place.subnets.values())


CHECKS: Final = (
    TaskCheck(
        id="network-exists",
        asks="The subnets and security groups exist.",
        why="ECS cannot give a task its network interface.",
        source=f"{_GUIDE}/task-networking-awsvpc.html",
        look=_exist,
    ),
    TaskCheck(
        id="ecr-reachable",
        asks="From every subnet there is a way to Amazon ECR, by route or by the endpoints ecr.api and ecr.dkr.",
        why="A task on Fargate pulls its images through its own network interface.",
        source=_ECR,
        look=partial(_reachable, "registry"),
    ),
    TaskCheck(
        id="s3-reachable",
        asks="From every subnet there is a way to Amazon S3, by route or by its gateway or interface endpoint.",
        why="Amazon ECR keeps the layers of images in Amazon S3.",
        source=_ECR,
        look=partial(_reachable, "layers"),
    ),
    TaskCheck(
        id="logs-reachable",
        asks="From every subnet there is a way to CloudWatch Logs, by route or by endpoint.",
        why="A container whose log driver cannot connect does not start.",
        source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch-logs-and-interface-VPC.html",
        look=partial(_reachable, "logs"),
    ),
    TaskCheck(
        id="secrets-reachable",
        asks="From every subnet there is a way to Secrets Manager and Systems Manager, as far as containers use them.",
        why="ECS reads secrets through the task's own network interface.",
        source=f"{_GUIDE}/secrets-envvar-secrets-manager.html",
        look=partial(_reachable, "stores"),
    ),
    TaskCheck(
        id="task-egress",
        asks="A security group of the tasks lets out port 443.",
        why="All of AWS is called by HTTPS.",
        source=_FARGATE,
        look=_egress,
    ),
    TaskCheck(
        id="endpoint-ingress",
        asks="The security groups of the interface endpoints let the tasks in on port 443.",
        why="With private DNS, an endpoint takes its service's name also where a route would lead elsewhere.",
        source="https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html",
        look=_endpoint_ingress,
    ),
    ServiceCheck(
        id="load-balancer-ingress",
        asks="The security groups let the load balancer reach the tasks on the container's port.",
        why="Health checks fail otherwise, and with them every deployment.",
        source="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-update-security-groups.html",
        look=_balancer_ingress,
    ),
)
