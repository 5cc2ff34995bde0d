"""What a terminal would show of a text, as pieces for a page: its style as classes, and nothing else of it.

`static/ansi.js` draws what comes later, in the same classes (`static/ansi.css`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass

_CODES = re.compile(r"\x1b\[([0-9;:]*)m")
_CONTROL = re.compile(
    r"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
    r"|[\u202a-\u202e\u2066-\u2069]"
)
_HUES = ("d", "r", "g", "y", "c", "m", "c", "")  # black, red, green, yellow, blue, magenta, cyan, white
_ON = {1: "w", 2: "d", 3: "i", 4: "u", 7: "v", 9: "s"}  # heavy, dim, italic, underlined, reversed, struck
_OFF = {22: ("w", "d"), 23: ("i",), 24: ("u",), 27: ("v",), 29: ("s",), 39: ("hue",), 49: ("ground",)}

Style = MutableMapping[str, str]


@dataclass(frozen=True)
class Piece:
    """Some text; `look` is its classes, empty for the usual."""

    text: str
    look: str = ""


def pieces(text: str) -> list[Piece]:
    """The text without what would steer a terminal; the classes of its style for what has one."""
    return list(_pieces(text))


def _pieces(text: str) -> Iterator[Piece]:
    style: Style = {}
    for number, part in enumerate(_CODES.split(text)):  # text and codes by turns
        if number % 2:
            _change(style, [int(code[:4] or 0) for code in re.split("[;:]", part)])
        elif clean := _CONTROL.sub("", part):
            yield Piece(clean, " ".join(filter(None, style.values())))


def _change(style: Style, codes: list[int]) -> None:
    while codes:
        code = codes.pop(0)
        if code == 0:
            style.clear()
        elif code in (38, 48):
            _put(style, code, _mixed(codes))
        elif code in _ON:
            style[_ON[code]] = _ON[code]
        elif code in _OFF:
            for name in _OFF[code]:
                style.pop(name, None)
        elif code // 10 in (3, 9) and code % 10 < 8:
            _put(style, 38, _HUES[code % 10])
        elif code // 10 in (4, 10) and code % 10 < 8:
            _put(style, 48, _HUES[code % 10])


def _put(style: Style, code: int, hue: str) -> None:
    style["hue" if code == 38 else "ground"] = f"on-{hue}" if hue and code == 48 else hue


def _mixed(codes: list[int]) -> str:
    """The nearest of our hues for `5;n` (one of 256) and `2;r;g;b`, which are taken off the codes."""
    kind = codes.pop(0) if codes else 0
    if kind == 2:
        mixed, codes[:3] = codes[:3], []
        return _nearest(*mixed, *[0] * (3 - len(mixed)))
    if kind != 5:
        return ""
    place = codes.pop(0) if codes else 0
    if place < 16:
        return _HUES[place % 8]
    if place >= 232:
        return "d" if place < 250 else ""
    cube = place - 16
    return _nearest(cube // 36 * 51, cube // 6 % 6 * 51, cube % 6 * 51)


def _nearest(red: int, green: int, blue: int) -> str:
    most, least = max(red, green, blue), min(red, green, blue)
    if most - least < 40:
        return "" if most > 200 else "d"
    middle = (most + least) / 2
    return _HUES[(red > middle) + 2 * (green > middle) + 4 * (blue > middle)]
