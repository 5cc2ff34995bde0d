"""Waking everybody who waits for the record to change."""

from __future__ import annotations

import asyncio

from shipway.state.database import Database

INTERVAL = 0.05


class Pulse:
    """Lets coroutines wait for the next change without a thread or a query for each of them.

    One task looks at the record's counter twenty times a second, and only while somebody waits.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._beat: asyncio.Task[None] | None = None

    @property
    def changes(self) -> int:
        return self._database.changes

    async def after(self, seen: int, timeout: float) -> int:
        """Waits until more than `seen` changes were committed, at most `timeout` seconds; the new count."""
        ends = asyncio.get_running_loop().time() + timeout
        while self._database.changes <= seen:
            left = ends - asyncio.get_running_loop().time()
            if left <= 0:
                break
            await asyncio.wait({self._beating()}, timeout=left)
        return self._database.changes

    def _beating(self) -> asyncio.Task[None]:
        if self._beat is None or self._beat.done():
            self._beat = asyncio.create_task(self._look())
        return self._beat

    async def _look(self) -> None:
        seen = self._database.changes
        for _ in range(20):
            await asyncio.sleep(INTERVAL)
            if self._database.changes != seen:
                return
