"""What there is: applications, environments, how one stands, and which releases exist. Reads only."""

from appdp.engine.overview.applications import application_of, applications, deployers
from appdp.engine.overview.doctor import Check, Surroundings, Verdict, examine, tried
from appdp.engine.overview.history import PastDeployment, history
from appdp.engine.overview.jobs import JobStatus
from appdp.engine.overview.logs import LogLine, LogReader, LogSource, log_sources
from appdp.engine.overview.releases import Release, releases
from appdp.engine.overview.schedules import ScheduleStatus
from appdp.engine.overview.shells import ShellPlace, ShellWish, shell_place
from appdp.engine.overview.status import EnvironmentStatus, Running, ServiceStatus, running_deployment, status

__all__ = [
    "Check",
    "EnvironmentStatus",
    "JobStatus",
    "LogLine",
    "LogReader",
    "LogSource",
    "PastDeployment",
    "Release",
    "Running",
    "ScheduleStatus",
    "ServiceStatus",
    "ShellPlace",
    "ShellWish",
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
    "shell_place",
    "status",
    "tried",
]
