"""Operations on listeners and rules.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html and
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html and their siblings
"""

from __future__ import annotations

from typing import Any

from appdp.local.elb import attributes, names
from appdp.local.elb.actions import normalise_actions
from appdp.local.elb.paging import page
from appdp.local.elb.rules import normalise_conditions
from appdp.local.elb.running import Running
from appdp.local.elb.store import DEFAULT_PRIORITY, Listener, Rule
from appdp.local.elb.tags import merged
from appdp.local.wire import Caller, ServiceError

Params = dict[str, Any]

# See: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html (Priority)
_PRIORITIES = (1, 50_000)


class Listeners:
    """The operations on listeners; each takes and gives the API's own keys."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._store = running.store

    async def create(self, params: Params, _caller: Caller) -> Params:
        """CreateListener, and serve it."""
        load_balancer = self._store.load_balancer(params["LoadBalancerArn"])
        if not params.get("Port") or not params.get("Protocol"):
            raise ServiceError("ValidationError", "A listener protocol and a port must be specified")
        self._check_port(load_balancer.arn, int(params["Port"]))
        arn = names.listener_arn(load_balancer.arn)
        default = Rule(arn=names.rule_arn(arn), listener=arn, priority=DEFAULT_PRIORITY)
        default.act(params["DefaultActions"])
        self._store.check_groups(default.actions, load_balancer.arn)
        created = Listener(
            arn=arn,
            load_balancer=load_balancer.arn,
            port=int(params["Port"]),
            protocol=_protocol(params["Protocol"]),
            attributes=dict(attributes.LISTENER),
            tags=merged({}, params.get("Tags")),
            certificates=list(params.get("Certificates") or ()),
            ssl_policy=params.get("SslPolicy", ""),
            rules=[default],
        )
        self._store.listeners[arn] = created
        await self._running.open(created)
        return {"Listeners": [_describe_listener(created)]}

    async def describe(self, params: Params, _caller: Caller) -> Params:
        """DescribeListeners: those named, or a load balancer's."""
        if arns := params.get("ListenerArns"):
            found = [self._store.listener(arn) for arn in arns]
        elif arn := params.get("LoadBalancerArn"):
            found = self._store.listeners_of(self._store.load_balancer(arn).arn)
        else:
            raise ServiceError("ValidationError", "Either LoadBalancerArn or ListenerArns must be specified")
        return page("Listeners", found, params, _describe_listener)

    async def modify(self, params: Params, _caller: Caller) -> Params:
        """ModifyListener: what is not given stays."""
        listener = self._store.listener(params["ListenerArn"])
        if "DefaultActions" in params:
            self._store.check_groups(normalise_actions(params["DefaultActions"]), listener.load_balancer)
        port = int(params.get("Port") or listener.port)
        if port != listener.port:
            self._check_port(listener.load_balancer, port)
        listener.protocol = _protocol(params.get("Protocol", listener.protocol))
        listener.port = port
        listener.certificates = list(params.get("Certificates", listener.certificates))
        listener.ssl_policy = params.get("SslPolicy", listener.ssl_policy)
        if "DefaultActions" in params:
            listener.default_rule.act(params["DefaultActions"])
            self._running.changed()
        return {"Listeners": [_describe_listener(listener)]}

    async def delete(self, params: Params, _caller: Caller) -> Params:
        """DeleteListener, with its rules."""
        await self._running.remove_listener(self._store.listener(params["ListenerArn"]).arn)
        return {}

    async def describe_attributes(self, params: Params, _caller: Caller) -> Params:
        """DescribeListenerAttributes."""
        return {"Attributes": attributes.described(self._store.listener(params["ListenerArn"]).attributes)}

    async def modify_attributes(self, params: Params, _caller: Caller) -> Params:
        """ModifyListenerAttributes."""
        listener = self._store.listener(params["ListenerArn"])
        listener.attributes = attributes.changed(listener.attributes, params["Attributes"], kind="Listener")
        return {"Attributes": attributes.described(listener.attributes)}

    def _check_port(self, load_balancer: str, port: int) -> None:
        if any(listener.port == port for listener in self._store.listeners_of(load_balancer)):
            raise ServiceError(
                "DuplicateListener",
                f"A listener already exists on port {port} for this load balancer '{load_balancer}'",
            )


class Rules:
    """The operations on rules; each takes and gives the API's own keys."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._store = running.store

    async def create(self, params: Params, _caller: Caller) -> Params:
        """CreateRule."""
        listener = self._store.listener(params["ListenerArn"])
        _refuse_transforms(params)
        priority = _priority(params["Priority"])
        if any(rule.priority == priority for rule in listener.rules):
            raise ServiceError("PriorityInUse", f"Priority '{priority}' is currently in use")
        if not params.get("Conditions"):
            raise ServiceError("ValidationError", "A condition must be specified")
        rule = Rule(
            arn=names.rule_arn(listener.arn),
            listener=listener.arn,
            priority=priority,
            tags=merged({}, params.get("Tags")),
        )
        rule.take(params["Conditions"])
        rule.act(params["Actions"])
        self._store.check_groups(rule.actions, listener.load_balancer)
        listener.rules.append(rule)
        listener.sort()
        self._running.changed()
        return {"Rules": [_describe_rule(rule)]}

    async def describe(self, params: Params, _caller: Caller) -> Params:
        """DescribeRules: those named, or a listener's with the default rule last."""
        if arns := params.get("RuleArns"):
            found = [self._store.rule(arn) for arn in arns]
        elif arn := params.get("ListenerArn"):
            found = self._store.listener(arn).rules
        else:
            raise ServiceError("ValidationError", "Either ListenerArn or RuleArns must be specified")
        return page("Rules", found, params, _describe_rule)

    async def modify(self, params: Params, _caller: Caller) -> Params:
        """ModifyRule: what is not given stays."""
        rule = self._store.rule(params["RuleArn"])
        _refuse_transforms(params)
        if rule.is_default and params.get("Conditions"):
            raise ServiceError("OperationNotPermitted", f"Default rule '{rule.arn}' cannot have conditions")
        # All is checked before anything is changed.
        load_balancer = self._store.listener(rule.listener).load_balancer
        self._store.check_groups(normalise_actions(params.get("Actions") or rule.actions), load_balancer)
        normalise_conditions(params.get("Conditions") or ())
        if params.get("Conditions"):
            rule.take(params["Conditions"])
        if params.get("Actions"):
            rule.act(params["Actions"])
        self._running.changed()
        return {"Rules": [_describe_rule(rule)]}

    async def delete(self, params: Params, _caller: Caller) -> Params:
        """DeleteRule; not the default rule."""
        rule = self._store.rule(params["RuleArn"])
        if rule.is_default:
            raise ServiceError("OperationNotPermitted", f"Default rule '{rule.arn}' cannot be deleted")
        self._store.listener(rule.listener).rules.remove(rule)
        self._running.changed()
        return {}

    async def set_priorities(self, params: Params, _caller: Caller) -> Params:
        """SetRulePriorities: all of them, or none."""
        wanted = {item["RuleArn"]: _priority(item["Priority"]) for item in params["RulePriorities"]}
        rules = [self._store.rule(arn) for arn in wanted]
        if default := next((rule for rule in rules if rule.is_default), None):
            raise ServiceError(
                "OperationNotPermitted", f"The priority of default rule '{default.arn}' cannot be changed"
            )
        listeners = [self._store.listener(arn) for arn in {rule.listener for rule in rules}]
        for listener in listeners:
            after = [wanted.get(rule.arn, rule.priority) for rule in listener.rules]
            if twice := next((priority for priority in after if after.count(priority) > 1), None):
                raise ServiceError("PriorityInUse", f"Priority '{twice}' is currently in use")
        for rule in rules:
            rule.priority = wanted[rule.arn]
        for listener in listeners:
            listener.sort()
        return {"Rules": [_describe_rule(rule) for rule in rules]}


def _describe_listener(listener: Listener) -> Params:
    secure = {"Certificates": listener.certificates, "SslPolicy": listener.ssl_policy}
    return {
        "ListenerArn": listener.arn,
        "LoadBalancerArn": listener.load_balancer,
        "Port": listener.port,
        "Protocol": listener.protocol,
        "DefaultActions": listener.default_rule.actions,
        **{name: value for name, value in secure.items() if value},
    }


def _describe_rule(rule: Rule) -> Params:
    return {
        "RuleArn": rule.arn,
        "Priority": "default" if rule.is_default else str(rule.priority),
        "Conditions": rule.conditions,
        "Actions": rule.actions,
        "IsDefault": rule.is_default,
    }


def _protocol(protocol: str) -> str:
    if protocol not in ("HTTP", "HTTPS"):
        raise ServiceError("UnsupportedProtocol", f"Listener protocol '{protocol}' must be one of '[HTTP, HTTPS]'")
    return protocol


def _priority(value: object) -> int:
    priority, (low, high) = int(str(value)), _PRIORITIES
    if not low <= priority <= high:
        raise ServiceError("ValidationError", f"Rule priority '{priority}' must be between {low} and {high}")
    return priority


def _refuse_transforms(params: Params) -> None:
    if params.get("Transforms"):
        raise ServiceError("InvalidConfigurationRequest", "The embedded AWS does not apply Transforms; leave them out")
