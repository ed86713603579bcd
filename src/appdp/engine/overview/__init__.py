"""What there is: applications, environments, how one stands, and which releases exist. Reads only."""

from appdp.engine.overview.applications import application_of, applications, deployers
from appdp.engine.overview.doctor import Check, Surroundings, Verdict, examine, tried
from appdp.engine.overview.history import PastDeployment, history
from appdp.engine.overview.logs import LogLine, LogReader, LogSource, log_sources
from appdp.engine.overview.releases import Release, releases
from appdp.engine.overview.status import EnvironmentStatus, Running, ServiceStatus, running_deployment, status

__all__ = [
    "Check",
    "EnvironmentStatus",
    "LogLine",
    "LogReader",
    "LogSource",
    "PastDeployment",
    "Release",
    "Running",
    "ServiceStatus",
    "Surroundings",
    "Verdict",
    "application_of",
    "applications",
    "deployers",
    "examine",
    "history",
    "log_sources",
    "releases",
    "running_deployment",
    "status",
    "tried",
]
