"""Logs that somebody follows: one reader for each, however many follow it.

What was read last is kept for all of them together. Who is further behind reads the file for themselves, at their
own pace: nothing waits in memory for anybody.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool

from shipway.hosts.logs.lines import Lines
from shipway.hosts.logs.opened import Line
from shipway.web import tail

KEPT = 1 << 20  # bytes
PIECE = 64 * 1024
MOST_LINES = 200  # that are told of at once; more are asked for by whoever looks at them
MOST_TOLD = 64 * 1024  # characters of them


@dataclass(frozen=True)
class Tick:
    """How far a log had come: `size` in bytes, `count` in lines."""

    number: int = 0
    size: int = 0
    count: int = 0


class Feed:
    """One log. `over` says whether anything can still be written to it."""

    def __init__(self, name: str, path: Path, lines: Lines, over: Callable[[], bool]) -> None:
        self.name = name
        self.is_over = False
        self.tick = Tick()
        self._path, self._lines, self._over = path, lines, over
        self._pieces: deque[tuple[int, bytes]] = deque()
        self._end = self._kept = self._listeners = 0
        self._news = ""
        self._reader: asyncio.Task[None] | None = None
        self._grown: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def grown(self) -> asyncio.Future[None]:
        """Done when there is more than now, or it is over."""
        return self._grown

    @property
    def is_left(self) -> bool:
        """Whether it was read once, and nobody heard it any more or it was over."""
        return self._reader is not None and self._reader.done()

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Inside, the log is read."""
        self._listeners += 1
        if not self.is_over and (self._reader is None or self.is_left):
            self._reader = asyncio.create_task(self._read())
        try:
            yield
        finally:
            self._listeners -= 1

    async def bytes_from(self, offset: int) -> AsyncIterator[bytes]:
        """Every byte from `offset` on, until the log is over."""
        with self.heard():
            while True:
                grown = self._grown
                piece = self._piece(offset)
                if piece is None:
                    piece = await run_in_threadpool(tail.read, self._path, offset, PIECE)
                if piece:
                    offset += len(piece)
                    yield piece
                elif self.is_over:
                    return
                else:
                    await asyncio.wait({grown})

    def told(self, since: int) -> str:
        """An event for pages: with the lines that are new for whoever heard the tick before, else their number."""
        return self._news if since and since == self.tick.number - 1 else self._event({})

    def _piece(self, offset: int) -> bytes | None:
        """From memory; None when it is not there any more, or was not there yet when reading began."""
        if offset == self._end and self._pieces:
            return b""
        for start, data in reversed(self._pieces):
            if start <= offset < start + len(data):
                return data[offset - start :] if offset > start else data
        return None

    async def _read(self) -> None:
        self._end = await run_in_threadpool(tail.size, self._path)
        await self._tell()
        while self._listeners:
            last = await run_in_threadpool(self._over)
            if await self._take():
                await self._tell()
            elif last:
                self.is_over = True
                await self._tell()
                return
            else:
                await asyncio.sleep(tail.PAUSE)

    async def _take(self) -> bool:
        """What was written since; of too much at once nothing, which is then read by whoever needs it."""
        size = await run_in_threadpool(tail.size, self._path)
        if size - self._end > KEPT:
            self._pieces.clear()
            self._kept, self._end = 0, size
            return True
        before = self._end
        while piece := await run_in_threadpool(tail.read, self._path, self._end, min(PIECE, size - self._end)):
            self._pieces.append((self._end, piece))
            self._end += len(piece)
            self._kept += len(piece)
        while self._kept > KEPT:
            self._kept -= len(self._pieces.popleft()[1])
        return self._end > before

    async def _tell(self) -> None:
        was = self.tick
        count = await run_in_threadpool(self._lines.count)
        self.tick = Tick(was.number + 1, self._end, count)
        self._news = await run_in_threadpool(self._new_lines, was)
        grown, self._grown = self._grown, asyncio.get_running_loop().create_future()
        grown.set_result(None)

    def _new_lines(self, was: Tick) -> str:
        """The last line of before is told again: it may have had no end."""
        first = max(1, was.count)
        if not was.number or self.tick.count - first > MOST_LINES:
            return self._event({})
        window = self._lines.window(first, self.tick.count - first + 1)
        if sum(len(line.text) for line in window.lines) > MOST_TOLD:
            return self._event({})
        return self._event({"before": window.before, "new": [line_shape(line) for line in window.lines]})

    def _event(self, more: dict[str, Any]) -> str:
        told = {"log": self.name, "size": self.tick.size, "count": self.tick.count, "over": self.is_over, **more}
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
