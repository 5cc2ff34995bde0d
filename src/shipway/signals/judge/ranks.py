"""Whether the new release's requests take longer than the old one's, all durations taken together.

A request is put into one of some classes by its duration. Had the releases been equal, each class would be dealt
out alike, however long requests took and whatever else happened: that is what is bet against, with the larger part
of the slower classes for the new release. See docs/concepts/judge.md for the proof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from math import exp, log

from shipway.signals.judge.beside import LOG_MOST
from shipway.signals.judge.dealing import Dealing
from shipway.signals.judge.past import Past
from shipway.signals.judge.wager import Wager
from shipway.signals.verdict import SLOW, Finding, apart, slower_than
from shipway.traffic.tally import BOUNDS, Tally

EDGES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 0.99)
"""So much of what is known of the old release lies below each edge between two classes."""
KNOWN = 100
AGAIN = 1.05
"""So many durations must be known; classes are made anew when so many times as many are."""

Counts = Sequence[int]


@dataclass(frozen=True)
class Longer:
    """An alternative: this part of the requests (0 to 1) takes so many steps of BOUNDS longer."""

    part: float
    steps: int

    def of(self, durations: Counts) -> list[int]:
        moved = [0] * len(durations)
        for place, count in enumerate(durations):
            moved[min(place + self.steps, len(durations) - 1)] += count
        return moved


ALTERNATIVES = (
    (0.2, Longer(1.0, 1)),
    (0.2, Longer(1.0, 3)),
    (0.2, Longer(1.0, 6)),
    (0.2, Longer(1.0, 20)),
    (0.1, Longer(0.2, 10)),
    (0.1, Longer(0.05, 30)),
)


@dataclass(frozen=True)
class Classes:
    """How durations are told apart, and how likely each class is, as usual and by each alternative."""

    edges: tuple[int, ...]
    durations: Counts

    @cached_property
    def likely(self) -> list[tuple[list[float], list[float]]]:
        usual = _shares(self.sort(self.durations))
        return [(usual, self._mixed(usual, longer)) for _, longer in ALTERNATIVES]

    def sort(self, durations: Counts, lenient: int = 0) -> list[int]:
        """How many are in each class, its edges moved up by `lenient` steps."""
        sums = [0, *accumulate(durations)]
        places = [0, *(min(edge + lenient + 1, len(BOUNDS)) for edge in self.edges), len(durations)]
        return [sums[after] - sums[before] for before, after in pairwise(places)]

    def _mixed(self, usual: Sequence[float], longer: Longer) -> list[float]:
        moved = _shares(self.sort(longer.of(self.durations)))
        return [(1 - longer.part) * a + longer.part * b for a, b in zip(usual, moved, strict=True)]


def factor(old: Counts, new: Counts, usual: Sequence[float], slower: Sequence[float], share: float) -> float:
    """How many times likelier each class lies where it lies if the classes have the shares `slower` in the new
    release and `usual` in the old one, and `share` of all is the new one's, than if all were dealt out alike.
    """
    parts = [share * s / (share * s + (1 - share) * u) for u, s in zip(usual, slower, strict=True)]
    counted = list(zip(old, new, parts, strict=True))
    alike = sum((a + b) * part for a, b, part in counted) / (sum(old) + sum(new))
    return exp(
        min(sum(b * log(part / alike) + a * log((1 - part) / (1 - alike)) for a, b, part in counted), LOG_MOST)
    )


class Ranks:
    """Bets block by block, as `Beside` does. The new release may be `tolerance` steps of BOUNDS slower."""

    def __init__(self, tolerance: int) -> None:
        self._tolerance = tolerance
        self._wager = Wager([weight for weight, _ in ALTERNATIVES])
        self._classes: Classes | None = None
        self._known = 0
        self._dealing = Dealing()
        self._old, self._new = [0], [0]
        self._seen: dict[float, tuple[Counts, Counts]] = {}
        self._told: Mapping[float, Finding] | None = None

    @property
    def evidence(self) -> float:
        return self._wager.evidence

    @property
    def heard(self) -> int:
        """How many durations of the new release were compared."""
        return sum(sum(new) for _, new in self._seen.values())

    def see(self, old: Tally, new: Tally, share: float, past: Past) -> None:
        if not self._of:
            self._look_up(past)
        if self._classes is None or not (old.timed or new.timed):
            return
        seen_old, seen_new = self._seen.get(share, (Tally().durations, Tally().durations))
        self._seen[share] = (_plus(seen_old, old.durations), _plus(seen_new, new.durations))
        self._told = None
        self._old = _plus(self._old, self._classes.sort(old.durations))
        self._new = _plus(self._new, self._classes.sort(new.durations, self._tolerance))
        if self._dealing.is_block(self._of, share):
            self._close(self._classes, self._dealing.share(share))

    def drop(self) -> None:
        """Forgets the open block: requests were dealt out differently within it."""
        self._empty()
        self._dealing.forget()

    def finding(self) -> Finding:
        """Told by the edge at which the new release differs most, at any share."""
        each = [*self.at_each_share().values()]
        if not each:
            return Finding(SLOW, 0, 0, 0, 0, self.evidence)
        new_count, new_of = sum(one.new_count for one in each), sum(one.new_of for one in each)
        old_count, old_of = sum(one.old_count for one in each), sum(one.old_of for one in each)
        return Finding(each[0].what, new_count, new_of, old_count, old_of, self.evidence)

    def at_each_share(self) -> Mapping[float, Finding]:
        """The same of each share (0 to 1) by itself, in the order in which they were first seen."""
        if self._told is None:
            self._told = {} if self._classes is None else self._tell(self._classes)
        return self._told

    def _tell(self, classes: Classes) -> Mapping[float, Finding]:
        seen = {share: tuple(list(accumulate(one)) for one in both) for share, both in self._seen.items()}
        found = [{share: self._at(edge, *both) for share, both in seen.items()} for edge in classes.edges]
        return max(found, key=lambda each: max(map(apart, each.values()), default=0.0))

    @property
    def _of(self) -> int:
        return sum(self._old) + sum(self._new)

    def _at(self, edge: int, old: Counts, new: Counts) -> Finding:
        """Of what is `old` and `new`, added up from the shortest on."""
        lenient = min(edge + self._tolerance, len(BOUNDS) - 1)
        counted = (new[-1] - new[lenient], new[-1], old[-1] - old[edge], old[-1])
        return Finding(slower_than(BOUNDS[edge]), *counted, self.evidence)

    def _look_up(self, past: Past) -> None:
        if past.timed < max(KNOWN, AGAIN * self._known):
            return
        self._known = past.timed
        places = {place for edge in EDGES if (place := past.place(edge)) is not None}
        self._classes = Classes(tuple(sorted(places)), past.durations)
        self._empty()

    def _close(self, classes: Classes, share: float) -> None:
        self._wager.round([factor(self._old, self._new, *likely, share) for likely in classes.likely])
        self._dealing.learn(sum(self._new), self._of)
        self._empty()

    def _empty(self) -> None:
        number = 1 if self._classes is None else len(self._classes.edges) + 1
        self._old, self._new = [0] * number, [0] * number


def _plus(before: Counts, more: Counts) -> list[int]:
    return [a + b for a, b in zip(before, more, strict=True)]


def _shares(counts: Counts) -> list[float]:
    of = sum(counts) + 0.5 * len(counts)
    return [(count + 0.5) / of for count in counts]
