"""Secrets that exist already, as a program names them."""

from __future__ import annotations

import re

from appdp.engine.scaffold.code import call, text
from appdp.engine.scaffold.program import Source, construct_id


def parameter(owner: str, name: str, where: str) -> Source:
    """``ecs.Secret`` of a parameter in Systems Manager.

    Args:
        owner: the service, which makes the construct's id unique.
        name: the environment variable.
        where: the parameter's name or ARN.
    """
    identity = text(f"{construct_id(owner)}-{name}")
    if ":parameter/" in where:
        name = where.split(":parameter/", 1)[1]
        # The ARN leaves out the slash with which a name that has slashes begins.
        where = f"/{name}" if "/" in name else name
    method = "ssm.StringParameter.from_secure_string_parameter_attributes"
    found = call(method, ("services", identity), {"parameter_name": text(where)})
    return call("ecs.Secret.from_ssm_parameter", (found,))


def secret(owner: str, name: str, where: str) -> Source:
    """``ecs.Secret`` of Secrets Manager: a name or an ARN, and maybe ``:field::`` after it."""
    identity = text(f"{construct_id(owner)}-{name}")
    if where.startswith("arn:"):
        parts = where.split(":")
        arn, rest = ":".join(parts[:7]), parts[7:]
        complete = re.search(r"-[A-Za-z0-9]{6}$", arn) is not None
        method = f"from_secret_{'complete' if complete else 'partial'}_arn"
    else:
        arn, *rest = where.split(":")
        method = "from_secret_name_v2"
    found = call(f"secretsmanager.Secret.{method}", ("services", identity, text(arn)))
    fields = [text(part) for part in rest[:1] if part]
    return call("ecs.Secret.from_secrets_manager", (found, *fields))
