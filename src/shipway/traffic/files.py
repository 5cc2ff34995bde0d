"""Files that are there as a whole or not at all; with a spare beside them, which has room for the next change."""

from __future__ import annotations

import os
from pathlib import Path

from shipway.errors import is_full

ROOMY = 2  # times what was written last: a change adds a release or two


def replace(path: Path, content: str | bytes, *, durable: bool = False, spare: bool = False) -> None:
    """The whole file or the old one, never half of it; `durable` also after a loss of power. With a `spare`, where
    one is laid in, it can be replaced once on a disk on which not a byte is free.
    """
    data = content.encode() if isinstance(content, str) else content
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write(draft, data, durable=durable)
    except OSError as error:
        draft.unlink(missing_ok=True)
        draft = _spare(path)
        if not is_full(error) or not draft.exists():
            raise
        _write(draft, data, durable=durable)
    draft.replace(path)
    if durable:
        _sync_directory(path.parent)
    if spare:
        lay_in_spare(path)


def lay_in_spare(path: Path) -> bool:
    """Keeps room beside a file for its next change; whether there is any, as on a full disk there may be none."""
    spare, size = _spare(path), _size(path)
    if _size(spare) >= size:
        return True
    try:
        with open(os.open(spare, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            os.posix_fallocate(file.fileno(), 0, ROOMY * size)
    except OSError:
        return False
    return True


def _spare(path: Path) -> Path:
    return path.with_name(f".{path.name}.spare")


def _size(path: Path) -> int:
    """In bytes; of what is not there none."""
    return path.stat().st_size if path.exists() else 0


def _write(path: Path, data: bytes, *, durable: bool) -> None:
    """Over what is there: blocks that a file has are its own, also where there are no others."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        file.write(data)
        file.truncate()
        if durable:
            file.flush()
            os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
