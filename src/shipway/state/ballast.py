"""Room kept back on the disk of the data directory, and freed when it is full: so that going back still works."""

from __future__ import annotations

import logging
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

SIZE = 64 << 20
PLENTY = 16
"""So many times its size must be free before it is laid in; when less than an eighth of it is, it goes."""


@dataclass(frozen=True)
class Ballast:
    """A file of `size` bytes in the directory `data`. Safe to use by several threads and processes."""

    data: Path
    size: int = SIZE

    @property
    def path(self) -> Path:
        return self.data / "ballast"

    def keep(self) -> None:
        """Lays it in where there is plenty of room, and frees it where there is next to none."""
        free = shutil.disk_usage(self.data).free
        if free < self.size // 8:
            self.free()
        elif free >= PLENTY * self.size and not self.path.exists():
            self._lay_in()

    def free(self) -> bool:
        """Whether there was any."""
        try:
            self.path.unlink()
        except OSError:
            return False
        log.warning("the disk of %s is full: the %d MiB kept back for that are freed", self.data, self.size >> 20)
        return True

    def _lay_in(self) -> None:
        draft = self.path.with_name(f".ballast.{os.getpid()}")
        try:
            with draft.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self.size)
            draft.replace(self.path)
        except OSError as error:
            log.warning("no room could be kept back: %s", error)
            with suppress(OSError):
                draft.unlink()
