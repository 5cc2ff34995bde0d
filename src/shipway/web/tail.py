"""Reading a file that somebody else is writing."""

from __future__ import annotations

from pathlib import Path

PAUSE = 0.2
PIECE = 64 * 1024


def read(path: Path, offset: int, limit: int) -> bytes:
    """At most `limit` bytes from `offset` on; nothing while there is no such file."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(limit)
    except FileNotFoundError:
        return b""


def size(path: Path) -> int:
    """Bytes written so far."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def start_of_last(path: Path, lines: int) -> int:
    """The offset at which the last `lines` lines begin."""
    end = size(path)
    position, found = end, b""
    while position > 0 and found.count(b"\n") <= lines:
        step = min(PIECE, position)
        position -= step
        found = read(path, position, step) + found
    kept = found.splitlines(keepends=True)[-lines:] if lines else []
    return end - sum(len(line) for line in kept)
