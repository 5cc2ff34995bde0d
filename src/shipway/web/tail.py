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
