"""The newest deployment each group has seen: an older one that is still alive somewhere changes nothing."""

from __future__ import annotations

import os
from pathlib import Path

from shipway.hosts.keeper.spec import Refused


class Epochs:
    """One small file per group. Only the keeper writes them, and there is one keeper (its lock)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def highest(self, group: str) -> int:
        """The highest epoch seen by this group; 0 when it has seen none."""
        try:
            return int((self._folder / group).read_text())
        except FileNotFoundError:
            return 0
        except ValueError:
            raise Refused("epoch_unreadable", f"{self._folder / group} does not hold a number") from None

    def take(self, group: str, epoch: int) -> None:
        """From now on this group refuses everything older than `epoch`, also after a loss of power."""
        highest = self.highest(group)
        if epoch < highest:
            raise Refused("stale_epoch", f"{group} has seen epoch {highest}; {epoch} is older")
        if epoch > highest:
            self._write(group, epoch)

    def _write(self, group: str, epoch: int) -> None:
        draft = self._folder / f".{group}"
        with open(draft, "w", encoding="ascii") as file:
            file.write(f"{epoch}\n")
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._folder / group)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
