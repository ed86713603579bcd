"""Accounts and regions as users write them."""

from __future__ import annotations

import re

from aws_cdk import Token

from appdp.errors import ConfigurationError

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}")


def check_account(what: str, account: str) -> str:
    """Return ``account`` unless it is neither an account id nor a token.

    Args:
        what: what has it, such as ``"Environment 'prod' has account="``.
        account: 12 digits, or what only CloudFormation knows.

    Raises:
        ConfigurationError: it is something else.
    """
    if not Token.is_unresolved(account) and not _ACCOUNT.fullmatch(account):
        raise ConfigurationError(f"{what}{account!r}: an account id is 12 digits.", hint="Write it as a text.")
    return account


def check_region(what: str, region: str) -> str:
    """Return ``region`` unless it is neither a region nor a token, as :func:`check_account` does.

    Raises:
        ConfigurationError: it is something else.
    """
    if not Token.is_unresolved(region) and not _REGION.fullmatch(region):
        raise ConfigurationError(f"{what}{region!r}: a region is written as 'eu-west-1' is.")
    return region
