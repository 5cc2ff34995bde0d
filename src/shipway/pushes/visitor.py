"""Whoever knocked at the doorway: a hook, and behind it somebody who looks at their terminal."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any


class Visitor:
    """The hook gets `{"say": text}` for each line to show, and `{"end": code}` at last."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, *lines: str) -> None:
        """Shows lines to whoever pushes; characters that would steer their terminal are replaced."""
        for line in lines:
            await self._send({"say": "".join(char if char.isprintable() else "\ufffd" for char in line)})

    async def end(self, code: int) -> None:
        await self._send({"end": code})

    async def left(self) -> None:
        """Returns when the hook is gone; it says nothing after its first line."""
        with suppress(ConnectionError):
            await self._reader.read()

    async def close(self) -> None:
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    async def _send(self, message: dict[str, Any]) -> None:
        self._writer.write(json.dumps(message).encode() + b"\n")
        await self._writer.drain()
