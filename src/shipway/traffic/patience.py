"""Waiting for something to become true."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(done: Callable[[], bool], within: float) -> bool:
    """Asks at once and then ever more slowly (2 to 50 ms); False when `within` seconds are over."""
    end, pause = time.monotonic() + within, 0.002
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    return True
