"""`host:port` takes a connection."""

from __future__ import annotations

import asyncio
import time

from shipway.signals.questions.answer import Heard
from shipway.signals.questions.names import split
from shipway.signals.questions.place import Place
from shipway.signals.questions.question import Question


async def ask(question: Question, place: Place) -> Heard:
    """Any of the host's addresses is enough. Raises NotKnown, and TimeoutError."""
    host, port = split(question.of)
    addresses = await place.names.find(host, question.timeout)
    refused = ""
    async with asyncio.timeout(question.timeout):
        for address in addresses:
            began = time.monotonic()
            try:
                _, writer = await asyncio.open_connection(address, port)
            except OSError as error:
                refused = f"no connection: {error.strerror or error}".lower()
                continue
            writer.transport.abort()
            return Heard("passed", f"connected in {1000 * (time.monotonic() - began):.0f} ms")
    return Heard("failed", refused)
