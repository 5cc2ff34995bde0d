"""How much room is left on the disk of the data directory, and what is not taken in while that is little.

    less than LITTLE % free    reports of errors and telemetry are refused (503), and the owner is told, once
    and less than TIGHT bytes  nothing new is checked out or built either; what is under way is finished
    LITTLE + 1 % free again    the owner is told that it is over

Applications, rollbacks and what is deployed already need none of it. See also `ballast`.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from shipway.errors import DiskFull, TransientError
from shipway.state.ballast import PLENTY, SIZE

LITTLE = 5.0  # per cent of the disk (BARS R19)
AGAIN = LITTLE + 1.0  # per cent from which on there is room again: one that is just as full is not told of twice
TIGHT = PLENTY * SIZE  # bytes; a large disk has room for a build though hardly any of it is free
LATER = 30  # seconds after which a report may be sent again


class LittleRoom(TransientError):
    """The disk has too little room to take in what applications report; applications themselves go on."""

    id = "machine.little_room"
    actor = "owner"
    default_hint = "Make room on the disk that holds Shipway's data; it is taken again by itself then."


@dataclass(frozen=True)
class Room:
    """`free` and `total` bytes of a disk."""

    free: int
    total: int

    @property
    def percent(self) -> float:
        """What is free of 100."""
        return 100.0 * self.free / self.total if self.total else 0.0

    @property
    def is_little(self) -> bool:
        return self.percent < LITTLE

    @property
    def says(self) -> str:
        """`1.2 GB (3 %)`."""
        return f"{self.free / 1e9:.1f} GB ({int(self.percent)} %)"


def left(data: Path) -> Room:
    """The room that is left for the directory `data`. Raises OSError."""
    usage = shutil.disk_usage(data)
    return Room(usage.free, usage.total)


def check_for_reports(data: Path) -> None:
    """Raises LittleRoom when nothing that applications report is taken in."""
    room = left(data)
    if room.is_little:
        raise LittleRoom(f"Only {room.says} of the disk of Shipway's data are free, so nothing is taken in.")


def check_for_builds(data: Path) -> None:
    """Raises DiskFull when nothing new may be checked out and built."""
    room = left(data)
    if room.is_little and room.free < TIGHT:
        raise DiskFull(f"Only {room.says} of the disk of Shipway's data are free, so nothing new is built.")
