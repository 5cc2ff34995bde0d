"""Who runs a step: written once, never taken back."""

from __future__ import annotations

import os
import time

from shipway.hosts.supervisor.result import write_durably


def claim(directory: str) -> bool:
    """Takes the step for this process, durably; False when it was taken before.

    A link to a finished file, not a file created exclusively and then written: after a crash in between, an
    empty claim would say that somebody runs the step, and not who.
    """
    mine = f"{directory}/claim.{os.getpid()}.{time.monotonic_ns()}"
    write_durably(
        mine,
        f'{{"pid": {os.getpid()}, "start_time": {start_time(os.getpid())}, '
        f'"boot": "{boot()}", "started": {time.time()}}}\n',
    )
    try:
        os.link(mine, f"{directory}/claim")
    except FileExistsError:
        return False
    finally:
        os.unlink(mine)
    sync_directory(directory)
    return True


def mark(pid: int, started: int) -> dict[str, str]:
    """What everything that a supervisor starts has in its environment, to be found by if it is killed."""
    return {"SHIPWAY_SUPERVISOR": f"{pid}.{started}"}


def sync_directory(directory: str) -> None:
    opened = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def start_time(pid: int) -> int:
    """In clock ticks since boot: with the number and the boot it names a process for ever. 0: no such one."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 0 if fields[0] in (b"Z", b"X") else int(fields[19])


def boot() -> str:
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()
