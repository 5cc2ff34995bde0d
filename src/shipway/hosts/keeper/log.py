"""Logs: the keeper's own lines, and the files instances write into, which must not fill the disk."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time

LARGEST = 16 * 1024 * 1024
FULL = (errno.ENOSPC, errno.EDQUOT)


def say(line: str) -> None:
    """A line in keeper.log (which is this process's standard error); lost when the disk is full."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with contextlib.suppress(OSError):
        print(stamp, line, file=sys.stderr, flush=True)


def open_log(path: str) -> int:
    """A descriptor that appends to the log at `path`; its directory is made when it is not there.

    On a full disk it leads nowhere: an instance without a log serves, one that was not started does not.
    """
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as problem:
        if problem.errno not in FULL:
            raise
        say(f"{path} is not written: {problem}")
        return os.open(os.devnull, os.O_WRONLY)


def rotate(path: str) -> None:
    """Copies a log that has grown beyond 16 MiB to `<path>.1` and empties it.

    Those who write into it keep their descriptor, so the file itself stays. When there is no room for the
    copy it is emptied all the same: a full disk is worse than a lost log.
    """
    try:
        log = os.open(path, os.O_RDWR)
    except OSError:  # nothing was written yet
        return
    try:
        size = os.fstat(log).st_size
        if size > LARGEST:
            _copy(log, f"{path}.1", size)
            os.ftruncate(log, 0)
    except OSError as problem:
        say(f"{path} cannot be emptied: {problem}")
    finally:
        os.close(log)


def _copy(log: int, path: str, size: int) -> None:
    """The last 16 MiB: a log that grew by gigabytes since the last look must not stop the keeper."""
    try:
        copy = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            offset = size - LARGEST
            while sent := os.sendfile(copy, log, offset, LARGEST):
                offset += sent
        finally:
            os.close(copy)
    except OSError as problem:
        say(f"{path} is not complete: {problem}")
