"""Packing a tree: the same content always becomes the same archive."""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from shipway.artifacts.archive import CHUNK, MOST_BYTES, MOST_ENTRIES, TooLarge, Unpackable


@dataclass(frozen=True)
class Packed:
    """`digest` is the archive's SHA-256 in hexadecimal, `size` its bytes, `entries` how much is in it."""

    digest: str
    size: int
    entries: int


def pack(tree: Path, archive: Path, *, left_out: Callable[[str], bool], mtime: float) -> Packed:
    """Writes what is below `tree` to a new file and syncs it; the same content always gives the same digest.

    Owners, times and every permission but "may be executed" stay behind: setuid bits do too. Every entry gets
    `mtime` (seconds since 1970). Sockets, pipes and devices are left out. Raises TooLarge and Unpackable.
    """
    entries = 0
    with archive.open("xb", buffering=CHUNK) as file:
        sink = _Sink(file)
        for name, status in _walk(tree, left_out):
            entries += _add(sink, tree, name, status, int(mtime))
            if entries > MOST_ENTRIES:
                raise TooLarge(f"the artifact would hold more than {MOST_ENTRIES:,} files")
        sink.write(bytes(2 * tarfile.BLOCKSIZE))
        file.flush()
        os.fsync(file.fileno())
    return Packed(sink.hash.hexdigest(), sink.size, entries)


class _Sink:
    """Where the archive goes: hashed and counted on the way, and stopped when it becomes too large."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > MOST_BYTES:
            raise TooLarge(f"the artifact would be larger than {MOST_BYTES >> 30} GiB")
        self.hash.update(data)
        self._file.write(data)


def _walk(tree: Path, left_out: Callable[[str], bool], below: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """Names relative to `tree`, each directory before what is in it."""
    with os.scandir(tree / below) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        name = below + entry.name
        if left_out(name):
            continue
        yield name, entry.stat(follow_symlinks=False)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(tree, left_out, name + "/")


def _add(sink: _Sink, tree: Path, name: str, status: os.stat_result, mtime: int) -> int:
    info = tarfile.TarInfo(name)
    info.mtime = mtime
    if stat.S_ISREG(status.st_mode):
        info.mode = 0o755 if status.st_mode & 0o111 else 0o644
        _add_file(sink, tree / name, info)
    elif stat.S_ISDIR(status.st_mode):
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        sink.write(_header(info))
    elif stat.S_ISLNK(status.st_mode):
        info.type, info.mode, info.linkname = tarfile.SYMTYPE, 0o777, os.readlink(tree / name)
        sink.write(_header(info))
    else:
        return 0
    return 1


def _add_file(sink: _Sink, path: Path, info: tarfile.TarInfo) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError as error:
        raise Unpackable(f"{info.name} cannot be read: its permissions forbid it") from error
    with open(descriptor, "rb", buffering=0) as content:
        info.size = left = os.fstat(descriptor).st_size
        if left > MOST_BYTES:
            raise TooLarge(f"{info.name} alone is larger than {MOST_BYTES >> 30} GiB")
        sink.write(_header(info))
        while left > 0:
            chunk = content.read(min(left, CHUNK))
            if not chunk:
                raise Unpackable(f"{info.name} changed while it was packed")
            sink.write(chunk)
            left -= len(chunk)
        sink.write(bytes(-info.size % tarfile.BLOCKSIZE))


def _header(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
