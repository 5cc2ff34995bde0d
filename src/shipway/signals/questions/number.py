"""The number in an answer, and whether it is right."""

from __future__ import annotations

import json
import math
from typing import Any

from shipway.signals.questions.answer import Answer, Heard
from shipway.signals.questions.question import Wanted


def settle(heard: Heard, wanted: Wanted) -> Answer:
    """An answer without a number, or with one that is none (NaN), says nothing about the invariant."""
    if heard.state != "passed":
        return Answer("not known", heard.says)
    number = read(heard.text, wanted.field)
    if number is None:
        place = "its last line" if wanted.field is None else f"`{wanted.field}`"
        return Answer("not known", f"{place} is not a number")
    shown = f"{number:.12g}"
    if wanted.has(number):
        return Answer("passed", shown if shown == str(wanted) else f"{shown}, {wanted}", number)
    return Answer("failed", f"{shown} instead of {wanted}", number)


def read(text: str, field: str | None) -> float | None:
    """The last line as a number, or the `field` of a JSON object (`orders.open`); None when there is none."""
    found = _last_line(text) if field is None else _field(text, field)
    if isinstance(found, bool) or not isinstance(found, (int, float, str)):
        return None
    try:
        number = float(found)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _last_line(text: str) -> str | None:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), None)


def _field(text: str, field: str) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    for key in field.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found
