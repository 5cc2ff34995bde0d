"""Which process carries a push, so that one that is gone is told from one that may yet move the ref."""

from __future__ import annotations

from pathlib import Path

_PROC = Path("/proc")


def identity(pid: int) -> str:
    """Names the process with this pid for good: with its start and the boot, for pids are used again."""
    boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}/{pid}/{_start(pid)}"


def lives(process: str) -> bool:
    """Whether the process of this identity still runs."""
    try:
        return identity(int(process.split("/")[1])) == process
    except (OSError, IndexError):
        return False


def _start(pid: int) -> str:
    """When it was started, in clock ticks since the boot: field 22 of proc(5), 20th after the name's `)`."""
    fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    if fields[0] == "Z":
        raise ProcessLookupError(pid)
    return fields[19]
