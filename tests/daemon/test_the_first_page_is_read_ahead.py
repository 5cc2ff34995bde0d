"""A server that starts reads what its first page shows before anybody asks for it."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest

from shipway.daemon import server
from shipway.daemon.server import Opening
from shipway.durable.engine import Engine
from shipway.web import app
from shipway.web.names import Names
from web.scene import Scene
from web.server import story


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A socket of its own stands there, whose address may have a hundred signs."""
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


class Over(Exception):
    """The server has served for long enough."""


def test_it_is_read_as_soon_as_the_server_answers(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That nobody waits for what is read so is seen in tests/web: this is that it is begun."""
    scene, read = Scene.empty(short_path), threading.Event()

    async def serve(_self: object, **_given: Any) -> None:
        if not await asyncio.to_thread(read.wait, 20):
            pytest.fail("nothing was read ahead")
        raise Over

    monkeypatch.setattr(app, "read_ahead", lambda _app: read.set())
    monkeypatch.setattr(server, "Watchers", Mock())
    monkeypatch.setattr(server.signal, "signal", Mock())
    monkeypatch.setattr(server._Server, "serve", serve)
    monkeypatch.setattr(os, "_exit", Mock())
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        names = Names(listener.getsockname()[1], None)
        opening = Opening(listener, names, 8080, 1, False, Mock(), Mock())
        with pytest.raises(Over):
            asyncio.run(server._serve(story(scene).cast, cast(Engine, Mock()), opening))
    scene.database.close()
