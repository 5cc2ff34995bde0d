"""Simulated deployments: requests that arrive and are dealt out by chance, and what production does to them."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import exp, log, pi, sin
from random import Random

from shipway.signals.judge import Judge, Reading
from shipway.traffic.tally import BOUNDS, Tally

Curve = Callable[[float], float]
"""Of the second since the new release began to serve; before, it is negative."""
PLACES = bytes(bisect_left(BOUNDS, milliseconds) for milliseconds in range(BOUNDS[-1] + 2))


def always(value: float) -> Curve:
    return lambda second: value


@dataclass(frozen=True)
class World:
    """What happens to a request, whichever release answers it."""

    rate: float
    """Requests a second."""
    failing: Curve = field(default_factory=lambda: always(0.0))
    """The share that fails."""
    run: int = 1
    """As many requests in a row fail when one does."""
    median: float = 40.0
    """Milliseconds."""
    spread: float = 1.0
    """Of the logarithm of durations; about 1 of 6 takes longer than e**spread times the median."""
    tail: float = 0.0
    """The share that takes up to a minute instead (a Pareto distribution that has no mean)."""
    slower: Curve = field(default_factory=lambda: always(1.0))
    fails_after: float = 1.0
    """How long a failed request takes, as a part of what it would have taken."""


@dataclass(frozen=True)
class Change:
    """What the new release does differently: nothing, if it is as good as the old one."""

    failing: float = 0.0
    """So many of the requests that would have succeeded fail (a share from 0 to 1)."""
    slower: float = 1.0
    cold: int = 0
    """As many first requests are ten times slower."""


@dataclass(frozen=True)
class Visit:
    """A request at a second, dealt to the new release or the old one; what of it is its visitor's own doing."""

    second: float
    new: bool
    failing: float = 0.0
    slower: float = 1.0


Visits = Callable[[World, "Moves", Random], Iterator[Visit]]


@dataclass(frozen=True)
class Moves:
    """The share (0 to 1) of the new release, for how many seconds, one after the other."""

    steps: Sequence[tuple[float, float]]
    before: float = 300.0
    every: float = 1.0
    """Seconds between two readings."""

    @property
    def length(self) -> float:
        return sum(seconds for _, seconds in self.steps)

    def share(self, second: float) -> float:
        if second < 0:
            return 0.0
        for share, seconds in self.steps:
            if second < seconds:
                return share
            second -= seconds
        return 0.0


class Counts:
    def __init__(self) -> None:
        self.failed = 0
        self.durations: list[int] | None = None

    def add(self, failed: bool, milliseconds: float) -> None:
        self.failed += failed
        if self.durations is None:
            self.durations = [0] * (len(BOUNDS) + 1)
        self.durations[PLACES[min(int(milliseconds), BOUNDS[-1] + 1)]] += 1

    def tally(self) -> Tally:
        if self.durations is None:
            return NOTHING
        return Tally((0, sum(self.durations) - self.failed, 0, 0, self.failed), tuple(self.durations))


NOTHING = Tally()


def one_by_one(world: World, moves: Moves, rng: Random) -> Iterator[Visit]:
    """Every request is dealt out by itself."""
    second = -moves.before
    while (second := second + rng.expovariate(world.rate)) < moves.length:
        yield Visit(second, rng.random() < moves.share(second))


def readings(
    world: World, change: Change, moves: Moves, rng: Random, visits: Visits = one_by_one
) -> Iterator[Reading]:
    """One deployment: first what is known of the old release, then the steps. A reading comes as soon as nothing
    more can end in it, so that whoever has a verdict is spared the requests after it.
    """
    before = [(Counts(), Counts()) for _ in range(int(moves.before / 10))]
    after = [(Counts(), Counts()) for _ in range(int(moves.length / moves.every))]
    coming = deque((10.0 * place - moves.before, 10.0, 0.0, slot) for place, slot in enumerate(before, 1))
    coming.extend(
        (moves.every * (place + 1), moves.every, moves.share(moves.every * place), slot)
        for place, slot in enumerate(after)
    )
    most = 0.0 if visits is one_by_one else 1.0  # as `story.evidence` has it where visitors stay
    served = running = 0
    for visit in visits(world, moves, rng):
        second, new = visit.second, visit.new
        while coming and coming[0][0] <= second:
            yield _read(*coming.popleft(), most)
        served += new
        if not running and rng.random() < world.failing(second) / world.run:
            running = world.run
        failed = running > 0 or (new and rng.random() < change.failing)
        failed = failed or (visit.failing > 0 and rng.random() < visit.failing)
        running = max(running - 1, 0)
        milliseconds = took(world, second, rng) * visit.slower
        if new:
            milliseconds *= change.slower * (10 if served <= change.cold else 1)
        if failed:
            milliseconds *= world.fails_after
        ends = second + milliseconds / 1000
        slots, slot = (before, int((ends + moves.before) / 10)) if ends < 0 else (after, int(ends / moves.every))
        if slot < len(slots):
            slots[slot][new].add(failed, milliseconds)
    for each in coming:
        yield _read(*each, most)


def _read(_until: float, seconds: float, share: float, slot: tuple[Counts, Counts], most: float) -> Reading:
    old, new = slot
    return Reading(seconds, share, old.tally(), new.tally(), most=most)


def took(world: World, second: float, rng: Random) -> float:
    if world.tail and rng.random() < world.tail:
        return world.median * float(rng.paretovariate(0.9))
    return world.median * exp(rng.gauss(0.0, world.spread)) * world.slower(second)


@dataclass(frozen=True)
class Outcome:
    """What became of a deployment: `at` counts seconds since the new release served, `seconds` those since its
    first request that failed, `failed` its requests that failed, all up to the verdict.
    """

    bad: bool
    what: str
    at: float
    seconds: float
    failed: int


def judged(deployment: Iterator[Reading], judge: Judge | None = None) -> Outcome:
    """Lets the real judge look at every reading until it calls the release bad."""
    judge = judge or Judge()
    second, failed, first = 0.0, 0, None
    for reading in deployment:
        judge.see(reading)
        if not reading.share:
            continue
        failed += reading.new.errors
        if first is None and reading.new.errors:
            first = second
        second += reading.seconds
        verdict = judge.verdict()
        if verdict.kind == "bad":
            return Outcome(True, verdict.findings[0].what, second, second - (first or 0.0), failed)
    return Outcome(False, "", second, second - (first or 0.0), failed)


# --- what production does without anybody having changed anything


def steady(rng: Random) -> World:
    return World(rate(rng), always(between(rng, 0.0005, 0.05)))


def quiet(rng: Random) -> World:
    return World(rate(rng), median=between(rng, 3, 300))


def heavy_tailed(rng: Random) -> World:
    return World(rate(rng), always(0.002), spread=rng.uniform(0.5, 2), tail=rng.uniform(0, 0.1))


def drifting(rng: Random) -> World:
    """Errors between 0.1 and 10 %, durations by a factor of 3 up and down, in the course of some minutes."""
    errors, durations = Wave(rng), Wave(rng)
    return World(
        rate(rng),
        lambda second: 0.1 * 0.01 ** errors(second),
        slower=lambda second: 3 ** (2 * durations(second) - 1),
    )


def bursty(rng: Random) -> World:
    """Every 10 to 60 seconds, for 1 to 10, between 20 and 100 % of all requests fail."""
    every, lasts, failing = rng.uniform(10, 60), rng.uniform(1, 10), rng.uniform(0.2, 1)
    return World(rate(rng), lambda second: failing if second % every < lasts else 0.002)


def in_runs(rng: Random) -> World:
    """Errors that cause each other: 3 to 30 requests in a row."""
    return World(rate(rng), always(between(rng, 0.005, 0.2)), run=rng.randint(3, 30))


def outage(rng: Random) -> World:
    """Once, for 5 to 60 seconds while both serve, everything fails."""
    begins, lasts = rng.uniform(0, 180), rng.uniform(5, 60)
    return World(rate(rng), lambda second: 1.0 if begins <= second < begins + lasts else 0.001)


def outage_later(rng: Random) -> World:
    """The same once the new release serves alone."""
    begins, lasts = rng.uniform(245, 350), rng.uniform(5, 60)
    return World(rate(rng), lambda second: 1.0 if begins <= second < begins + lasts else 0.001)


def slow_answers(rng: Random) -> World:
    """Requests take seconds, and fail at once."""
    return World(rate(rng), always(between(rng, 0.01, 0.3)), median=between(rng, 500, 5000), fails_after=0.01)


def slow_failures(rng: Random) -> World:
    """A request that fails does so after 15 seconds."""
    return World(rate(rng), always(between(rng, 0.005, 0.1)), fails_after=375)


def bad_before(rng: Random) -> World:
    """The old release fails as well."""
    return World(rate(rng), always(rng.uniform(0.3, 1)))


HARMLESS: dict[str, Callable[[Random], World]] = {
    "no errors": quiet,
    "steady errors": steady,
    "heavy-tailed durations": heavy_tailed,
    "drifting": drifting,
    "bursts of errors": bursty,
    "errors in runs": in_runs,
    "an outage": outage,
    "slow answers, fast failures": slow_answers,
    "slow failures": slow_failures,
    "bad before": bad_before,
}

UNTELLABLE: dict[str, Callable[[Random], World]] = {"an outage once it serves alone": outage_later}
"""Looks the same as a bad release to whoever has nothing beside it."""


class Wave:
    """Between 0 and 1, by chance."""

    def __init__(self, rng: Random) -> None:
        self._lasts, self._begins = rng.uniform(60, 600), rng.uniform(0, 600)

    def __call__(self, second: float) -> float:
        return (1 + sin(2 * pi * (second - self._begins) / self._lasts)) / 2


def between(rng: Random, least: float, most: float) -> float:
    return exp(rng.uniform(log(least), log(most)))


def rate(rng: Random) -> float:
    return between(rng, 0.1, 200)
