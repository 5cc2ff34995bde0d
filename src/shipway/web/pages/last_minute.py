"""What an environment was asked in the last minute, and how much of that each of its releases answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from shipway.signals.encoding import number_of
from shipway.signals.reading import Reading, together
from shipway.signals.summary import Summary, side_by_side, summary

SECONDS = 60


@dataclass(frozen=True)
class LastMinute:
    """`whole` is of all releases together, `parts` of each by its number: all over the same seconds, so that parts
    never add up to more than the whole. None where nothing was heard; `deaf` are the seconds in which it was not,
    and which no figure is of.
    """

    whole: Summary | None = None
    parts: Mapping[int, Summary] = field(default_factory=dict)
    deaf: float = 0.0


def last_minute(readings: Mapping[str, Sequence[Reading]]) -> LastMinute:
    """Of what was read of each release, by its name (`topup.prod.r3`), one that only just came among them."""
    heard = {name: [one for one in some if one.heard] for name, some in readings.items()}
    each = {name: together(some) for name, some in heard.items() if some}
    if not each:
        return LastMinute()
    whole = together(_looks(chain.from_iterable(heard.values())))
    parts = {number_of(name): summary([replace(one, seconds=whole.seconds)]) for name, one in each.items()}
    looked = sum(look.seconds for look in _looks(chain.from_iterable(readings.values())))
    return LastMinute(summary([whole]), parts, looked - whole.seconds)


def _looks(readings: Iterable[Reading]) -> Iterator[Reading]:
    """What each look says of all releases as one: one that went and one that came later have no time in common."""
    by_look: defaultdict[float, list[Reading]] = defaultdict(list)
    for one in readings:
        by_look[one.at].append(one)
    yield from filter(None, map(side_by_side, by_look.values()))
