"""appdp: blue/green releases of several container images as one, on ECS Fargate.

The constructs are in :mod:`appdp.cdk`; importing this package does not import ``aws_cdk`` or ``boto3``.
"""

from appdp.errors import (
    AppdpError,
    ConfigurationError,
    CredentialsError,
    LocalError,
    Locked,
    NotFound,
    Refused,
    RemoteError,
    Throttled,
)

__version__ = "0.1.0"

__all__ = [
    "AppdpError",
    "ConfigurationError",
    "CredentialsError",
    "LocalError",
    "Locked",
    "NotFound",
    "Refused",
    "RemoteError",
    "Throttled",
    "__version__",
]
