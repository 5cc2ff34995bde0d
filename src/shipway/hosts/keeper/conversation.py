"""One connection: lines in, one line back for each, in order; whatever else comes in ends it."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from shipway.hosts.keeper.loop import READ, WRITE, Loop

LONGEST_LINE = 4 * 1024 * 1024
Reply = Callable[[dict[str, Any]], None]


def uid_of_peer(connection: socket.socket) -> int:
    """Who is at the other end, as the kernel saw them connect."""
    return _peer(connection)[1]


def pid_of_peer(connection: socket.socket) -> int:
    """Which process is at the other end; of one that listens, the one that began to."""
    return _peer(connection)[0]


def _peer(connection: socket.socket) -> tuple[int, int, int]:
    """The ids of its process, user and group."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, gid = struct.unpack("3i", credentials)
    return pid, uid, gid


class Conversation:
    """Reads one request at a time: the next one is looked at when the last one is answered, and its answer
    taken, so that nobody can pile up requests or answers here."""

    def __init__(self, connection: socket.socket, loop: Loop, request: Callable[[bytes, Reply], None]) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._loop = loop
        self._request = request
        self._incoming = bytearray()
        self._outgoing = bytearray()
        self._no_more = False  # the other side has sent all it wanted to
        self._going_on = False
        self.busy = False
        self.closed = False
        self.last = time.monotonic()
        self._watch()

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._loop.unwatch(self._connection.fileno())
            self._connection.close()

    def _ready(self, events: int) -> None:
        self.last = time.monotonic()
        if events & WRITE:
            self._send()
        if events & READ and not self.closed:
            self._receive()
        self._go_on()

    def _receive(self) -> None:
        try:
            received = self._connection.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        self._no_more = not received
        self._incoming += received

    def _send(self) -> None:
        try:
            while self._outgoing:
                del self._outgoing[: self._connection.send(self._outgoing)]
        except BlockingIOError:
            return
        except OSError:  # it left without waiting for the answer
            self.close()

    def _go_on(self) -> None:
        """Hands on whole lines, one after the other. A request that is answered at once comes back here
        through `_reply`; the loop already running then carries on."""
        if self._going_on:
            return
        self._going_on = True
        while self._free and (end := self._incoming.find(b"\n")) >= 0:
            line = bytes(self._incoming[:end])
            del self._incoming[: end + 1]
            self.busy = True
            self._request(line, self._reply)
        if self._free and len(self._incoming) > LONGEST_LINE:
            self._incoming.clear()
            self._no_more = True
            self._reply({"ok": False, "error": "bad_request", "message": "the line is too long"})
        self._going_on = False
        self._watch()

    def _reply(self, answer: dict[str, Any]) -> None:
        self.busy = False
        self.last = time.monotonic()
        if not self.closed:
            self._outgoing += json.dumps(answer).encode() + b"\n"
            self._send()
            self._go_on()

    @property
    def _free(self) -> bool:
        return not (self.busy or self.closed or self._outgoing)

    def _watch(self) -> None:
        if self.closed:
            return
        if self._no_more and self._free:
            self.close()
        elif self._outgoing:
            self._loop.watch(self._connection.fileno(), WRITE, self._ready)
        elif self._free:
            self._loop.watch(self._connection.fileno(), READ, self._ready)
        else:
            self._loop.unwatch(self._connection.fileno())
