"""Finding records by the names, families and ARNs that callers give, with ECS's errors when there are none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from appdp.local.ecs import names
from appdp.local.ecs.store import Cluster, Service, Store, TaskDefinition
from appdp.local.wire import Caller, ServiceError

DEFAULT_CLUSTER = "default"

Item = TypeVar("Item")
Params = Mapping[str, Any]


class Lookup:
    """Finds records in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def cluster(self, params: Params, caller: Caller) -> Cluster:
        """The cluster of ``params["cluster"]``; the default cluster when none is given."""
        arn = cluster_arn(params.get("cluster"), caller)
        found = self._store.clusters.get(arn)
        if found is None or found.status != "ACTIVE":
            raise ServiceError("ClusterNotFoundException", "Cluster not found.")
        return found

    def service(self, params: Params, caller: Caller, *, key: str = "service") -> Service:
        """The service of ``params[key]``, in the cluster of ``params["cluster"]``."""
        found = self.service_or_none(str(params[key]), params, caller)
        if found is None:
            raise ServiceError("ServiceNotFoundException", "Service not found.")
        return found

    def service_or_none(self, name: str, params: Params, caller: Caller) -> Service | None:
        """A service by its name or ARN, INACTIVE ones included."""
        if name.startswith("arn:"):
            return self._store.services.get(name)
        cluster = self.cluster(params, caller)
        return self._store.services.get(names.arn(caller, f"service/{cluster.name}/{name}"))

    def definition(self, reference: str, caller: Caller, *, active: bool = False) -> TaskDefinition:
        """A task definition by ARN, ``family:revision`` or family, which means its newest ACTIVE revision.

        Args:
            active: refuse one that is not ACTIVE.
        """
        found = self._definition(reference, caller)
        if found is None:
            raise ServiceError("ClientException", "Unable to describe task definition.")
        if active and found.status != "ACTIVE":
            raise ServiceError("ClientException", f"TaskDefinition is inactive: {found.arn}")
        return found

    def family(self, family: str, caller: Caller) -> list[TaskDefinition]:
        """Every revision of a family, oldest first."""
        prefix = names.arn(caller, f"task-definition/{family}:")
        found = [item for arn, item in self._store.definitions.items() if arn.startswith(prefix)]
        return sorted(found, key=lambda item: item.revision)

    def _definition(self, reference: str, caller: Caller) -> TaskDefinition | None:
        if reference.startswith("arn:"):
            exact = self._store.definitions.get(reference)
            if exact is not None:
                return exact
            reference = names.last(reference)
        if ":" in reference:
            return self._store.definitions.get(names.arn(caller, f"task-definition/{reference}"))
        active = [item for item in self.family(reference, caller) if item.status == "ACTIVE"]
        return active[-1] if active else None


def described(
    arns: Iterable[str], known: Mapping[str, Item], view: Callable[[Item], Any]
) -> tuple[list[Any], list[dict[str, str]]]:
    """What a Describe operation answers: the views of the records that there are, and a failure for each other ARN."""
    found: list[Any] = []
    failures: list[dict[str, str]] = []
    for arn in arns:
        if arn in known:
            found.append(view(known[arn]))
        else:
            failures.append({"arn": arn, "reason": "MISSING"})
    return found, failures


def cluster_arn(given: str | None, caller: Caller) -> str:
    """A cluster's ARN from its name or ARN; the default cluster's when nothing is given."""
    given = given or DEFAULT_CLUSTER
    return given if given.startswith("arn:") else names.arn(caller, f"cluster/{given}")


def page(items: Sequence[Item], params: Params, *, limit: int = 100) -> tuple[list[Item], dict[str, str]]:
    """One page of a list, and ``nextToken`` when there is more.

    Raises:
        ServiceError: the token is not one of ours, or the page is to be larger than ``limit``.
    """
    token = params.get("nextToken") or "0"
    if not str(token).isdigit():
        raise ServiceError("InvalidParameterException", "Invalid token")
    start = int(token)
    size = int(params.get("maxResults", limit))
    if not 1 <= size <= limit:
        raise ServiceError("InvalidParameterException", f"maxResults must be between 1 and {limit}, and is {size}.")
    rest = {"nextToken": str(start + size)} if start + size < len(items) else {}
    return list(items[start : start + size]), rest


def tags(params: Params) -> dict[str, str]:
    """``tags`` as a dictionary."""
    return {item["key"]: item.get("value", "") for item in params.get("tags") or ()}


def tag_list(given: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as the API has them."""
    return [{"key": key, "value": value} for key, value in given.items()]
