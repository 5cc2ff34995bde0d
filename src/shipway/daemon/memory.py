"""The server takes little memory, and what a busy minute leaves behind is given back to the machine.

Both by calls of glibc; elsewhere (musl, macOS) they do nothing. What stays for good is not searched for garbage.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
from collections.abc import Iterator

ARENA_MAX = -8  # M_ARENA_MAX of malloc.h
ARENAS = 2


def spare() -> None:
    """Before the first thread: threads share two places to allocate from instead of having one each, mostly empty.

    Python's own lock keeps them from waiting for each other there.
    """
    _call("mallopt", ARENA_MAX, ARENAS)


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """While modules are loaded nothing is searched for garbage, and what they are made of never is: it would take
    a fifth of the processor's time that a start takes.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def give_back() -> None:
    """What was freed and the C library keeps for later: tens of megabytes after many requests at once."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    function = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function(*arguments)
