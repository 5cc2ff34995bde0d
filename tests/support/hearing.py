"""What Shipway hears of production in a `Scene`: what is so, or what a test says where nobody can cause it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from shipway.signals.reading import Reading, total
from shipway.story.cast import Cast
from shipway.traffic.tally import BOUNDS, Tally
from support.scene import Scene

BETWEEN = 0.25  # seconds between two looks

Says = Callable[[bool, int], Reading | None]
"""What is read of the new release (True) or the stable one at which look, from 0; None: nothing."""


def tally(good: int, bad: int = 0, *, took: int = 10) -> Tally:
    """So many requests with 200 and 500, each within `took` ms (one of BOUNDS)."""
    durations = [0] * (len(BOUNDS) + 1)
    durations[BOUNDS.index(took)] = good + bad
    return Tally((0, good, 0, 0, bad), tuple(durations))


def read(counted: Tally, *, seconds: float = 0.25, heard: bool = True) -> Reading:
    return Reading(0.0, seconds, "", counted, 0, heard)


@dataclass
class Hearsay:
    """Stands where the Collector does. A look is taken when a release is asked for again; looks are kept, as on
    the disk, so that a new cast hears them again.
    """

    stable: str
    says: Says
    looks: list[float] = field(default_factory=list)
    close: list[float] = field(default_factory=list)
    """When somebody began to decide over an environment."""
    hurried: list[float] = field(default_factory=list)
    _asked: set[str] = field(default_factory=set)

    def readings(self, release: str, since: float, until: float | None = None) -> list[Reading]:
        if not self._asked or release in self._asked:
            self._asked.clear()
            self.looks.append(time.time())
        self._asked.add(release)
        said = ((at, self.says(release != self.stable, number)) for number, at in enumerate(self.looks))
        return [
            Reading(at, one.seconds, release, one.tally, one.in_flight, one.heard)
            for at, one in said
            if one is not None and since < at <= (until or time.time())
        ]

    def tally(self, release: str, since: float, until: float | None = None) -> Tally:
        known = [at for at in self.looks if since < at]
        return total(self.readings(release, since, until)) if known else Tally()

    @contextmanager
    def closely(self, _application: str, _environment: str) -> Iterator[None]:
        self.close.append(time.time())
        yield

    def hurry(self) -> None:
        self.hurried.append(time.time())

    def wait(self, _seen: int, timeout: float) -> None:
        """A look is taken when it is asked for: there is none to wait for."""
        time.sleep(min(timeout, BETWEEN))


def hear(cast: Cast, hearsay: Hearsay) -> None:
    """From now on this cast hears nothing else."""
    object.__setattr__(cast, "collector", hearsay)


@contextmanager
def collecting(scene: Scene) -> Iterator[None]:
    """The real collector looks at the real routers, as the server has it do, whoever plays."""
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            collector = scene.cast.collector
            collector.look()
            collector.rest()

    thread = threading.Thread(target=look, name="collect")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def earlier(looks: Sequence[float]) -> list[float]:
    """Moments before now, so many seconds ago each."""
    return [time.time() - ago for ago in looks]
