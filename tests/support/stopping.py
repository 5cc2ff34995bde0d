"""A thread of some process, stopped by the kernel as a debugger would; the others go on."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SEIZE, INTERRUPT = 0x4206, 0x4207  # linux/ptrace.h
ALL = 0x40000000  # __WALL: threads too


@contextmanager
def stopped(pid: int, name: str) -> Iterator[None]:
    """Stops the thread called `name` until the end of the block, where the process must be dead."""
    (thread,) = [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir() if _name(task) == name]
    for request in (SEIZE, INTERRUPT):
        _ptrace(request, thread)
    os.waitpid(thread, ALL)
    yield
    with suppress(ChildProcessError):  # who stopped it hears of its end, before anybody else does
        while not os.WIFSIGNALED(os.waitpid(thread, ALL)[1]):
            pass


def _name(task: Path) -> str:
    return (task / "comm").read_text().strip()


def _ptrace(request: int, thread: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(request, thread, None, None) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace of thread {thread}")
