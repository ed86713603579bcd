"""What Parameter Store takes as a value: text in which nothing looks like a reference to another parameter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def to_value(data: Mapping[str, Any]) -> str:
    """``data`` as compact JSON, without the two braces in a row that Parameter Store refuses.

    People's words and log lines may hold them. In JSON they can only be part of a text, where one of them can be
    written as an escape, so what is read back is what was written.

    See: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html (Value)
    """
    text = json.dumps(dict(data), separators=(",", ":"), ensure_ascii=False)
    return text.replace("{{", "{\\u007b")
