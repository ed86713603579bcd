"""The Systems Manager parameters through which constructs tell the engine what there is."""

from __future__ import annotations

from typing import Final

from aws_cdk import aws_ssm as ssm
from constructs import Construct

from appdp.cdk.parameter_sizes import ADVANCED_BYTES, STANDARD_BYTES, check_size

_DIVIDE: Final = "Divide the images between two applications; those of one application are released together."


def manifest_parameter(scope: Construct, name: str, value: str, *, hint: str) -> ssm.CfnParameter:
    """The manifest of one service, job or schedule, as the construct's child ``Manifest``.

    Args:
        scope: whose manifest it is.
        name: the parameter's, as :mod:`appdp.model.handoff` has it.
        value: the manifest.
        hint: what to make smaller where it does not fit.

    Raises:
        ConfigurationError: it is too large for a Standard parameter.
    """
    value = check_size(scope, value, limit=STANDARD_BYTES, hint=hint)
    return ssm.CfnParameter(scope, "Manifest", name=name, type="String", value=value)


def images_parameter(scope: Construct, name: str, value: str) -> ssm.CfnParameter:
    """A manifest that lists an application's images; as :func:`manifest_parameter`.

    Raises:
        ConfigurationError: it is too large for an Advanced parameter.
    """
    value = check_size(scope, value, limit=ADVANCED_BYTES, hint=_DIVIDE)
    # With many images it outgrows the 4 KiB of a Standard parameter.
    return ssm.CfnParameter(scope, "Manifest", name=name, type="String", tier="Intelligent-Tiering", value=value)
