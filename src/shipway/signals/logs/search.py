"""Finding entries in all logs of an environment, the newest or the oldest first, a page at a time."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from shipway.signals.logs.blocks import Block, Files
from shipway.signals.logs.entries import Group, grouped, text_of, with_stack
from shipway.signals.logs.masks import Masks
from shipway.signals.logs.query import Query
from shipway.signals.logs.recognise import recognise
from shipway.signals.logs.sources import Source

LONGEST = 64 * 1024  # characters of an entry that are told
HEAVIEST = 1024 * 1024  # characters of a page, and one entry more

Key = tuple[int, str]
"""An entry's moment in microseconds, and the log it stands in: no two have the same."""


@dataclass(frozen=True)
class Entry:
    """One line of the log, with the stack trace that belongs to it. `at` is when it was read from the instance, in
    unix seconds; `timestamp` is what the line itself says. `text` is all that was printed."""

    at: float
    position: str
    level: str | None
    release: int
    process: str
    instance: str
    message: str
    text: str
    timestamp: str = ""
    logger: str = ""
    stack: str = ""
    source: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    cut: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Page:
    """Some entries. `more` is the position from which the search goes on, None where there is nothing more;
    `begins` is the moment of the oldest line that is kept (unix seconds), None without any. `reached` is how far
    was searched when the time was over: unix seconds, None where it was not."""

    entries: Sequence[Entry]
    more: str | None
    begins: float | None
    reached: float | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "entries": [one.as_dict() for one in self.entries],
            "more": self.more,
            "begins": self.begins,
            "reached": self.reached,
        }


def position(key: Key) -> str:
    """A place in the log as a text: an entry's, or between entries."""
    return f"{key[0]}.{key[1]}"


def key(said: str) -> Key:
    """The place that a text names; raises ValueError."""
    at, dot, name = said.partition(".")
    if not dot or not at.isascii() or not at.isdecimal() or len(at) > 17:
        raise ValueError(said)
    return int(at), name


def search(
    sources: Sequence[Source],
    query: Query,
    *,
    start: Key | None = None,
    oldest_first: bool = False,
    limit: int = 100,
    seconds: float = math.inf,
    secrets: Sequence[bytes] = (),
    clock: Callable[[], float] = time.monotonic,
) -> Page:
    """At most `limit` entries that match, from `start` on (which is not among them); looks for so many seconds.
    What is in `secrets` is neither told nor found.

    Logs are read block by block, and always the one that may hold what comes next: of a long log that is
    looked through from its end only the end is read.
    """
    over = clock() + seconds
    with ExitStack() as opened:
        files = [(source, Files(source)) for source in sources]
        for _, one in files:
            opened.callback(one.close)
        begins = min((first for _, one in files if (first := one.first()) is not None), default=None)
        bounds = _Bounds.of(query, start, oldest_first)
        masks = Masks(secrets)
        readers = [_Reader(source, one, query, bounds, masks) for source, one in files if query.wants(source)]
        found = _merged(readers, limit, lambda: clock() > over)
    entries = [entry for _, entry in found.entries]
    more = None
    if found.stopped is not None:
        more = position(found.stopped)
    elif found.full and entries:
        more = entries[-1].position
    return Page(
        entries,
        more,
        None if begins is None else begins / 1e6,
        None if found.stopped is None else found.stopped[0] / 1e6,
    )


@dataclass(frozen=True)
class _Bounds:
    """Between which places is searched, in which direction: `sign` is -1 where the newest comes first."""

    sign: int
    start: Key
    end: int

    @classmethod
    def of(cls, query: Query, start: Key | None, oldest_first: bool) -> _Bounds:
        since = 0 if query.since is None else int(query.since * 1e6)
        until = 1 << 60 if query.until is None else int(query.until * 1e6)
        if oldest_first:
            return cls(1, max(start or (0, ""), (since - 1, "~~")), until)
        return cls(-1, min(start or (1 << 60, ""), (until, "")), since)

    def order(self, key: Key) -> tuple[int, Any]:
        return (key[0], key[1]) if self.sign > 0 else (-key[0], _Reversed(key[1]))

    def holds(self, key: Key) -> bool:
        return key > self.start if self.sign > 0 else key < self.start


class _Reversed(str):
    """A text that comes before those that it comes after."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)


class _Reader:
    """One log, read on block by block; `next` is the first moment at which something may still come."""

    def __init__(self, source: Source, files: Files, query: Query, bounds: _Bounds, masks: Masks) -> None:
        self._source = source
        self._query = query
        self._masks = masks
        self._bounds = bounds
        if bounds.sign > 0:
            self._blocks = files.oldest_first(bounds.start[0])
            first = files.first()
            self.next: int | None = None if first is None else max(first, bounds.start[0])
        else:
            self._blocks = files.newest_first(bounds.start[0] + 1)
            last = files.last()
            self.next = min(last, bounds.start[0]) if last else None

    @property
    def sign(self) -> int:
        return self._bounds.sign

    def read(self) -> list[tuple[tuple[int, Any], Key, Entry]]:
        """What the next block has of what is looked for, each with what puts it in order."""
        block = next(self._blocks, None)
        if block is None:
            self.next = None
            return []
        self._go_on(block)
        if not self._masks.may_be_in(block.data) and not self._query.may_match(block.data):
            return []
        return [(self._bounds.order(place), place, entry) for place, entry in self._found(block)]

    def _go_on(self, block: Block) -> None:
        if self._bounds.sign < 0:
            self.next = block.first if block.first > self._bounds.end else None
            return
        self.next = block.last if block.last < self._bounds.end else None

    def _found(self, block: Block) -> Iterator[tuple[Key, Entry]]:
        for group in grouped(block.lines()):
            place = (group.at, self._source.name)
            if self._bounds.holds(place):
                entry = matching(self._source, group, self._query, self._masks)
                if entry is not None:
                    yield place, entry


def matching(source: Source, group: Group, query: Query, masks: Masks) -> Entry | None:
    """The entry that these lines are without what is masked, if that is looked for."""
    text = masks.masked(text_of(group.lines))
    if not text or not query.matches(group, text):
        return None
    said = recognise(text.partition("\n")[0])
    if said.level is None and with_stack(group.lines):
        said = replace(said, level="error")
    if not query.is_serious(said):
        return None
    return Entry(
        at=group.at / 1e6,
        position=position((group.at, source.name)),
        level=said.level,
        release=source.release,
        process=source.process,
        instance=source.instance,
        message=said.message[:LONGEST],
        text=text[:LONGEST],
        timestamp=said.timestamp[:100],
        logger=said.logger[:200],
        stack=said.stack[:LONGEST],
        source=source.kind,
        fields=dict(said.fields) if len(text) <= LONGEST else {},
        cut=max(0, len(text) - LONGEST),
    )


@dataclass
class _Found:
    """`stopped` is where the search was when its time was over, `full` says that the page was."""

    limit: int
    entries: list[tuple[Key, Entry]] = field(default_factory=list)
    stopped: Key | None = None
    weight: int = 0

    @property
    def full(self) -> bool:
        return len(self.entries) >= self.limit or self.weight >= HEAVIEST

    def take(self, place: Key, entry: Entry) -> None:
        self.entries.append((place, entry))
        self.weight += len(entry.text)


def _merged(readers: Sequence[_Reader], limit: int, is_over: Callable[[], bool]) -> _Found:
    """The first entries of all readers, in order."""
    sign = readers[0].sign if readers else 1
    waiting = [(sign * one.next, number) for number, one in enumerate(readers) if one.next is not None]
    heapq.heapify(waiting)
    ready: list[tuple[tuple[int, Any], Key, Entry]] = []
    told = _Found(limit)
    while waiting:
        frontier, number = waiting[0]
        while ready and not told.full and ready[0][0][0] < frontier:
            told.take(*heapq.heappop(ready)[1:])
        if told.full:
            return told
        if is_over():
            told.stopped = (abs(frontier), "~~" if sign < 0 else "")
            return told
        reader = readers[number]
        for found in reader.read():
            heapq.heappush(ready, found)
        heapq.heappop(waiting)
        if reader.next is not None:
            heapq.heappush(waiting, (sign * reader.next, number))
    while ready and not told.full:
        told.take(*heapq.heappop(ready)[1:])
    return told
