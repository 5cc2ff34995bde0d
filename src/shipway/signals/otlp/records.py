"""A log of OpenTelemetry as a line: level, message, and who said it, in words that every language's logs share."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from shipway.signals.otlp.request import Record, attributes, plain
from shipway.signals.otlp.resource import Sender

LEVELS = ("trace", "debug", "info", "warning", "error", "fatal")
"""Four numbers of severity each, from 1 on."""

ERROR = 17  # the severity from which it is an error
STACK = "exception.stacktrace"
LONGEST = 16 * 1024  # characters of a message, of a stack
WIDEST = 2000  # characters of an attribute
ASTRAY = 24 * 3600.0  # seconds by which a clock may be wrong; beyond that the time of arrival is meant

Line = dict[str, Any]


def line(record: Record, sender: Sender, now: float) -> Line:
    """What it says, whole; `now` is in unix seconds."""
    told = record.message
    said = attributes(told.attributes)
    found: Line = {
        "time": _moment(told, now),
        "level": level(told),
        "message": _as_text(plain(told.body)),
        "logger": record.scope,
        "release": sender.release,
        "instance": sender.instance,
    }
    if STACK in said:
        found["stack"] = _as_text(said.pop(STACK))
    if told.trace_id:
        found |= {"trace_id": told.trace_id.hex()[:32], "span_id": told.span_id.hex()[:16]}
    return {**found, "attributes": said}


def written(whole: Line) -> Line:
    """As it is written down: cut, and with its attributes beside the rest. It has to be masked before: half a
    secret would not be known for one.
    """
    said = {_cut(name, WIDEST): _short(value, WIDEST) for name, value in whole["attributes"].items()}
    rest = {name: _short(value, WIDEST) for name, value in whole.items() if name != "attributes"}
    long: Line = {name: _cut(whole[name], LONGEST) for name in ("message", "stack") if name in whole}
    return {**rest, **long, **{name: value for name, value in said.items() if name not in rest}}


def level(told: Any) -> str:
    """How bad it is, by its number; without one by its own word."""
    if 0 < told.severity_number <= 4 * len(LEVELS):
        return LEVELS[(told.severity_number - 1) // 4]
    word = told.severity_text.lower()
    return {"warn": "warning", "critical": "fatal"}.get(word, word) or "info"


def _moment(told: Any, now: float) -> str:
    at = (told.time_unix_nano or told.observed_time_unix_nano) / 1e9
    return datetime.fromtimestamp(at if abs(at - now) < ASTRAY else now, UTC).isoformat(timespec="microseconds")


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
