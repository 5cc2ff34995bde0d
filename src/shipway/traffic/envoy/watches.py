"""How many more files Envoy may watch: each takes an inotify instance, of which Linux gives a user 128.

Envoy ends itself when it gets none (an assertion), and again at each start: it must never be asked to.
"""

from __future__ import annotations

import ctypes
import os

RESERVE = 8


def left() -> bool:
    """Whether this user may have another inotify instance, and a few more for everybody else."""
    libc = ctypes.CDLL(None, use_errno=True)
    tried: list[int] = [libc.inotify_init1(os.O_CLOEXEC) for _ in range(RESERVE + 1)]
    for instance in tried:
        if instance >= 0:
            os.close(instance)
    return min(tried) >= 0
