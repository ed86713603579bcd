"""Clusters, capacity providers and tags.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from typing import Any

from appdp.local.ecs import names
from appdp.local.ecs.lookup import DEFAULT_CLUSTER, Lookup, Params, cluster_arn, described, page, tag_list, tags
from appdp.local.ecs.store import Cluster, Store
from appdp.local.wire import Caller, ServiceError

Answer = dict[str, Any]

_SETTINGS = (
    "settings",
    "configuration",
    "serviceConnectDefaults",
    "capacityProviders",
    "defaultCapacityProviderStrategy",
)


class ClustersApi:
    """Operations on clusters."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._find = Lookup(store)

    def create_cluster(self, params: Params, caller: Caller) -> Answer:
        """Create a cluster; one that exists already is returned as it is."""
        name = str(params.get("clusterName") or DEFAULT_CLUSTER)
        arn = cluster_arn(name, caller)
        found = self._store.clusters.get(arn)
        if found is None or found.status != "ACTIVE":
            found = Cluster(arn=arn, name=name, tags=tags(params))
            self._store.clusters[arn] = found
            found.properties = {key: params[key] for key in _SETTINGS if key in params}
        return {"cluster": self.view(found)}

    def delete_cluster(self, params: Params, caller: Caller) -> Answer:
        """Delete a cluster without services and tasks."""
        cluster = self._find.cluster(params, caller)
        if any(s.cluster is cluster and s.status != "INACTIVE" for s in self._store.services.values()):
            raise ServiceError(
                "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active."
            )
        if any(t.cluster_arn == cluster.arn and not t.ended.is_set() for t in self._store.tasks()):
            raise ServiceError("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
        cluster.status = "INACTIVE"
        return {"cluster": self.view(cluster)}

    def update_cluster(self, params: Params, caller: Caller) -> Answer:
        """Change settings."""
        cluster = self._find.cluster(params, caller)
        cluster.properties |= {key: params[key] for key in _SETTINGS if key in params}
        return {"cluster": self.view(cluster)}

    def put_cluster_capacity_providers(self, params: Params, caller: Caller) -> Answer:
        """Replace a cluster's capacity providers and default strategy."""
        return self.update_cluster(params, caller)

    def describe_clusters(self, params: Params, caller: Caller) -> Answer:
        """Describe clusters; unknown ones are told as failures."""
        arns = (cluster_arn(given, caller) for given in params.get("clusters") or [DEFAULT_CLUSTER])
        found, failures = described(arns, self._store.clusters, self.view)
        return {"clusters": found, "failures": failures}

    def list_clusters(self, params: Params, caller: Caller) -> Answer:
        """ARNs of the caller's clusters."""
        prefix = names.arn(caller, "cluster/")
        arns = [c.arn for c in self._store.clusters.values() if c.status == "ACTIVE" and c.arn.startswith(prefix)]
        items, more = page(arns, params)
        return {"clusterArns": items, **more}

    def create_capacity_provider(self, params: Params, caller: Caller) -> Answer:
        """Remember a capacity provider; there are no instances behind it."""
        name = str(params["name"])
        record = {**params, "capacityProviderArn": names.arn(caller, f"capacity-provider/{name}"), "status": "ACTIVE"}
        self._store.capacity_providers[name] = record
        return {"capacityProvider": record}

    def delete_capacity_provider(self, params: Params, caller: Caller) -> Answer:
        """Forget a capacity provider."""
        name = names.last(str(params["capacityProvider"]))
        record = self._store.capacity_providers.pop(name, None)
        if record is None:
            raise ServiceError("ClientException", f"The specified capacity provider does not exist: {name}")
        return {"capacityProvider": {**record, "status": "INACTIVE"}}

    def describe_capacity_providers(self, params: Params, caller: Caller) -> Answer:
        """Describe capacity providers, Fargate's two included."""
        fargate = {
            name: {
                "name": name,
                "capacityProviderArn": names.arn(caller, f"capacity-provider/{name}"),
                "status": "ACTIVE",
            }
            for name in ("FARGATE", "FARGATE_SPOT")
        }
        known: dict[str, Any] = fargate | self._store.capacity_providers
        wanted = [names.last(item) for item in params.get("capacityProviders") or known]
        failures = [{"arn": name, "reason": "MISSING"} for name in wanted if name not in known]
        return {"capacityProviders": [known[name] for name in wanted if name in known], "failures": failures}

    def list_tags_for_resource(self, params: Params, caller: Caller) -> Answer:
        """Tags of a resource."""
        return {"tags": tag_list(self._tags_of(str(params["resourceArn"])))}

    def tag_resource(self, params: Params, caller: Caller) -> Answer:
        """Add tags to a resource."""
        self._tags_of(str(params["resourceArn"])).update(tags(params))
        return {}

    def untag_resource(self, params: Params, caller: Caller) -> Answer:
        """Remove tags from a resource."""
        found = self._tags_of(str(params["resourceArn"]))
        for key in params["tagKeys"]:
            found.pop(key, None)
        return {}

    def view(self, cluster: Cluster) -> Answer:
        """One cluster, as DescribeClusters has it."""
        services = [s for s in self._store.services.values() if s.cluster is cluster and s.status == "ACTIVE"]
        live = [t for t in self._store.tasks() if t.cluster_arn == cluster.arn and not t.ended.is_set()]
        running = sum(1 for task in live if task.last_status == "RUNNING")
        return {
            "clusterArn": cluster.arn,
            "clusterName": cluster.name,
            "status": cluster.status,
            "registeredContainerInstancesCount": 0,
            "runningTasksCount": running,
            "pendingTasksCount": len(live) - running,
            "activeServicesCount": len(services),
            "statistics": [],
            "settings": [],
            "capacityProviders": [],
            "defaultCapacityProviderStrategy": [],
            **cluster.properties,
            "tags": tag_list(cluster.tags),
        }

    def _tags_of(self, arn: str) -> dict[str, str]:
        stores: tuple[Any, ...] = (self._store.clusters, self._store.services, self._store.definitions)
        for store in stores:
            if arn in store:
                found: dict[str, str] = store[arn].tags
                return found
        raise ServiceError("InvalidParameterException", f"The specified resource was not found: {arn}")
