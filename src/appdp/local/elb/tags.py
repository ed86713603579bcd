"""Tags of load balancers, target groups, listeners and rules.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AddTags.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from appdp.local.elb.store import Store
from appdp.local.wire import Caller, ServiceError

MAX_TAGS = 50
"""See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-tags.html"""

Params = dict[str, Any]


class Tags:
    """The operations; each takes and gives the API's own keys."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def describe(self, params: Params, _caller: Caller) -> Params:
        """DescribeTags."""
        return {
            "TagDescriptions": [
                {"ResourceArn": arn, "Tags": [{"Key": key, "Value": value} for key, value in self._of(arn).items()]}
                for arn in params["ResourceArns"]
            ]
        }

    async def add(self, params: Params, _caller: Caller) -> Params:
        """AddTags: to all the resources, or to none."""
        found = [self._of(arn) for arn in params["ResourceArns"]]
        after = [merged(tags, params["Tags"]) for tags in found]
        for tags, new in zip(found, after, strict=True):
            tags.update(new)
        return {}

    async def remove(self, params: Params, _caller: Caller) -> Params:
        """RemoveTags."""
        for tags in [self._of(arn) for arn in params["ResourceArns"]]:
            for key in params["TagKeys"]:
                tags.pop(key, None)
        return {}

    def _of(self, arn: str) -> dict[str, str]:
        if ":loadbalancer/" in arn:
            return self._store.load_balancer(arn).tags
        if ":targetgroup/" in arn:
            return self._store.target_group(arn).tags
        if ":listener/" in arn:
            return self._store.listener(arn).tags
        if ":listener-rule/" in arn:
            return self._store.rule(arn).tags
        raise ServiceError(
            "ValidationError", f"'{arn}' is not a valid load balancer, target group, listener or rule ARN"
        )


def merged(tags: Mapping[str, str], new: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags and new ones over them. Raises DuplicateTagKeys and TooManyTags."""
    given = list(new or ())
    keys = [tag["Key"] for tag in given]
    if len(set(keys)) != len(keys):
        raise ServiceError("DuplicateTagKeys", f"A tag key was given more than once: {', '.join(keys)}")
    after = {**tags, **{tag["Key"]: tag.get("Value", "") for tag in given}}
    if len(after) > MAX_TAGS:
        raise ServiceError("TooManyTags", f"A resource can have {MAX_TAGS} tags, not {len(after)}")
    return after
