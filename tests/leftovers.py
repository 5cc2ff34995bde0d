"""Which processes the tests left behind: whoever has a command, a directory or a file under given places.

Daemons leave their parent on purpose, so descent says nothing; what everything of Shipway has in common is
the data or runtime directory it was started with, and those lie under the session's own temporary ones.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

PROC = Path("/proc")


def _stat(process: Path) -> tuple[str, int]:
    """Its state, and when it started in clock ticks after boot: fields 3 and 22 of proc_pid_stat(5)."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return fields[0], int(fields[19])


def _touched(process: Path) -> Iterator[str]:
    """What ties a process to a place: its arguments, its working directory, its open files."""
    yield from (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    yield os.readlink(process / "cwd")
    for descriptor in (process / "fd").iterdir():
        yield os.readlink(descriptor)


def _command(process: Path, places: Sequence[Path], since: int) -> str | None:
    """Its command when it lives, is younger than the test runner and has to do with `places`."""
    try:
        state, started = _stat(process)
        if state == "Z" or started <= since:
            return None
        if not any(f"{place}/" in f"{touched}/" for touched in _touched(process) for place in places):
            return None
        command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        return command or (process / "comm").read_text()
    except OSError:  # it ended meanwhile, or is another user's
        return None


def left(places: Sequence[Path]) -> dict[int, str]:
    """The living processes that have to do with `places`: pid and command."""
    since = _stat(PROC / "self")[1]
    found = {int(process.name): _command(process, places, since) for process in PROC.glob("[0-9]*")}
    return {pid: command[:300] for pid, command in found.items() if command}


def end(places: Sequence[Path], patience: float = 30.0) -> dict[int, str]:
    """Waits until `places` are left alone; kills and returns what is still there after `patience` seconds."""
    deadline = time.monotonic() + patience
    while (found := left(places)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return found
