"""Threads that compare what is with what should be, for as long as the server runs."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

from shipway.artifacts import prune
from shipway.durable.engine import Engine
from shipway.errors import ShipwayError
from shipway.signals import instances
from shipway.story import conclude, tend
from shipway.story.cast import Cast
from shipway.story.retire import Retirement
from shipway.story.watch import Watch

log = logging.getLogger(__name__)

RUNS_AT_ONCE = max(2, os.cpu_count() or 2)
KEPT_PLANS = 7 * 24 * 3600.0  # seconds after which the engine forgets a plan; the record keeps the run


class Watchers:
    """Threads that compare what is with what should be: runs on every change, the rest each second or minute."""

    def __init__(self, cast: Cast, engine: Engine) -> None:
        self._cast = cast
        self._engine = engine
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._begin_runs, daemon=True, name="begin-runs"),
            threading.Thread(target=self._every, args=(1.0, self._keep), daemon=True, name="keep"),
            threading.Thread(target=self._every, args=(1.0, self._tend), daemon=True, name="tend"),
            threading.Thread(target=self._every, args=(1.0, Retirement(cast).look), daemon=True, name="retire"),
            threading.Thread(target=self._collect, daemon=True, name="collect"),
            threading.Thread(
                target=self._every,
                args=(instances.EVERY, cast.collector.instances.look),
                daemon=True,
                name="measure",
            ),
            threading.Thread(target=self._every, args=(0.5, Watch(cast).look), daemon=True, name="watch"),
            threading.Thread(target=self._every, args=(60.0, self._compare), daemon=True, name="compare"),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        deadline = time.monotonic() + 3.0
        for thread in self._threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))

    def _begin_runs(self) -> None:
        seen = -1
        while not self._stopping.is_set():
            seen = self._cast.database.wait(seen, timeout=1.0)
            self._guarded(lambda: tend.begin_runs(self._cast, self._engine, RUNS_AT_ONCE))

    def _every(self, seconds: float, act: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            self._guarded(act)
            self._stopping.wait(seconds)

    def _collect(self) -> None:
        """Alone in its thread: what the judge sees must not be old because somebody else is slow."""
        while not self._stopping.is_set():
            self._guarded(self._cast.collector.look)
            self._stopping.wait(self._cast.collector.pause())

    def _keep(self) -> None:
        """Alone in its thread: whatever the others wait for, they wait for the keeper and the router."""
        self._cast.machine.keeper.start()
        self._cast.proxy.start(self._cast.machine.keeper)

    def _tend(self) -> None:
        tend.restore(self._cast)
        conclude.settle(self._cast)

    def _compare(self) -> None:
        self._guarded(lambda: tend.compare_with_pushes(self._cast))
        self._guarded(lambda: tend.compare_with_engine(self._cast, self._engine))
        self._guarded(lambda: prune.prune(self._cast.database, self._cast.machine.places))
        self._guarded(lambda: self._engine.prune(KEPT_PLANS))

    def _guarded(self, act: Callable[[], object]) -> None:
        """A watcher outlives what it meets: it looks again soon, and the server's log has the reason."""
        try:
            act()
        except ShipwayError as error:
            log.warning("%s", error)
        except Exception:
            log.exception("a watcher met a defect")
