"""The keeper's socket: readable for nobody else, and whoever gets through all the same is asked who he is."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from shipway.hosts.keeper.conversation import Conversation, Reply, uid_of_peer
from shipway.hosts.keeper.log import say
from shipway.hosts.keeper.loop import READ, Loop
from shipway.hosts.keeper.private import make_private

MOST_CONVERSATIONS = 200
LONGEST_SILENCE = 60.0


class Door:
    """Opens conversations. Only the holder of the keeper's lock makes one, so the path is its to replace."""

    def __init__(self, path: Path, loop: Loop, request: Callable[[bytes, Reply], None]) -> None:
        self._path = path
        self._loop = loop
        self._request = request
        self._conversations: list[Conversation] = []
        self._open()

    def look_after(self) -> None:
        """Every few seconds: ends silent conversations, and opens the door again where its path is gone."""
        silent = monotonic() - LONGEST_SILENCE
        for one in self._conversations:
            if not one.busy and one.last < silent:
                one.close()
        self._conversations = [one for one in self._conversations if not one.closed]

    def is_shut(self) -> bool:
        """True when the socket's path is not there any more: its directory was emptied."""
        return not self._path.exists()

    def reopen(self) -> None:
        self._loop.unwatch(self._socket.fileno())
        self._socket.close()
        self._open()

    def shut(self) -> None:
        self._path.unlink(missing_ok=True)

    def _open(self) -> None:
        make_private(self._path.parent)
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(self._path))
        self._path.chmod(0o600)
        self._socket.listen(1024)
        self._socket.setblocking(False)
        self._loop.watch(self._socket.fileno(), READ, self._accept)

    def _accept(self, _events: int) -> None:
        self._make_room()
        try:
            connection, _ = self._socket.accept()
        except BlockingIOError:
            return
        except OSError as problem:
            say(f"nobody can be let in: {problem}")
            self._close_oldest()
            return
        if uid_of_peer(connection) != os.getuid():
            say(f"user {uid_of_peer(connection)} was turned away")
            connection.close()
            return
        self._conversations.append(Conversation(connection, self._loop, self._request))

    def _make_room(self) -> None:
        self._conversations = [one for one in self._conversations if not one.closed]
        if len(self._conversations) >= MOST_CONVERSATIONS:
            self._close_oldest()

    def _close_oldest(self) -> None:
        """The one that has said nothing for longest gives way; who waits for an answer keeps his place."""
        idle = [one for one in self._conversations if not one.busy]
        for one in sorted(idle, key=lambda one: one.last)[:1]:
            one.close()
