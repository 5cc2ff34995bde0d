"""The end of a log, as it is shown to whoever has to know why a step failed."""

from __future__ import annotations

import os
import re
from pathlib import Path

READ = 64 << 10  # bytes
WIDEST = 400  # characters
_COLOURS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def excerpt(directory: Path, lines: int = 20) -> str:
    """The last `lines` lines of `<directory>/log` that say something, as plain text; empty without a log.

    Of a progress bar only its last state is shown, and nothing of what would move a terminal's cursor.
    """
    shown = [_plain(line) for line in _end(directory / "log").split("\n")]
    return "\n".join([line for line in shown if line.strip()][-lines:])


def _end(log: Path) -> str:
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - READ))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def _plain(line: str) -> str:
    last = _COLOURS.sub("", line).rstrip().rpartition("\r")[2]
    text = _UNSEEN.sub("", last)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 3]}..."
