"""The newest records of something, in at most so many bytes."""

from __future__ import annotations

import os
import struct
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

_LENGTH = struct.Struct("<H")
_AROUND = struct.Struct("<IH")  # behind a record: what it adds up to, and its length again
LONGEST = 0xFFFF
SEED = 0x51674E41  # so that zeros, as a loss of power leaves them, are no records


class Ring:
    """Two files of at most `limit` bytes each: one that grows, and the one before it, dropped when the other is
    full. Time plays no part in it, so a clock that jumps costs no record and no byte more.

    A record carries its length on both sides and a checksum. One that is torn, by a loss of power or a full disk,
    is where reading ends, and is cut off before the next is written. For one process, any number of threads.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._before = path.with_name(f"{path.name}.before")
        self._limit = limit
        self._lock = threading.Lock()
        self._size: int | None = None  # of the one that grows; None until it was looked at

    def append(self, records: Sequence[bytes]) -> None:
        """All of them in one write. Raises OSError; what was written of them then is torn."""
        text = b"".join(_framed(record) for record in records)
        if not text:
            return
        if len(text) > self._limit:
            raise ValueError(f"{len(text)} bytes do not fit into {self._limit}")
        with self._lock:
            size = self._mended()
            if size + len(text) > self._limit:
                os.replace(self._path, self._before)
                size = 0
            self._size = None
            self._write(text)
            self._size = size + len(text)

    def newest_first(self) -> Iterator[bytes]:
        """Every whole record, from the last one back, as they are at this moment."""
        with ExitStack() as opened:
            with self._lock:
                self._size = self._mended()
                files = [opened.enter_context(path.open("rb")) for path in self._there()]
            for file in files:
                text = file.read()
                end = len(text)
                while end:
                    record, end = _before(text, end)
                    if record is None:
                        break
                    yield record

    def _there(self) -> Iterator[Path]:
        return (path for path in (self._path, self._before) if path.exists())

    def _mended(self) -> int:
        """The size of the file that grows, without what is torn at its end."""
        if self._size is None:
            text = _content(self._path)
            self._size = _whole(text)
            if self._size < len(text):
                os.truncate(self._path, self._size)
        return self._size

    def _write(self, text: bytes) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            written = os.write(handle, text)
            if written < len(text):
                raise OSError(f"only {written} of {len(text)} bytes could be written to {self._path}")
        finally:
            os.close(handle)


def _framed(record: bytes) -> bytes:
    if len(record) > LONGEST:
        raise ValueError(f"a record has {LONGEST} bytes at most, not {len(record)}")
    length = len(record)
    return b"".join((_LENGTH.pack(length), record, _AROUND.pack(zlib.crc32(record, SEED), length)))


def _before(text: bytes, end: int) -> tuple[bytes | None, int]:
    """The record that ends there, and where the one before it ends; None for one that is not whole."""
    behind = end - _AROUND.size
    if behind < 0:
        return None, 0
    checksum, length = _AROUND.unpack_from(text, behind)
    start = behind - length
    if start < _LENGTH.size or zlib.crc32(text[start:behind], SEED) != checksum:
        return None, 0
    return text[start:behind], start - _LENGTH.size


def _whole(text: bytes) -> int:
    """How many bytes from the beginning are whole records."""
    at = 0
    while at + _LENGTH.size <= len(text):
        (length,) = _LENGTH.unpack_from(text, at)
        end = at + _LENGTH.size + length + _AROUND.size
        if end > len(text) or _before(text, end)[0] is None:
            break
        at = end
    return at


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
