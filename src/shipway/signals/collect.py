"""Looks at the routers again and again, and keeps what each release answered in between."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby
from typing import Protocol

from shipway.config.places import Places
from shipway.signals.difference import Difference
from shipway.signals.history import History
from shipway.signals.instances import Instances, Keeper
from shipway.signals.lately import Lately
from shipway.signals.reading import Reading, total
from shipway.traffic.counts import Count
from shipway.traffic.desired import owner
from shipway.traffic.tally import Tally

EVERY = 1.0
CLOSELY = 0.25
HURRIED, HURRY = 0.1, 2.0  # seconds between two looks, and for how long, where the next may decide


class Routers(Protocol):
    """What is looked at: the Proxy."""

    def count(self) -> Sequence[Count]: ...
    def releases(self) -> Sequence[str]: ...


class Collector:
    """The signals of one installation: of each release from the routers, of each instance from its machine.

    `look` is for one thread, everything else for any.
    """

    def __init__(self, places: Places, routers: Routers, keeper: Keeper) -> None:
        self.instances = Instances(keeper)
        self._places = places
        self._routers = routers
        self._difference = Difference()
        self._histories: dict[str, History] = {}
        self._totals: Mapping[str, Tally] = {}
        self._latest: Mapping[str, Reading] = {}
        self._lately: Mapping[str, Lately] = {}
        self._close: dict[str, int] = {}
        self._guard = threading.Lock()
        self._looked = self._hurried = -math.inf
        self._looks = 0
        self._changed = threading.Condition()

    def look(self) -> list[Reading]:
        """One look: a reading of each release since the look before; none at the first.

        Raises OSError when those of an environment cannot be kept: who asks for them later is told of none.
        """
        self._looked = time.monotonic()
        counts = self._routers.count()
        at = math.floor(time.time() * 1000) / 1000  # as exact as it is kept
        readings = self._difference.take(counts, self._routers.releases(), at, time.monotonic())
        self._latest = {reading.release: reading for reading in readings}
        self._totals = {one.release: self._totals.get(one.release, Tally()) + one.tally for one in readings}
        self._lately = {
            environment: self._lately.get(environment, Lately()).after(some, at)
            for environment, some in groupby(readings, _environment)
        }
        try:
            self._keep(readings)
        finally:
            with self._changed:
                self._looks += 1
                self._changed.notify_all()
        return readings

    @property
    def looks(self) -> int:
        """How many were kept."""
        with self._changed:
            return self._looks

    def wait(self, seen: int, timeout: float) -> None:
        """Waits until more than `seen` looks were kept, at most `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._looks > seen, timeout)

    def rest(self) -> None:
        """Waits until the next look is due: sooner than it was, if somebody begins to decide meanwhile."""
        with self._changed:
            while (left := self.pause()) > 0:
                self._changed.wait(left)

    def pause(self) -> float:
        """Seconds until the next look is due: a second after the one before, or less where it matters."""
        now = time.monotonic()
        length = HURRIED if now < self._hurried else CLOSELY if self._close else EVERY
        return max(0.0, self._looked + length - now)

    def hurry(self) -> None:
        """Looks ten times a second for a moment: for who decides the next reading may be enough."""
        with self._changed:
            self._hurried = time.monotonic() + HURRY
            self._changed.notify_all()

    @contextmanager
    def closely(self, application: str, environment: str) -> Iterator[None]:
        """Looks four times a second while somebody decides over this environment.

        At all of them, for a router tells of all its releases in one answer.
        """
        name = f"{application}.{environment}"
        with self._guard:
            self._close[name] = self._close.get(name, 0) + 1
        with self._changed:
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._guard:
                self._close[name] -= 1
                if not self._close[name]:
                    del self._close[name]

    @property
    def is_close(self) -> bool:
        """Whether somebody decides over any environment at this moment."""
        return bool(self._close)

    def readings(self, release: str, since: float, until: float | None = None) -> list[Reading]:
        """What was read of a release, oldest first: whatever ended after `since` and not after `until` (now), in
        unix seconds. One look each for the last quarter of an hour at least, 10 s and then a minute earlier.

        It is read from the disk: who follows a release asks for what came after the reading they have.
        """
        until = time.time() if until is None else until
        return self._history(owner(release)).readings(release, since, until)

    def tally(self, release: str, since: float, until: float | None = None) -> Tally:
        """All that a release answered between two moments."""
        return total(self.readings(release, since, until))

    def latest(self) -> Mapping[str, Reading]:
        """The newest reading of every release that the routers have."""
        return self._latest

    def lately(self) -> Mapping[str, Lately]:
        """The last seconds of every environment (`topup.prod`) that the routers have."""
        return self._lately

    def totals(self) -> Mapping[str, Tally]:
        """What each of them has answered since this collector was made; never less than before."""
        return self._totals

    def history(self, application: str, environment: str) -> History:
        """Everything that is kept of an environment."""
        return self._history(f"{application}.{environment}")

    def _keep(self, readings: Sequence[Reading]) -> None:
        """Of every environment, also when one of them raises."""
        with ExitStack() as kept:
            for environment, some in groupby(readings, _environment):
                kept.callback(self._history(environment).add, list(some))

    def _history(self, environment: str) -> History:
        with self._guard:
            if environment not in self._histories:
                directory = self._places.environment(*environment.split(".")) / "signals"
                self._histories[environment] = History(environment, directory)
            return self._histories[environment]


def _environment(reading: Reading) -> str:
    return owner(reading.release)
