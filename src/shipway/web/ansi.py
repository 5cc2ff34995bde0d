"""What a terminal would show of a text, as pieces for a page: colours as classes, and nothing else of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_CODES = re.compile(r"(\x1b\[[0-9;]*m)")
_CONTROL = re.compile(
    r"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
    r"|[\u202a-\u202e\u2066-\u2069]"
)
_COLOURS = {1: "r", 2: "g", 3: "y", 4: "c", 5: "m", 6: "c"}
_CLASSES = {30 + n: name for n, name in _COLOURS.items()} | {90 + n: name for n, name in _COLOURS.items()}
_CLASSES[90] = "d"


@dataclass(frozen=True)
class Piece:
    """Some text; `look` is its class, empty for the usual."""

    text: str
    look: str = ""


def pieces(text: str) -> list[Piece]:
    """The text without what would steer a terminal; the class of a colour for what is in one."""
    return list(_pieces(text))


def _pieces(text: str) -> Iterator[Piece]:
    look = ""
    for part in _CODES.split(text):
        if _CODES.fullmatch(part):
            look = _changed(look, part[2:-1])
        elif clean := _CONTROL.sub("", part):
            yield Piece(clean, look)


def _changed(look: str, codes: str) -> str:
    for code in codes.split(";"):
        number = int(code[:4] or 0)
        if number in (0, 39):
            look = ""
        elif number in _CLASSES:
            look = _CLASSES[number]
    return look
