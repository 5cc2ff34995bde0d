"""How numbers are set on a page: no line ends between one and its unit."""

from __future__ import annotations

import re

import jinja2

UNITS = ("%", "ms", "s", "min", "m", "h", "d", "B", "kB", "MB", "GB", "k", "request", "requests", "times")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
STAYS = "\u00a0"  # a space at which no line ends
_AS_IT_IS = re.compile(r"(<(pre|code|textarea|option|script|title)\b.*?</\2(?=>))", re.DOTALL)
"""What is copied, sent or run as it stands; what comes after it begins with the end of a tag."""

_TEXT = re.compile(r">[^<\d]*+(?:\d(?! )[^<\d]*+)*+\d [^<]*")
"""Text after a tag that has a number before a space: most has none, and is stepped over as fast as Python can."""

_SPACE = re.compile(  # begins with the space itself: Python looks for that as fast as it can
    rf" (?<=\d )(?=(?:{'|'.join(UNITS + MONTHS)})(?!\w))| (?<=\d m )(?=\d\d s(?!\w))| (?<=\d h )(?=\d\d m(?!\w))"
)


class Page(jinja2.Template):
    """One whose numbers stay with their units, whoever wrote them."""

    def render(self, *args: object, **values: object) -> str:
        return typeset(super().render(*args, **values))


def typeset(page: str) -> str:
    """The page, with `8 ms`, `4 m 09 s` and `20 Nov` each on one line wherever it is text to be read."""
    text, *others = _AS_IT_IS.split(f">{page}")  # then by threes: what stays, its element, what comes after it
    parts = [_TEXT.sub(_set, text)]
    for stays, after in zip(others[::3], others[2::3], strict=True):
        parts += [stays, _TEXT.sub(_set, after)]
    return "".join(parts)[1:]


def _set(text: re.Match[str]) -> str:
    return _SPACE.sub(STAYS, text[0])
