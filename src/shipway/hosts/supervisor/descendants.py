"""Nothing that a step started is left when it is over."""

from __future__ import annotations

import ctypes
import os
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
SIGKILL, SIGSTOP = 9, 19
PATIENCE = 10.0  # seconds; only a process stuck in the kernel survives SIGKILL that long


def adopt_orphans() -> None:
    """From here on descendants whose parent dies become children of this process, and so can be found."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with(parent: int) -> None:
    """From here on this process is killed when `parent` dies; if that has happened already it ends now."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(127)


def reap(found: dict[int, int]) -> bool:
    """Notes in `found` how ended children ended, by pid; False when none is left, ended or not."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        found[pid] = status


def kill_all(found: dict[int, int]) -> None:
    """Kills every descendant, and returns when they are gone.

    All are stopped before any is killed: a fork bomb would otherwise refill what the killing empties.
    """
    until = time.monotonic() + PATIENCE
    while reap(found) and time.monotonic() < until:
        stopped: set[int] = set()
        while fresh := descendants() - stopped:
            for pid in fresh:
                _send(pid, SIGSTOP)
            stopped |= fresh
        for pid in stopped:
            _send(pid, SIGKILL)
        time.sleep(0.002)


def descendants() -> set[int]:
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            children.setdefault(_parent(name), []).append(int(name))
    found, unseen = set(), [os.getpid()]
    while unseen:
        below = children.get(unseen.pop(), [])
        found.update(below)
        unseen += below
    return found


def _parent(pid: str) -> int:
    """-1 for a process that is gone, or dead and only waits to be reaped."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state, parent = file.read().rpartition(b")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return -1
    return -1 if state == b"Z" else int(parent)


def _send(pid: int, signal: int) -> None:
    try:
        os.kill(pid, signal)
    except ProcessLookupError:
        return
