"""What is added to environments' logs, read once for all who watch and ask the same.

A viewer has nothing but a place in lines that all share. One who is slower than the log holds back nobody: when
the lines from there on are gone, the viewer is let go, and may come back to where it was.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from shipway.errors import TransientError
from shipway.signals.errors.secrecy import mask
from shipway.signals.logs.follow import Follower
from shipway.signals.logs.masks import Masks
from shipway.signals.logs.query import Query
from shipway.signals.logs.search import Key, matching

PAUSE = 0.25  # seconds between two looks at the files
BACK = 15  # seconds that a feed looks back when it begins: what came while a page was on its way
KEPT = 1024 * 1024  # characters of lines
MOST = 24  # feeds: each reads the log for itself
SECRETS_LAST = 15.0  # seconds
QUIET = 15.0  # seconds after which an empty line shows that there is somebody

Secrets = Callable[[], list[bytes]]


class TooManyFollowers(TransientError):
    """So many different searches are followed live that one more would slow them all."""

    id = "signals.too_many_followers"
    default_hint = "Follow the whole log, or try again later."


@dataclass(frozen=True)
class Place:
    """An environment of an application, and where its logs are."""

    folder: Path
    application: str
    environment: str


class Feed:
    """The answers to one question in one environment, from `begins` on, as lines of JSON."""

    def __init__(self, place: Place, query: Query, secrets: Secrets) -> None:
        self.begins: Key = (int((time.time() - BACK) * 1e6), "")
        self.viewers = 0
        self._query = query
        self._ask_secrets = secrets
        self._asked = 0.0
        self._secrets: list[bytes] = []
        self._masks = Masks([])
        self._lines: deque[tuple[Key, str]] = deque()
        self._size = 0
        self._follower = Follower(place.folder, place.application, place.environment, self.begins)
        self._changed = asyncio.Event()

    async def read(self) -> None:
        """Goes on for as long as it is watched."""
        try:
            while True:
                found = await run_in_threadpool(self._take)
                if found:
                    self._add(found)
                await asyncio.sleep(0 if self._follower.is_behind else PAUSE)
        finally:
            self._follower.close()
            self._changed.set()

    async def after(self, last: Key) -> AsyncIterator[str]:
        """The lines behind `last`, and those that come; an empty one when there are none for a while. Ends when
        lines between are not there any more, or the log cannot be read."""
        while last >= self.begins:
            changed = self._changed
            new = self._behind(last)
            if new:
                last = new[-1][0]
                yield "".join(line for _, line in new)
            elif changed.is_set():
                return
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), QUIET)
                    continue
                yield "\n"

    def _behind(self, last: Key) -> list[tuple[Key, str]]:
        new = []
        for one in reversed(self._lines):
            if one[0] <= last:
                break
            new.append(one)
        return new[::-1]

    def _add(self, found: list[tuple[Key, str]]) -> None:
        self._lines.extend(found)
        self._size += sum(len(line) for _, line in found)
        while self._size > KEPT and len(self._lines) > 1:
            self.begins, line = self._lines.popleft()
            self._size -= len(line)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _take(self) -> list[tuple[Key, str]]:
        if time.monotonic() - self._asked > SECRETS_LAST:
            self._secrets, self._asked = self._ask_secrets(), time.monotonic()
            self._masks = Masks(self._secrets)
        found = []
        for place, source, group in self._follower.take():
            entry = matching(source, group, self._query, self._masks) if self._query.wants(source) else None
            if entry is not None:
                found.append((place, json.dumps(mask(entry.as_dict(), self._secrets)) + "\n"))
        return found


class LogFeeds:
    """Those that are watched now."""

    def __init__(self) -> None:
        self._feeds: dict[tuple[Place, Query], tuple[Feed, asyncio.Task[None]]] = {}

    def check(self, place: Place, query: Query) -> None:
        """Raises TooManyFollowers when nobody asks this yet, and too much else is asked."""
        if (place, query) not in self._feeds and len(self._feeds) >= MOST:
            raise TooManyFollowers("Too many different searches are followed at the same time.")

    @asynccontextmanager
    async def watching(self, place: Place, query: Query, secrets: Secrets) -> AsyncIterator[Feed]:
        """The feed for this question; it ends with the last who watches it. Raises TooManyFollowers."""
        known = self._feeds.get((place, query))
        if known is None or known[1].done():
            self.check(place, query)
            feed = Feed(place, query, secrets)
            known = self._feeds[place, query] = feed, asyncio.create_task(feed.read())
        feed, task = known
        feed.viewers += 1
        try:
            yield feed
        finally:
            feed.viewers -= 1
            if not feed.viewers:
                task.cancel()
                if self._feeds.get((place, query)) is known:
                    del self._feeds[place, query]
