"""What a supervisor that was killed has left running.

Under bubblewrap that is nothing, but for the first milliseconds, in which no signal of its death is asked
for yet; in lesser tiers it is whatever does not die with its parent.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

PATIENCE = 5.0  # seconds


def kill_survivors(mark: Mapping[str, str]) -> None:
    """Kills every process with `mark` in the environment it was started with, until there is none."""
    until = time.monotonic() + PATIENCE
    wanted = [f"{name}={value}".encode() for name, value in mark.items()]
    while (found := list(_marked(wanted))) and time.monotonic() < until:
        for pid in found:
            _kill(pid)
        time.sleep(0.005)


def _marked(wanted: list[bytes]) -> Iterator[int]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if set(wanted) <= set((process / "environ").read_bytes().split(b"\0")):
                yield int(process.name)
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue  # gone, or somebody else's


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
