"""Searches in environments' logs: each in a process of its own, few at a time, ended when nobody waits for it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

from shipway.errors import TransientError
from shipway.signals.logs import worker
from shipway.signals.logs.sources import Source
from shipway.web.log_query import Asked

AT_ONCE = 2
MOST_WAITING = 30
SECONDS = 3.0  # of searching for one page
PATIENCE = 30.0  # seconds for a process that should have ended by itself
COMMAND = (sys.executable, "-I", "-m", "shipway.signals.logs.worker")


class TooManySearches(TransientError):
    """So many people search in logs at the same time that it would take too long."""

    id = "signals.too_many_searches"
    default_hint = "Try again in a few seconds."


class Searches:
    """Runs them; `page` may be asked from one event loop."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def page(
        self, there: Sequence[Source], asked: Asked, secrets: Sequence[bytes], seconds: float = SECONDS
    ) -> dict[str, Any]:
        """A page of the log as `signals.logs.search` makes it: what its lines say in JSON is not masked yet.

        Raises TooManySearches.
        """
        if self._waiting >= MOST_WAITING:
            raise TooManySearches("Too many searches wait already.")
        self._waiting += 1
        try:
            async with self._places:
                return await _carried_out(there, asked, secrets, seconds)
        finally:
            self._waiting -= 1


async def _carried_out(
    there: Sequence[Source], asked: Asked, secrets: Sequence[bytes], seconds: float
) -> dict[str, Any]:
    said = {
        "sources": [worker.asked(one.path, one.name) for one in there],
        "query": asked.query.as_dict(),
        "start": None if asked.start is None else f"{asked.start[0]}.{asked.start[1]}",
        "oldest_first": asked.oldest_first,
        "limit": asked.limit,
        "seconds": seconds,
        "secrets": [one.decode("latin-1") for one in secrets],
    }
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*COMMAND, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        out, problem = await asyncio.wait_for(process.communicate(json.dumps(said).encode()), seconds + PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise RuntimeError(problem.decode(errors="replace")[-2000:])
    page: dict[str, Any] = json.loads(out)
    return page
