"""What there is: applications, environments, how one stands, and which releases exist. Reads only."""

from appdp.engine.overview.applications import application_of, applications, deployers
from appdp.engine.overview.history import PastDeployment, history
from appdp.engine.overview.releases import Release, releases
from appdp.engine.overview.status import EnvironmentStatus, Running, ServiceStatus, running_deployment, status

__all__ = [
    "EnvironmentStatus",
    "PastDeployment",
    "Release",
    "Running",
    "ServiceStatus",
    "application_of",
    "applications",
    "deployers",
    "history",
    "releases",
    "running_deployment",
    "status",
]
