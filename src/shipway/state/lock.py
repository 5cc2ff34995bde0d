"""Who keeps the record locked, as the kernel tells it."""

from __future__ import annotations

import os
from pathlib import Path

LOCKS = Path("/proc/locks")
WRITES = 120  # the byte of SQLite's shared memory that whoever writes has locked (walformat.html)


def keeper(record: Path) -> str:
    """Whoever keeps it: `process 4711 (sqlite3)`; just `another process` where that is not told."""
    pid = _pid(record)
    if pid is None or pid <= 0:  # of another namespace
        return "another process"
    return "Shipway itself" if pid == os.getpid() else f"process {pid}{_called(pid)}"


def by_another(record: Path) -> bool:
    """Whether another process is known to keep it at this moment."""
    return _pid(record) not in (None, os.getpid())


def _pid(record: Path) -> int | None:
    try:
        shared = record.with_name(f"{record.name}-shm").stat().st_ino
        lines = LOCKS.read_text().splitlines()
    except OSError:
        return None
    found = (pid for pid, inode, begins, ends in map(_lock, lines) if inode == shared and begins <= WRITES <= ends)
    return next(found, None)


def _lock(line: str) -> tuple[int, int, float, float]:
    """Of `1: POSIX  ADVISORY  WRITE 4711 fe:01:1234 120 120`; of one that only waits for it, or reads, nothing."""
    words = line.split()
    if len(words) != 8 or words[1:4:2] != ["POSIX", "WRITE"]:
        return 0, 0, 0, 0
    ends = float("inf") if words[7] == "EOF" else float(words[7])
    return int(words[4]), int(words[5].rpartition(":")[2]), float(words[6]), ends


def _called(pid: int) -> str:
    try:
        return f" ({Path(f'/proc/{pid}/comm').read_text().strip()})"
    except OSError:
        return ""
