"""What a busy minute leaves behind is given back to the machine."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Memory that was freed and that the C library keeps for later, tens of megabytes of it after many requests at
    once; does nothing where that library has no such call (musl, macOS)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
