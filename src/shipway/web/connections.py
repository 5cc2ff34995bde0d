"""Connections that can be cut: by itself the server waits for ever for somebody who never reads."""

from __future__ import annotations

import asyncio
import socket
import struct
from functools import partial

from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

AT_ONCE = struct.pack("ii", 1, 0)
WAITING = 32 * 1024  # bytes that may wait for a slow reader; as many again may come at once


class Connection(H11Protocol):
    """Gives each request a way to cut the connection it came by (`cut` takes it)."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=WAITING)
        self.app_state = {**self.app_state, "cut": partial(_abort, transport)}


def cut(scope: Scope) -> None:
    """Ends the connection at once, and gives up what was not read yet: here, and in the system's buffers."""
    abort = scope.get("state", {}).get("cut")
    if abort is not None:
        abort()


def _abort(transport: asyncio.Transport) -> None:
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    transport.abort()
