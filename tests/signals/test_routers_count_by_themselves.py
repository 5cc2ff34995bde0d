"""From counts since each router began to what happened between two looks: nothing twice, nothing negative."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from shipway.signals.difference import Difference
from shipway.signals.reading import Reading
from shipway.traffic.counts import Count, Counted
from shipway.traffic.tally import BOUNDS, Tally

RELEASE = "shop.prod.r1"


def tally(good: int, bad: int = 0) -> Tally:
    """Good ones take between 5 and 6 ms, bad ones have no duration."""
    durations = tuple(good if bound == 6 else 0 for bound in (*BOUNDS, 0))
    return Tally((0, good, 0, 0, bad), durations)


@dataclass
class Envoy:
    """A router made up: it counts, is silent, dies, and begins anew."""

    name: str
    starts: int = 1
    state: str = "answered"
    counted: dict[str, Tally] = field(default_factory=lambda: {RELEASE: Tally()})

    def serve(self, good: int, bad: int = 0, release: str = RELEASE) -> None:
        self.counted[release] = self.counted.get(release, Tally()) + tally(good, bad)

    def restart(self) -> None:
        self.starts += 1
        self.state = "answered"
        self.counted = dict.fromkeys(self.counted, Tally())

    def count(self) -> Count:
        if self.state != "answered":
            return Count(self.name, self.state)
        counted = {release: Counted(tally, 2) for release, tally in self.counted.items()}
        return Count(self.name, "answered", str(self.starts), counted)


class Looks:
    """Both routers looked at, a second apart."""

    def __init__(self) -> None:
        self.one, self.other = Envoy("router-1"), Envoy("router-2")
        self.difference = Difference()
        self.now = 0.0
        assert self.all() == []

    def all(self, *expected: str) -> list[Reading]:
        self.now += 1.0
        counts = [self.one.count(), self.other.count()]
        return self.difference.take(counts, expected or (RELEASE,), 1e9 + self.now, self.now)

    def look(self) -> Reading:
        (reading,) = self.all()
        return reading


def test_what_was_counted_before_the_first_look_belongs_to_no_interval() -> None:
    one = Envoy("router-1")
    one.serve(1000)
    difference = Difference()
    assert difference.take([one.count()], [RELEASE], 1e9, 0.0) == []
    one.serve(3)
    (reading,) = difference.take([one.count()], [RELEASE], 1e9 + 1, 1.0)
    assert (reading.tally, reading.seconds, reading.heard) == (tally(3), 1.0, True)


def test_both_routers_are_added_up() -> None:
    looks = Looks()
    looks.one.serve(3, bad=1)
    looks.other.serve(4)
    reading = looks.look()
    assert (reading.tally, reading.in_flight, reading.heard) == (tally(7, 1), 4, True)


def test_one_that_was_started_again_counts_from_zero_whether_it_has_more_by_then_or_less() -> None:
    for after in (2, 50):
        looks = Looks()
        looks.one.serve(10)
        looks.look()
        looks.one.restart()
        looks.one.serve(after)
        reading = looks.look()
        assert (reading.tally, reading.heard) == (tally(after), True)


def test_one_that_is_gone_leaves_what_the_other_says_whole() -> None:
    looks = Looks()
    looks.one.serve(10)
    looks.look()
    looks.one.state = "gone"
    looks.other.serve(5)
    assert (looks.look().tally, looks.look().heard) == (tally(5), True)
    looks.one.restart()
    looks.one.serve(1)
    assert looks.look().tally == tally(1)


def test_nobody_there_is_not_heard() -> None:
    looks = Looks()
    looks.one.state = looks.other.state = "gone"
    reading = looks.look()
    assert (reading.tally, reading.heard) == (Tally(), False)


def test_a_silent_one_is_not_heard_and_what_it_counted_comes_when_it_speaks() -> None:
    looks = Looks()
    looks.one.serve(10)
    looks.look()
    looks.one.state = "silent"
    looks.one.serve(7)
    looks.other.serve(2)
    reading = looks.look()
    assert (reading.tally, reading.heard) == (tally(2), False)
    looks.one.state = "answered"
    reading = looks.look()
    assert (reading.tally, reading.heard) == (tally(7), True)


def test_one_met_later_is_not_heard_until_it_was_seen_twice() -> None:
    """It may have served long before: what it counted then is nobody's interval."""
    looks = Looks()
    looks.difference = Difference()
    looks.one.state = "silent"
    assert looks.all() == []
    looks.one.state = "answered"
    looks.one.serve(100)
    assert (looks.look().tally, looks.look().heard) == (Tally(), True)


def test_a_release_that_one_router_does_not_know_is_not_heard() -> None:
    looks = Looks()
    del looks.other.counted[RELEASE]
    looks.one.serve(5)
    reading = looks.look()
    assert (reading.tally, reading.heard) == (tally(5), False)


def test_a_release_that_came_back_under_its_name_counts_from_zero() -> None:
    looks = Looks()
    looks.one.serve(10)
    looks.look()
    looks.one.counted[RELEASE] = tally(4)
    assert looks.look().tally == tally(4)


def test_whatever_happens_everything_seen_is_counted_once() -> None:
    """A thousand looks at routers that serve, fall silent, speak and die: the sum is what was seen of each."""
    chance, looks, expected = random.Random(1), Looks(), Tally()
    unseen = {"router-1": Tally(), "router-2": Tally()}
    for _ in range(1000):
        for router in (looks.one, looks.other):
            good, bad, event = chance.randrange(9), chance.randrange(3), chance.random()
            if router.state != "gone":
                router.serve(good, bad)
                unseen[router.name] += tally(good, bad)
            if event < 0.1:
                router.state, unseen[router.name] = "gone", Tally()
            elif router.state == "gone" or event < 0.2:
                router.restart()
                unseen[router.name] = Tally()
            elif event < 0.4:
                router.state = "silent"
            else:
                router.state = "answered"
            if router.state == "answered":
                expected += unseen[router.name]
                unseen[router.name] = Tally()
        reading = looks.look()
        assert min(*reading.tally.classes, *reading.tally.durations) >= 0
        expected -= reading.tally
    assert expected == Tally()
