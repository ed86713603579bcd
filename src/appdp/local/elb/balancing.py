"""What the ECS controllers use of load balancing, in this process and without the API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from appdp.local.elb.actions import weights_of, with_weights
from appdp.local.elb.health import NOT_REGISTERED
from appdp.local.elb.running import Running
from appdp.local.elb.store import owned
from appdp.local.elb.target_groups import state_of
from appdp.local.wire import Caller, TargetState


class Balancing:
    """Implements :class:`appdp.local.wire.LoadBalancing`."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._store = running.store

    def exists(self, target_group: str) -> bool:
        """Whether there is such a target group."""
        return target_group in self._store.target_groups

    def attached(self, target_group: str) -> bool:
        """Whether a load balancer forwards to a target group, with whatever weight."""
        return bool(self._store.users_of(target_group))

    def register(self, target_group: str, ip: str, port: int) -> None:
        """Start to check, and then to use, a target. Raises TargetGroupNotFound."""
        self._running.register(self._store.target_group(target_group), ip, port)

    async def deregister(self, target_group: str, ip: str, port: int) -> None:
        """Drain a target; goes on when the caller is cancelled. A group that is gone has nothing to drain."""
        group = self._store.target_groups.get(target_group)
        draining = self._running.drain(group, ip, port) if group else None
        if draining is not None:
            await asyncio.shield(draining)

    def health(self, target_group: str, ip: str, port: int) -> TargetState:
        """A target's health; in a group that is gone, nothing is registered."""
        group = self._store.target_groups.get(target_group)
        return state_of(group, ip, port) if group else NOT_REGISTERED

    def named(self, name: str, caller: Caller) -> str | None:
        """The ARN of the caller's target group of that name, if there is one."""
        owned_groups = owned(self._store.target_groups.values(), caller)
        return next((group.arn for group in owned_groups if group.name == name), None)

    def rules_of(self, listener: str) -> tuple[str, ...]:
        """ARNs of a listener's rules, the default rule last. Raises ListenerNotFound."""
        return tuple(rule.arn for rule in self._store.listener(listener).rules)

    def rule_weights(self, rule: str) -> dict[str, int]:
        """Target group → weight in a rule's forward action; empty without one. Raises RuleNotFound."""
        return weights_of(self._store.rule(rule).actions)

    def set_rule_weights(self, rule: str, weights: Mapping[str, int]) -> None:
        """Rewrite a rule's forward action. Raises RuleNotFound and TargetGroupNotFound."""
        found = self._store.rule(rule)
        actions = with_weights(found.actions, weights)
        self._store.check_groups(actions, self._store.listener(found.listener).load_balancer)
        found.act(actions)
        self._running.changed()
