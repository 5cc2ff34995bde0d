"""Giving back the memory of what was read from a file, while others go on writing at its end."""

from __future__ import annotations

import ctypes
import os

KEEP_SIZE, PUNCH_HOLE = 1, 2  # linux/falloc.h


def free(descriptor: int, until: int) -> None:
    """Gives back what the first `until` bytes take; the size stays, so that writers go on where they were.

    Python has no name for fallocate(2). Where a file system cannot do it, the memory is given back when all was
    read, by making the file empty.
    """
    if _fallocate(descriptor, PUNCH_HOLE | KEEP_SIZE, 0, until) != 0 and os.fstat(descriptor).st_size == until:
        os.ftruncate(descriptor, 0)


def first(descriptor: int) -> int:
    """Where that begins which was not given back; whole pages are told exactly, in the first zeros are skipped."""
    try:
        at = os.lseek(descriptor, 0, os.SEEK_DATA)
    except OSError:  # there is none
        return os.fstat(descriptor).st_size
    page = os.pread(descriptor, os.sysconf("SC_PAGESIZE"), at)
    return at + len(page) - len(page.lstrip(b"\0"))


def _fallocate(descriptor: int, mode: int, start: int, length: int) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    call = getattr(libc, "fallocate64", None) or libc.fallocate
    call.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    return int(call(descriptor, mode, start, length))
