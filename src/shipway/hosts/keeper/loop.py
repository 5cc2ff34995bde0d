"""Waits for what happens next and calls who wants to know: descriptors that are ready, and points in time."""

from __future__ import annotations

import heapq
import selectors
import time
from collections.abc import Callable
from itertools import count

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE


class Timer:
    """A call in the future; `cancel` and it is not made."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call: Callable[[], None] | None = call

    def cancel(self) -> None:
        self._call = None

    def due(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call()


class Loop:
    """One thread, no waiting anywhere but here."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = count()
        self._going = True

    def watch(self, descriptor: int, events: int, call: Callable[[int], None]) -> None:
        """Calls `call(events)` whenever the descriptor is ready; again with other events to change them."""
        if descriptor in self._selector.get_map():
            self._selector.modify(descriptor, events, call)
        else:
            self._selector.register(descriptor, events, call)

    def unwatch(self, descriptor: int) -> None:
        if descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

    def after(self, seconds: float, call: Callable[[], None]) -> Timer:
        timer = Timer(call)
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._numbers), timer))
        return timer

    def run(self) -> None:
        """Until `end` is called."""
        while self._going:
            for key, events in self._selector.select(self._patience()):
                if self._selector.get_map().get(key.fd) is key:  # an earlier call may have ended this one
                    key.data(events)
            while self._timers and self._timers[0][0] <= time.monotonic():
                heapq.heappop(self._timers)[2].due()

    def end(self) -> None:
        self._going = False

    def _patience(self) -> float | None:
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None
