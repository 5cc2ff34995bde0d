"""A log of OpenTelemetry as a line: level, message, and who said it, in words that every language's logs share."""

from __future__ import annotations

import json
from typing import Any

from shipway.signals.otlp.request import Record, attributes, plain
from shipway.signals.otlp.resource import Sender

LEVELS = ("trace", "debug", "info", "warning", "error", "fatal")
"""Four numbers of severity each, from 1 on."""

ERROR = 17  # the severity from which it is an error
LONGEST = 16 * 1024  # characters of a message
WIDEST = 2000  # characters of an attribute
ASTRAY = 24 * 3600.0  # seconds by which a clock may be wrong; beyond that the time of arrival is meant

Line = dict[str, Any]


def line(record: Record, sender: Sender, now: float) -> Line:
    """What it says, whole. `now` is in unix seconds, and so is `at`."""
    told = record.message
    found: Line = {
        "at": _at(told, now),
        "level": level(told),
        "message": _as_text(plain(told.body)),
        "release": sender.release,
        "instance": sender.instance,
        "logger": record.scope,
        "attributes": attributes(told.attributes),
    }
    if told.trace_id:
        found |= {"trace": told.trace_id.hex()[:32], "span": told.span_id.hex()[:16]}
    return found


def shortened(whole: Line) -> Line:
    """What is written down of it. It has to be masked before: half a secret would not be known for one."""
    return {
        **{name: _short(value, WIDEST) for name, value in whole.items()},
        "message": _cut(whole["message"], LONGEST),
        "attributes": {_cut(name, WIDEST): _short(value, WIDEST) for name, value in whole["attributes"].items()},
    }


def level(told: Any) -> str:
    """How bad it is, by its number; without one by its own word."""
    if 0 < told.severity_number <= 4 * len(LEVELS):
        return LEVELS[(told.severity_number - 1) // 4]
    word = told.severity_text.lower()
    return {"warn": "warning", "critical": "fatal"}.get(word, word) or "info"


def _at(told: Any, now: float) -> float:
    at = (told.time_unix_nano or told.observed_time_unix_nano) / 1e9
    return round(at if abs(at - now) < ASTRAY else now, 6)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)


def _short(value: Any, length: int) -> Any:
    """What is a text, or would be a long one, is cut; numbers and small lists stay what they are."""
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    text = _as_text(value)
    return value if not isinstance(value, str) and len(text) <= length else _cut(text, length)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
