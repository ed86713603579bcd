"""What there is: applications, environments, how one stands, and which releases exist. Reads only."""

from appdp.engine.overview.applications import application_of, applications, deployers
from appdp.engine.overview.releases import Release, releases
from appdp.engine.overview.status import EnvironmentStatus, Running, ServiceStatus, running_deployment, status

__all__ = [
    "EnvironmentStatus",
    "Release",
    "Running",
    "ServiceStatus",
    "application_of",
    "applications",
    "deployers",
    "releases",
    "running_deployment",
    "status",
]
