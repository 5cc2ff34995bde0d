"""Connections that can be cut: by itself the server waits for ever for somebody who never reads."""

from __future__ import annotations

import asyncio

from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol


class Connection(H11Protocol):
    """Gives each request a way to cut the connection it came by (`cut` takes it)."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "cut": transport.abort}


def cut(scope: Scope) -> None:
    """Ends the connection at once and gives up what was not sent yet."""
    abort = scope.get("state", {}).get("cut")
    if abort is not None:
        abort()
