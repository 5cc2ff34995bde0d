"""A small application that knows nothing of Shipway: `application.py NAME PORT DELAY HEALTH`.

It begins to listen after DELAY seconds, answers its name, and HEALTH as the status of /health. It ends as
good servers do: on SIGTERM it stops to listen, finishes what it has begun and is gone. Standard library only.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import signal
import sys

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


class Application:
    def __init__(self, name: str, health: str) -> None:
        self.name = name
        self.health = health
        self.busy = 0

    async def serve(self, port: int, delay: float) -> None:
        await asyncio.sleep(delay)
        end = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end.set)
        server = await asyncio.start_server(self.client, "127.0.0.1", port)
        await end.wait()
        server.close()
        while self.busy:
            await asyncio.sleep(0.01)

    async def client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.busy += 1
                try:
                    await self.answer(head.decode("latin-1"), reader, writer)
                finally:
                    self.busy -= 1
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            writer.close()

    async def answer(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = head.strip().split("\r\n")
        path = first.split()[1]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if "upgrade" in headers:
            await self.websocket(headers, reader, writer)
            return
        await self.body(headers, reader)
        if path == "/hang-up":
            raise ConnectionAbortedError
        if path.startswith("/slow/"):
            await asyncio.sleep(float(path.removeprefix("/slow/")))
        status = self.health if path == "/health" else path.partition("/status/")[2] or "200"
        text = json.dumps(headers) if path == "/headers" else self.name
        more = "Set-Cookie: mine=1\r\n" if path == "/cookie" else ""
        writer.write(f"HTTP/1.1 {status} Said\r\n{more}Content-Length: {len(text)}\r\n\r\n{text}".encode())
        await writer.drain()

    async def body(self, headers: dict[str, str], reader: asyncio.StreamReader) -> None:
        await reader.readexactly(int(headers.get("content-length", 0)))
        while headers.get("transfer-encoding") == "chunked":
            size = int(await reader.readuntil(b"\r\n"), 16)
            await reader.readexactly(size + 2)
            if size == 0:
                return

    async def websocket(
        self, headers: dict[str, str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Says its name after each byte it gets; frames are left to those who test frames."""
        accept = base64.b64encode(hashlib.sha1(headers["sec-websocket-key"].encode() + GUID).digest()).decode()
        upgrade = "Upgrade: websocket\r\nConnection: Upgrade"
        writer.write(f"HTTP/1.1 101 Go on\r\n{upgrade}\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode())
        while await reader.read(1):
            writer.write(self.name.encode() + b"\n")


if __name__ == "__main__":
    name, port, delay, health = sys.argv[1:]
    asyncio.run(Application(name, health).serve(int(port), float(delay)))
