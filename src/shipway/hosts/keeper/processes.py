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


class Thread(NamedTuple):
    """`turns` says how often it gave up a CPU or lost it, and `ran` its time on one: both stand while it does."""

    state: str
    turns: tuple[bytes, ...]
    ran: tuple[bytes, ...]


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
    fields = _fields(text)
    return Process(pid, name, fields[0].decode(), int(fields[1]), int(fields[3]), int(fields[19]))


def thread(pid: int, name: str) -> Thread | None:
    """The thread of a process that is called so; None when it has none. See proc_pid_status(5)."""
    for folder in _threads(pid):
        if _read(f"{folder}/comm").strip() == name.encode():
            fields = _fields(_read(f"{folder}/stat"))
            turns = (line for line in _read(f"{folder}/status").splitlines() if b"_ctxt_switches" in line)
            return Thread(fields[0].decode(), tuple(turns), tuple(fields[11:13])) if fields else None
    return None


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
    except (ProcessLookupError, PermissionError):
        pass
    finally:
        os.close(descriptor)


def descendants(everybody: Mapping[int, Process], *, root: int | None, started: int | None) -> set[int]:
    """The process that has this number and began then, its session, and whoever descends from one of these."""
    first = everybody.get(root) if root is not None else None
    if first is not None and first.started != started:
        return set()  # somebody else has the number now, so nobody of its session is left
    session = {process.pid for process in everybody.values() if root in (process.pid, process.session)}
    return _with_children(everybody, session)


def family(everybody: Mapping[int, Process], *, root: int | None, started: int | None, mark: str) -> list[Process]:
    """Every living process of an instance: the descendants of its first one, all who carry its mark in their
    environment, and their descendants. A daemon that left parent and session behind is found so."""
    ours = descendants(everybody, root=root, started=started)
    ours |= {pid for pid in everybody if pid not in ours and mark_of(pid) == mark}
    ours = _with_children(everybody, ours) - {os.getpid()}
    return [everybody[pid] for pid in ours if everybody[pid].state not in "ZX" and _may_be_ended(pid)]


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
    _, found, rest = (b"\0" + _read(f"/proc/{pid}/environ")).partition(f"\0{MARK}=".encode())
    return rest.partition(b"\0")[0].decode(errors="replace") if found else None


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


def _threads(pid: int) -> list[str]:
    try:
        return [f"/proc/{pid}/task/{thread}" for thread in os.listdir(f"/proc/{pid}/task")]
    except OSError:  # it ended
        return []


def _fields(stat: bytes) -> list[bytes]:
    """What stands behind the name, which may hold anything."""
    return stat[stat.rfind(b")") + 2 :].split()


def _with_children(everybody: Mapping[int, Process], some: set[int]) -> set[int]:
    while more := {p.pid for p in everybody.values() if p.parent in some and p.pid not in some}:
        some = some | more
    return some


def _first_child(everybody: Mapping[int, Process], parent: int) -> Process | None:
    children = [process for process in everybody.values() if process.parent == parent]
    return min(children, key=lambda child: (child.started, child.pid), default=None)


def _may_be_ended(pid: int) -> bool:
    """False for one that is gone, and for one that became another user (sudo, say): it is not ours to wait for."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _read(path: str) -> bytes:
    """The whole file, by system calls alone: thousands of them are read at a time."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:  # it ended, or is somebody else's
        return b""
    try:
        text = b""
        while more := os.read(descriptor, 65536):
            text += more
        return text
    except OSError:
        return b""
    finally:
        os.close(descriptor)
