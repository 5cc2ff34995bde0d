"""Lengths of time as people write them: `30s`, `15m`, `2h`, `1d`."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

LONGEST = 30 * 86400.0
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_WRITTEN = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?(ms|s|m|h|d)?", re.ASCII)
_EXAMPLES = "write it as 30s, 15m, 2h or 1d"


def seconds(written: Any) -> float:
    """Seconds from `15m`, or from a plain number of seconds; ValueError says how to write it."""
    if isinstance(written, str):
        match = _WRITTEN.fullmatch(written)
        if match is None:
            raise ValueError(f"is not a length of time: {_EXAMPLES}")
        length = float(match[1]) * _UNITS[match[2] or "s"]
    elif isinstance(written, (int, float)) and not isinstance(written, bool):
        length = float(written)
    else:
        raise ValueError(f"should be a length of time: {_EXAMPLES}")
    if not math.isfinite(length) or not 0 <= length <= LONGEST:
        raise ValueError("is not a length of time between 0s and 30d")
    return length


def text(length: float) -> str:
    """The shortest way to write a number of seconds: 900.0 is `15m`."""
    for unit in ("d", "h", "m", "s"):
        count = length / _UNITS[unit]
        if count >= 1 and count == int(count):
            return f"{int(count)}{unit}"
    return "0s" if length == 0 else f"{length:g}s"


Duration = Annotated[
    float,
    BeforeValidator(seconds),
    Field(ge=0),
    WithJsonSchema({"type": ["string", "number"], "format": "length of time", "examples": ["30s", "15m", "2h"]}),
]
"""Seconds, written as `30s`, `15m`, `2h` or `1d` (a plain number counts seconds)."""
