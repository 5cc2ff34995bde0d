"""Answers that go on: sent as they come, ended when the asker leaves or may no longer see them (BARS S17)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.types import Message, Receive, Scope, Send

from shipway.web import connections
from shipway.web.call import Call
from shipway.web.site import Site

CHECK_EVERY = 10.0
STALLED = 20.0  # seconds in which somebody who is owed something reads nothing, and is left (BARS R14)


class Live:
    """Sends what `parts` yields until it ends, the connection closes, or the caller's token or session is over.

    The token is looked at again every CHECK_EVERY seconds, and nothing more is sent once it is refused. Who reads
    nothing for STALLED seconds is cut off; whoever reads slowly is not.
    """

    media_type = "application/octet-stream"

    def __init__(
        self, site: Site, call: Call, parts: AsyncIterator[str | bytes], headers: Mapping[str, str] | None = None
    ) -> None:
        self.site = site
        self.call = call
        self.parts = parts
        self.headers = {"content-type": self.media_type, **(headers or {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._answer(receive, send)
        except _Stalled:
            connections.cut(scope)
            await asyncio.sleep(0)  # the connection ends before this does

    async def _answer(self, receive: Receive, send: Send) -> None:
        raw = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        tasks = [
            asyncio.create_task(self._send(send)),
            asyncio.create_task(_gone(receive)),
            asyncio.create_task(self._refused()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.result()  # a fault cuts the stream off: it must not look whole
        if tasks[1].cancelled():
            await _patiently(send, {"type": "http.response.body", "body": b""})

    async def _send(self, send: Send) -> None:
        async with contextlib.aclosing(self.parts) as parts:  # type: ignore[type-var]
            async for part in parts:
                body = part.encode() if isinstance(part, str) else part
                await _patiently(send, {"type": "http.response.body", "body": body, "more_body": True})

    async def _refused(self) -> None:
        while await run_in_threadpool(self._still_known):
            await asyncio.sleep(CHECK_EVERY)

    def _still_known(self) -> bool:
        return self.site.caller(self.call.request) == self.call.caller


class _Stalled(Exception):
    """Nobody reads what is sent."""


async def _patiently(send: Send, message: Message) -> None:
    try:
        async with asyncio.timeout(STALLED):
            await send(message)
    except TimeoutError as error:
        raise _Stalled from error


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class LiveText(Live):
    """Lines of text as they are written."""

    media_type = "text/plain; charset=utf-8"


class LiveLines(Live):
    """Lines of JSON as they come."""

    media_type = "application/x-ndjson"


class LiveEvents(Live):
    """Server-sent events."""

    media_type = "text/event-stream; charset=utf-8"
