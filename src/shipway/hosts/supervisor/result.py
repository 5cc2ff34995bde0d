"""The result of a step: there as a whole, or not there."""

from __future__ import annotations

import errno
import os
import time

FULL = (errno.ENOSPC, errno.EDQUOT)


def record(directory: str, code: int | None, how: str, started: float, ended: float) -> None:
    """Writes exit.json; waits while the disk is full, because a step without a result would be lost."""
    number = "null" if code is None else code
    text = f'{{"code": {number}, "how": "{how}", "started": {started}, "ended": {ended}}}\n'
    while True:
        try:
            write_durably(f"{directory}/exit.json.new", text)
            return os.rename(f"{directory}/exit.json.new", f"{directory}/exit.json")
        except OSError as error:
            if error.errno not in FULL:
                raise
            time.sleep(1)


def write_durably(path: str, text: str) -> None:
    """A file whose content is on the disk when this returns."""
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(opened, text.encode())
        os.fsync(opened)
    finally:
        os.close(opened)
