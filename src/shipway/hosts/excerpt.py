"""The lines of a log that are shown to whoever has to know why something failed."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from shipway.hosts.explanation import explanation, raised
from shipway.hosts.masking import Masker

READ = 64 << 10  # bytes
SEARCHED = 256 << 10  # bytes at the end of a log, where what explains a failure is looked for
WIDEST = 400  # characters
FIRST, LAST = 3, 8  # lines of what is too long to be shown whole
MOST_COMPARED = 1000  # lines
_COLOURS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_NUMBERS = re.compile(r"0x[0-9a-fA-F]+|\d+")
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z ", re.MULTILINE)
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def excerpt(directory: Path, lines: int = 12, without: Collection[str] = ()) -> str:
    """Of `<directory>/log` at most `lines` lines that explain a failure, as plain text; empty without a log.

    Those are the ones in which a test runner, a compiler or a traceback says what is wrong, see `explanation`; in
    a log of anything else the last ones that say something and are not `without`. Of a progress bar only its last
    state is shown, and nothing of what would move a terminal's cursor.
    """
    told = [line for line in _telling(end(directory / "log")) if line not in without]
    return "\n".join(explanation(told, lines) or told[-lines:])


def explaining(log: Path, start: int = 0, patterns: Sequence[bytes] = ()) -> str:
    """What was written to `log` from byte `start` on, as plain text: all of it, or its first and last lines, 12
    in all; empty without a log. Of a traceback between these the application's own innermost call is among them.

    What a program that was started again and again wrote each time is shown once. `patterns` are masked. The
    moments that the keeper puts before lines are left out. A log that is shorter than `start` was emptied by its
    writer, or has become another file, and is read from its beginning.
    """
    first, last = (_MOMENT.sub("", text) for text in _ends(log, start, Masker(list(patterns))))
    if last:
        return "\n".join([*_telling(first)[:FIRST], *_in_short(_telling(last), 0)])
    lines = _once(_telling(first))
    return "\n".join(lines if len(lines) <= FIRST + 1 + LAST else [*lines[:FIRST], *_in_short(lines, FIRST)])


def _in_short(lines: list[str], shown: int) -> list[str]:
    """After the first ones, which are `shown`, the last ones; fewer of these where the application's own call in
    which it failed is before them.
    """
    places = [at for at in raised(lines) if at >= shown]
    if not places or places[0] >= len(lines) - LAST:
        return ["...", *lines[-LAST:]]
    picked = _spaced(lines, places)
    for at in reversed(range(places[-1] + 1, len(lines))):
        more = _spaced(lines, [*places, *range(at, len(lines))])
        if len(more) > 1 + LAST:
            break
        picked = more
    return picked


def _spaced(lines: list[str], places: Sequence[int]) -> list[str]:
    """The lines at these places, with dots for what is left out before and between them."""
    ends = pairwise([*places, places[-1]])
    return ["...", *(line for at, after in ends for line in (lines[at], *(["..."] if after > at + 1 else [])))]


def _once(lines: list[str]) -> list[str]:
    """Without what only repeats, but for its numbers (moments, processes), everything from the first line on."""
    alike = [_NUMBERS.sub("0", line) for line in lines[: MOST_COMPARED + 1]]
    if len(alike) > MOST_COMPARED:
        return lines
    again = (at for at in range(1, len(alike)) if alike[at:] == alike[:-at])
    return lines[: next(again, None)]


def _ends(log: Path, start: int, masker: Masker) -> tuple[str, str]:
    """The first and the last bytes; all of them in the first when they are few. Masked before they are cut."""
    first, last, cut = b"", b"", False
    for piece in _masked(log, start, masker):
        room = READ - len(first)
        first, later = first + piece[:room], piece[room:]
        last, cut = (last + later)[-READ:], cut or len(last) + len(later) > READ
    whole = first + last
    return (_text(first), _text(last)) if cut else (_text(whole), "")


def _masked(log: Path, start: int, masker: Masker) -> Iterator[bytes]:
    try:
        with log.open("rb") as file:
            file.seek(start if start <= file.seek(0, os.SEEK_END) else 0)
            while piece := file.read(READ):
                yield masker.feed(piece)
    except FileNotFoundError:
        return
    yield masker.end()


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _telling(text: str) -> list[str]:
    """The lines that say something."""
    return [line for line in map(_plain, text.split("\n")) if line.strip()]


def end(log: Path) -> str:
    """The last of what a log says, as it was written; empty without one."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - SEARCHED))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def _plain(line: str) -> str:
    last = _COLOURS.sub("", line).rstrip().rpartition("\r")[2]
    text = _UNSEEN.sub("", last)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 3]}..."
