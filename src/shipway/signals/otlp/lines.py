"""The lines that instances send, beside those that they print: in an environment's directory of logs.

A log is `<application>.<environment>.r<number>.<process>.<position>.otlp.log`: each line is the moment at which it
came (UTC, to the microsecond, later than that of the line before), a space, and an object of JSON. The file before
it has `.000001` behind its name.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shipway.config.places import Places
from shipway.hosts.keeper.segments import Stamps

LARGEST = 4 * 1024 * 1024  # bytes of one file
ALL = 128 * 1024 * 1024  # bytes of all that an environment has
KIND = ".otlp.log"


class Lines:
    """Writes them, from many threads."""

    def __init__(self, places: Places, largest: int = LARGEST, most: int = ALL) -> None:
        self._places = places
        self._largest = largest
        self._most = most
        self._stamps: dict[Path, Stamps] = {}
        self._guard = threading.Lock()

    def append(self, application: str, environment: str, log: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """Adds lines to a log (`topup.prod.r3.web.1`); when its file would become too large, that becomes the one
        before. The oldest files of all go when they are too much. Raises OSError.
        """
        folder = self._places.environment(application, environment) / "logs"
        path = folder / f"{log}{KIND}"
        with self._guard:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            text = self._stamped(path, lines)
            size = _size(path)
            if size and size + len(text) > self._largest:
                os.replace(path, path.with_name(f"{path.name}.000001"))
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "wb") as opened:
                opened.write(text)
            if not size or size + len(text) > self._largest:
                self._tidy(folder)

    def _stamped(self, path: Path, lines: Sequence[Mapping[str, Any]]) -> bytes:
        if path not in self._stamps:
            self._stamps[path] = Stamps.after(str(path))
        stamps, now = self._stamps[path], time.time_ns() // 1000
        told = (json.dumps(line, ensure_ascii=False).encode(errors="replace") for line in lines)
        return b"".join(b"%s%s\n" % (stamps.next(now), line) for line in told)

    def _tidy(self, folder: Path) -> None:
        taken = 0
        for file in sorted(folder.glob(f"*{KIND}*"), key=_written, reverse=True):
            taken += _size(file)
            if taken > self._most:
                file.unlink(missing_ok=True)


def _written(file: Path) -> int:
    """In nanoseconds; 0 when it is not there: a keeper removes files of this directory as well."""
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
