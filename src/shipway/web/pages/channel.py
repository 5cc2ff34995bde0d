"""The picture of an environment: its requests as a stream that parts, and the instances where each part ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.web.pages.instance_lines import Group, Instance

ALONE, SHARING = 8, 4  # instances of a release that are drawn; more are counted
APART = 31.0  # pixels from one instance to the next
STREAM = 60.0  # pixels that all requests together are wide
EDGE = 34.0  # pixels above and below everything
WORDS_ABOVE, WORDS_BELOW = 52.0, 40.0  # pixels for what is said of a release on trial
LINE = 18.0  # pixels that a line of words on a stream takes


@dataclass(frozen=True)
class Stream:
    """The requests that go to one release: `middle` and `wide` in pixels; where each of its instances is drawn."""

    share: int
    middle: float
    wide: float
    berth: float
    rows: Sequence[tuple[float, Instance]]
    more: int
    more_at: float

    @property
    def top(self) -> float:
        return round(self.middle - self.wide / 2, 1)

    @property
    def bottom(self) -> float:
        return round(self.middle + self.wide / 2, 1)

    def bears(self, lines: int) -> bool:
        """Whether so many lines of words can stand on it."""
        return self.wide >= LINE * lines


@dataclass(frozen=True)
class Channel:
    """What is drawn in a box of 1374 by `height`; `begins` is where a release on trial parts from what serves."""

    height: float
    serving: Stream
    tried: Stream | None = None
    begins: float = 0.0


def channel(serving: Group | None, tried: Group | None, share: int) -> Channel:
    """`share` of 100 requests go to the release on trial, if there is one; a release may have no instance yet."""
    drawn = SHARING if share else ALONE
    room = _room(serving, drawn)
    high = max(room, 82.0)
    middle = EDGE + high / 2
    if not share:
        return Channel(high + 2 * EDGE, _stream(serving, drawn, 100, middle, 72.0))
    above = max(WORDS_ABOVE + STREAM * share / 200, _room(tried, drawn) / 2)
    below = max(WORDS_BELOW + STREAM * share / 200, _room(tried, drawn) / 2)
    beside = _stream(tried, drawn, share, middle + high / 2 + above, 10 + STREAM * share / 100)
    top = middle - STREAM / 2
    wide = STREAM * (100 - share) / 100
    straight = _stream(serving, drawn, 100 - share, top + wide / 2, 12 + wide)
    return Channel(beside.middle + below + EDGE / 2, straight, beside, straight.bottom)


def _room(group: Group | None, drawn: int) -> float:
    """The pixels that the instances of a release take, and how many more there are."""
    count = 0 if group is None else len(group.instances)
    return APART * (min(count, drawn) + (count > drawn))


def _stream(group: Group | None, drawn: int, share: int, middle: float, berth: float) -> Stream:
    every = [] if group is None else group.instances
    first = middle - (_room(group, drawn) - APART) / 2
    rows = [(round(first + APART * at, 1), one) for at, one in enumerate(every[:drawn])]
    more = max(0, len(every) - drawn)
    return Stream(share, middle, STREAM * share / 100, berth, rows, more, round(first + APART * drawn, 1))
