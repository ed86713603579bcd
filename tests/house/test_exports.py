"""What users may import is a list that changes on purpose only."""

from __future__ import annotations

import importlib

import pytest

SURFACE = {
    "appdp": [
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
    ],
    "appdp.cdk": [
        "Application",
        "Approval",
        "Architecture",
        "Build",
        "Capacity",
        "CodeDeployTraffic",
        "DeliveryPipeline",
        "Deployer",
        "Environment",
        "GitHub",
        "HealthCheck",
        "Image",
        "ImageRepositories",
        "Job",
        "JobOptions",
        "PullThroughCache",
        "Push",
        "Scaling",
        "Scan",
        "Schedule",
        "ScheduleOptions",
        "ServiceOptions",
        "Soci",
        "Stage",
        "Strategy",
        "TaskOptions",
        "WebService",
        "Worker",
    ],
}


@pytest.mark.parametrize("package", sorted(SURFACE))
def test_public_names_are_the_agreed_ones(package: str) -> None:
    assert sorted(importlib.import_module(package).__all__) == sorted(SURFACE[package])


@pytest.mark.parametrize("package", sorted(SURFACE))
def test_public_names_exist_and_are_documented(package: str) -> None:
    module = importlib.import_module(package)
    public = [getattr(module, name) for name in module.__all__ if not name.startswith("__")]
    assert not [value.__name__ for value in public if not (value.__doc__ or "").strip()]
