"""The newest facts, read once for everybody who listens to events."""

from __future__ import annotations

import asyncio
import threading
from collections import deque

from starlette.concurrency import run_in_threadpool

from shipway.state import facts
from shipway.state.database import Database
from shipway.state.facts import Fact

KEPT = 1000
MANY = 500


class News:
    """Answers from memory whoever keeps up; who comes back from longer ago is answered from the record."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reading = asyncio.Lock()
        self._alone = threading.Lock()  # a thread goes on when whoever waited for it has left
        self._changes = -1
        self._since: int | None = None  # every fact after this one, up to `_newest`, is kept
        self._newest = 0
        self._kept: deque[Fact] = deque()

    async def after(self, last: int) -> list[Fact]:
        """The facts after `last` in their order; the first MANY of them, if there are more."""
        async with self._reading:
            changes = self._database.changes
            if changes != self._changes:
                await run_in_threadpool(self._catch_up)
                self._changes = changes
        if self._since is None or last < self._since:
            return await run_in_threadpool(self._from_record, last)
        return [fact for fact in self._kept if fact.id > last][:MANY]

    def _catch_up(self) -> None:
        with self._alone, self._database.read() as conn:
            if self._since is None:
                self._since = self._newest = facts.newest(conn)
                return
            while found := facts.after(conn, self._newest, limit=MANY):
                self._kept.extend(found)
                self._newest = found[-1].id
        while len(self._kept) > KEPT:
            self._since = self._kept.popleft().id

    def _from_record(self, last: int) -> list[Fact]:
        with self._database.read() as conn:
            return facts.after(conn, last, limit=MANY)
