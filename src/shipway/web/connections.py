"""Connections that can be cut, and that refuse what is not HTTP with our headers.

By itself the server waits for ever for somebody who never reads, and its refusal has no headers of ours.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from functools import partial

import h11
from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

from shipway.web.headers import ALWAYS

AT_ONCE = struct.pack("ii", 1, 0)
WAITING = 32 * 1024  # bytes that may wait for a slow reader; as many again may come at once


class Connection(H11Protocol):
    """Gives each request a way to cut the connection it came by (`cut` takes it)."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=WAITING)
        self.app_state = {**self.app_state, "cut": partial(_abort, transport)}

    def send_400_response(self, msg: str) -> None:
        """No application answers what could not be read as a request, so no middleware adds to it."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):  # else an answer has begun, which only ends
            headers = {"content-type": "text/plain; charset=utf-8", "cache-control": "no-store", **ALWAYS}
            closing = [*headers.items(), ("connection", "close")]
            refused = h11.Response(status_code=400, headers=closing, reason=b"Bad Request")
            for event in (refused, h11.Data(data=msg.encode()), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def cut(scope: Scope) -> None:
    """Ends the connection at once, and gives up what was not read yet: here, and in the system's buffers."""
    abort = scope.get("state", {}).get("cut")
    if abort is not None:
        abort()


def _abort(transport: asyncio.Transport) -> None:
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    transport.abort()
