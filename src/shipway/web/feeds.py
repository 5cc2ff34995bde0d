"""Logs that somebody follows: one reader for each, however many follow it.

The blocks that were read last are kept for all of them together. Who is further behind has theirs read anew, at
their own pace: nothing waits in memory for anybody.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool

from shipway.hosts.logs.lines import Lines
from shipway.hosts.logs.opened import Line
from shipway.web import tail

BLOCK = 32 * 1024  # bytes
KEPT = 32  # blocks
MOST_LINES = 200  # that are told of at once; more are asked for by whoever looks at them
MOST_TOLD = 64 * 1024  # characters of them


@dataclass(frozen=True)
class Tick:
    """How far a log had come: `size` in bytes, `count` in lines, and whether that was all."""

    number: int = 0
    size: int = 0
    count: int = 0
    over: bool = False


class Feed:
    """One log. `over` says whether anything can still be written to it."""

    def __init__(self, name: str, path: Path, lines: Lines, over: Callable[[], bool]) -> None:
        self.name = name
        self.tick = Tick()
        self._path, self._lines, self._over = path, lines, over
        self._blocks: OrderedDict[int, bytes] = OrderedDict()  # by where they begin
        self._loading: dict[int, asyncio.Task[bytes]] = {}
        self._listeners = 0
        self._news = ""
        self._reader: asyncio.Task[None] | None = None
        self._grown: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def grown(self) -> asyncio.Future[None]:
        """Done when there is more than now, or it is over; it fails when the log could not be looked at."""
        return self._grown

    @property
    def is_left(self) -> bool:
        """Whether it was read once, and nobody heard it any more or it was over."""
        return self._reader is not None and self._reader.done()

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Inside, the log is read."""
        self._listeners += 1
        if not self.tick.over and (self._reader is None or self.is_left):
            self._begin()
        try:
            yield
        finally:
            self._listeners -= 1

    async def bytes_from(self, offset: int) -> AsyncIterator[bytes]:
        """Every byte from `offset` on, until the log is over. Raises what kept it from being looked at."""
        with self.heard():
            while True:
                grown, over = self._grown, self.tick.over  # as it was before what is read now
                piece = await self._piece(offset)
                if piece:
                    offset += len(piece)
                    yield piece
                elif over:
                    return
                else:
                    await asyncio.wait({grown})
                    grown.result()

    def told(self, since: int) -> str:
        """An event for pages: with the lines that are new for whoever heard the tick before, else their number."""
        return self._news if since and since == self.tick.number - 1 else self._event(self.tick, {})

    async def _piece(self, offset: int) -> bytes:
        """What there is of the block with this byte, from it on."""
        start = offset - offset % BLOCK
        block = self._blocks.get(start, b"")
        if start + len(block) <= offset:
            block = await asyncio.shield(self._load(start))
        return block[offset - start :]

    def _load(self, start: int) -> asyncio.Task[bytes]:
        """Reads a block, once for all who want it now."""
        if start not in self._loading:
            self._loading[start] = asyncio.create_task(self._read_block(start))
        return self._loading[start]

    async def _read_block(self, start: int) -> bytes:
        try:
            block = await run_in_threadpool(tail.read, self._path, start, BLOCK)
        finally:
            del self._loading[start]
        self._blocks[start] = block
        self._blocks.move_to_end(start)
        if len(self._blocks) > KEPT:
            self._blocks.popitem(last=False)
        return block

    def _begin(self) -> None:
        if self._grown.done():  # the reader before could not go on
            self._grown = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read())
        self._reader.add_done_callback(self._ended)

    def _ended(self, reader: asyncio.Task[None]) -> None:
        """Nobody may wait for a reader that could not go on."""
        error = None if reader.cancelled() else reader.exception()
        if error is not None and reader is self._reader:
            self._grown.set_exception(error)
            self._grown.exception()  # asked for once, lest it be logged when nobody follows

    async def _read(self) -> None:
        size = -1
        while self._listeners:
            over = await run_in_threadpool(self._over)
            before, size = size, await run_in_threadpool(tail.size, self._path)
            if over or size > before:
                await self._tell(size, over)
            if over:
                return
            await asyncio.sleep(tail.PAUSE)

    async def _tell(self, size: int, over: bool) -> None:
        now = Tick(self.tick.number + 1, size, await run_in_threadpool(self._lines.count), over)
        news = await run_in_threadpool(self._new_lines, self.tick, now)
        self.tick, self._news = now, news  # at once, for whoever wakes in between
        grown, self._grown = self._grown, asyncio.get_running_loop().create_future()
        grown.set_result(None)

    def _new_lines(self, was: Tick, now: Tick) -> str:
        """The last line of before is told again: it may have had no end."""
        first = max(1, was.count)
        if not was.number or now.count - first > MOST_LINES:
            return self._event(now, {})
        window = self._lines.window(first, now.count - first + 1)
        if sum(len(line.text) for line in window.lines) > MOST_TOLD:
            return self._event(now, {})
        return self._event(now, {"before": window.before, "new": [line_shape(line) for line in window.lines]})

    def _event(self, now: Tick, more: dict[str, Any]) -> str:
        told = {"log": self.name, "size": now.size, "count": now.count, "over": now.over, **more}
        return f"event: log\ndata: {json.dumps(told, separators=(',', ':'))}\n\n"


class Feeds:
    """The logs that are followed now."""

    def __init__(self) -> None:
        self._known: dict[str, Feed] = {}

    def of(self, name: str, path: Path, lines: Lines, over: Callable[[], bool]) -> Feed:
        """The one feed of this log while anybody follows it."""
        self._known = {known: feed for known, feed in self._known.items() if not feed.is_left}
        if name not in self._known:
            self._known[name] = Feed(name, path, lines, over)
        return self._known[name]


def line_shape(line: Line) -> dict[str, Any]:
    """As the API and events show a line; `size` is there when it was cut."""
    shown: dict[str, Any] = {"number": line.number, "text": line.text, "at": line.at}
    return {**shown, "offset": line.start, "size": line.size} if line.is_cut else shown
