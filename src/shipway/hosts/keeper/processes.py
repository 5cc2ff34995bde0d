"""The processes of this machine as /proc shows them: who descends from whom, and whom a signal is for."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from typing import NamedTuple

MARK = "SHIPWAY_INSTANCE"


class Process(NamedTuple):
    """`started` is in clock ticks since boot: with `pid` it names a process for ever (until a reboot)."""

    pid: int
    name: str
    state: str
    parent: int
    session: int
    started: int


def scan() -> dict[int, Process]:
    """Every process there is, by pid."""
    found = (look(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return {process.pid: process for process in found if process is not None}


def look(pid: int) -> Process | None:
    """One process; None when there is none of that number. Fields as in proc_pid_stat(5)."""
    text = _read(f"/proc/{pid}/stat")
    if not text:
        return None
    name = text[text.index(b"(") + 1 : text.rindex(b")")].decode(errors="replace")
    fields = text[text.rindex(b")") + 2 :].split()
    return Process(pid, name, fields[0].decode(), int(fields[1]), int(fields[3]), int(fields[19]))


def hold(pid: int, started: int) -> int | None:
    """A pidfd of the process that has this number and began then; None when it is gone."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    process = look(pid)
    if process is None or process.started != started:
        os.close(descriptor)
        return None
    return descriptor


def send(process: Process, number: signal.Signals) -> None:
    """Sends a signal to this process and never to another one that got its number since."""
    descriptor = hold(process.pid, process.started)
    if descriptor is None:
        return
    try:
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        pass
    finally:
        os.close(descriptor)


def family(everybody: Mapping[int, Process], *, root: int | None, started: int | None, mark: str) -> list[Process]:
    """Every living process of an instance: its first one, that one's session, all who carry its mark in
    their environment, and whoever descends from one of these. A daemon that left its parent is found so."""
    first = everybody.get(root) if root is not None else None
    reused = first is not None and first.started != started
    ours = {
        process.pid
        for process in everybody.values()
        if (not reused and root in (process.pid, process.session)) or mark_of(process.pid) == mark
    }
    while more := {p.pid for p in everybody.values() if p.parent in ours and p.pid not in ours}:
        ours |= more
    ours.discard(os.getpid())
    return [everybody[pid] for pid in ours if everybody[pid].state not in "ZX"]


def application(everybody: Mapping[int, Process], root: int) -> Process | None:
    """The process a stop signal is for: under bubblewrap the child of its pid 1, otherwise the first one.

    bwrap forwards nothing, and neither does its own pid 1 inside the namespace. None while there is none.
    """
    process = everybody.get(root)
    for _ in range(2):
        if process is None or process.name != "bwrap":
            return process
        process = _first_child(everybody, process.pid)
    return process


def mark_of(pid: int) -> str | None:
    """What the keeper wrote into the environment of this process's instance, if it is one."""
    prefix = f"{MARK}=".encode()
    for line in _read(f"/proc/{pid}/environ").split(b"\0"):
        if line.startswith(prefix):
            return line[len(prefix) :].decode(errors="replace")
    return None


def sockets(pid: int) -> Iterator[int]:
    """The inodes of the sockets a process has open."""
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:  # it ended, or is somebody else's
        return
    for name in names:
        try:
            target = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
        if target.startswith("socket:["):
            yield int(target[8:-1])


def _first_child(everybody: Mapping[int, Process], parent: int) -> Process | None:
    children = [process for process in everybody.values() if process.parent == parent]
    return min(children, key=lambda child: child.started, default=None)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:  # it ended, or is somebody else's
        return b""
