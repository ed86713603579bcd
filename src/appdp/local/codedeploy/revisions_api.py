"""Application revisions: what was deployed, or is to be, with its content.

See: https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_GetApplicationRevision.html and
API_RegisterApplicationRevision.html
"""

from __future__ import annotations

from typing import Any

from appdp.local.codedeploy import app_spec
from appdp.local.codedeploy.store import Application, Revision, Store
from appdp.local.wire import Caller, ServiceError

Answer = dict[str, Any]
Params = dict[str, Any]


class RevisionsApi:
    """Operations on application revisions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def register_application_revision(self, params: Params, _caller: Caller) -> Answer:
        """Remember a revision without deploying it."""
        application = self._store.application(str(params["applicationName"]))
        _, location = app_spec.parse(params.get("revision"))
        description = str(params.get("description") or "")
        application.revisions.setdefault(app_spec.hash_of(location), Revision(location, description))
        return {}

    def get_application_revision(self, params: Params, _caller: Caller) -> Answer:
        """The content of a revision, found by its hash."""
        application = self._store.application(str(params["applicationName"]))
        found = application.revisions.get(app_spec.hash_of(params.get("revision") or {}))
        if found is None:
            message = f"The application {application.name} has no such revision."
            raise ServiceError("RevisionDoesNotExistException", message)
        times = {"registerTime": found.registered, "firstUsedTime": found.first_used, "lastUsedTime": found.last_used}
        info = {
            "description": found.description,
            "deploymentGroups": _users(self._store, application, found),
            **{name: value for name, value in times.items() if value is not None},
        }
        return {"applicationName": application.name, "revision": dict(found.location), "revisionInfo": info}


def _users(store: Store, application: Application, revision: Revision) -> list[str]:
    """The deployment groups whose last good deployment was of the revision."""
    wanted = app_spec.hash_of(revision.location)
    newest = {
        name: next((item for item in store.of_group(application.name, name) if item.status == "Succeeded"), None)
        for name in application.groups
    }
    return [name for name, item in newest.items() if item is not None and app_spec.hash_of(item.revision) == wanted]
