"""Showing answers: a table for people, JSON for programs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from rich.table import Table

ENDLESS = 100_000  # columns: no line is cut for a program that reads along

NOT_KNOWN = 3
"""The exit code of verbs that say whether something is well where nobody knows: neither 0 nor 1."""

HOW_FAR = "`shipway where` says how far a commit has come."
"""What to do where nothing has come to yet."""

COLOURS = {
    "passed": "green",
    "serves": "green",
    "done": "green",
    "good": "green",
    "bad": "red",
    "running": "cyan",
    "failed": "red",
    "not known": "yellow",
    "timed out": "red",
    "lost": "red",
    "unknown": "yellow",
    "queued": "bright_black",
    "superseded": "bright_black",
    "cancelled": "bright_black",
    "rolled back": "magenta",
    "blocked": "yellow",
}


def as_json(value: Any) -> None:
    print(json.dumps(value, indent=2))


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    empty: str,
    one_line: bool = False,
    wraps: bool = False,
    typed: Sequence[str] | None = None,
) -> None:
    """Rows below names; `empty` is said when there are none.

    With `one_line` every row has one line: a terminal shows of the last column what it has room for, and a
    program that reads along gets all of its first line. Where it `wraps`, a terminal breaks that line instead.
    What is `typed` again is whole on one line everywhere: those columns, by default the first.
    """
    from rich.console import Console  # noqa: PLC0415

    if not rows:
        print(empty)
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = ENDLESS
    if one_line:
        rows = [[first_line(str(cell)) for cell in row] for row in rows]
    whole = columns[:1] if typed is None else typed
    drawn = _drawn(columns, rows, one_line=one_line, wraps=wraps, typed=whole)
    with console.capture() as printed:
        console.print(drawn, crop=False)
    for line in printed.get().splitlines():
        print(line.rstrip())  # columns are filled up to the longest cell, the last one too


def following(
    look: Callable[[], tuple[Sequence[str], Sequence[Sequence[Any]]]], *, every: float, empty: str
) -> NoReturn:
    """A table that is made anew every so many seconds, in the same place, until ^C; for a program that reads along
    one below the other.
    """
    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    console = Console(highlight=False)
    while not console.is_terminal:
        columns, rows = look()
        table(columns, rows, empty=empty)
        sys.stdout.flush()
        time.sleep(every)
    with Live(console=console, auto_refresh=False) as live:
        while True:
            columns, rows = look()
            live.update(_drawn(columns, rows) if rows else empty, refresh=True)
            time.sleep(every)


def prose(text: str) -> None:
    """A sentence in full: a terminal breaks it between its words, a program has it on one line."""
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = ENDLESS
    console.print(Text(text))


def first_line(text: str) -> str:
    """The first line; one that ends with a colon leads to others, and the first of those comes along."""
    first, *more = [line.strip() for line in text.split("\n") if line.strip()] or [""]
    if not more or not first.endswith(":"):
        return first
    return f"{first} {more[0]}{f' ({len(more) - 1} more)' if more[1:] else ''}"


def _drawn(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    one_line: bool = False,
    wraps: bool = False,
    typed: Sequence[str] = (),
) -> Table:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for position, column in enumerate(columns):
        whole = column in typed
        widest = max(len(str(row[position])) for row in rows) if whole else None
        last = position == len(columns) - 1
        shown.add_column(column, no_wrap=whole or (one_line and not last), min_width=widest)
    whole_line: dict[str, Any] = {"no_wrap": True, "overflow": "ellipsis"}
    broken: dict[str, Any] = {"overflow": "fold"}
    how = [whole_line if one_line else broken] * len(columns)
    how[-1] = broken if wraps else how[-1]
    for row in rows:
        cells = zip(row, how, strict=True)
        shown.add_row(*(Text(str(cell), style=COLOURS.get(str(cell), ""), **cut) for cell, cut in cells))
    return shown


def ago(at: float | None) -> str:
    """How long ago, as people say it."""
    if at is None:
        return ""
    seconds = max(0.0, time.time() - at)
    if seconds < 60:
        return f"{seconds:.0f} s ago"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min ago"
    if seconds < 86400:
        return f"{seconds / 3600:.0f} h ago"
    return time.strftime("%-d %b", time.localtime(at))


def clock(at: float) -> str:
    """The moment, in the zone of this machine; with its day unless that is today."""
    moment = time.localtime(at)
    today = moment[:3] == time.localtime()[:3]
    return time.strftime("%H:%M:%S" if today else "%-d %b %H:%M:%S", moment)


def took(started: float | None, ended: float | None) -> str:
    """How long something took, or takes so far."""
    if started is None:
        return ""
    seconds = (ended or time.time()) - started
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} m {seconds % 60:02.0f} s"
