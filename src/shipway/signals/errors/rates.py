"""How much each application may report: a bucket that fills steadily and may be emptied at once."""

from __future__ import annotations

import math
import threading
import time

PER_SECOND = 40.0
AT_ONCE = 400.0


class Rates:
    """Counts by application, in memory: a restart gives everybody a full bucket. It is `times` as large."""

    def __init__(self, per_second: float = PER_SECOND, at_once: float = AT_ONCE, times: int = 1) -> None:
        self._per_second = per_second * times
        self._at_once = at_once * times
        self._left: dict[str, tuple[float, float]] = {}
        self._guard = threading.Lock()

    def take(self, application: str, weight: float = 1) -> int:
        """0 when one more may come, or so many; otherwise the whole seconds after which it may be tried again."""
        with self._guard:
            now = time.monotonic()
            left, then = self._left.get(application, (self._at_once, now))
            left = min(self._at_once, left + (now - then) * self._per_second)
            enough = left >= weight
            self._left[application] = (left - weight if enough else left, now)
        return 0 if enough else math.ceil(max(1.0, self._at_once / 4) / self._per_second)
