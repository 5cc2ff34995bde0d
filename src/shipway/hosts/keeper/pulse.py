"""Whether an instance still answers: its sockets are asked, and the kernel about the threads that should answer.

Silence alone proves nothing: a machine may be slow. So one that is silent is held for hung

- when three questions in a row found no answer and, from the first to the last, the thread that waits for them did
  not run once, nor wait for a CPU or for a disk. It is stopped, frozen or locked, and no patience would help;
- or when it has said nothing for a minute, whatever the kernel says of it. Each time that has happened, it gets
  twice as long the next time, so that a machine on which everything takes a minute is not kept from its work.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping

from shipway.hosts.keeper import processes
from shipway.hosts.keeper.loop import READ, Loop
from shipway.hosts.keeper.processes import Thread

EVERY = 1.0  # seconds between two questions, and for an answer
ASKED = 3
PATIENCE, LONGEST_PATIENCE = 60.0, 3600.0
BUSY = "RD"  # states of one that runs or would like to: on a CPU or waiting for one, at a disk
QUESTION = b"GET /ready HTTP/1.1\r\nHost: keeper\r\nConnection: close\r\n\r\n"

Hung = Callable[[str, bool], None]
"""Called with the reason, as half a sentence, and whether it is proven."""


class Pulse:
    """Of one process, while it lives: `doors` are its threads by name, each with the socket at which it answers.

    Calls `hung` once, and nothing any more after `end`.
    """

    def __init__(self, pid: int, doors: Mapping[str, str], loop: Loop, patience: float, hung: Hung) -> None:
        self._loop = loop
        self._patience = patience
        self._hung = hung
        self._questions = [Question(pid, thread, path, loop) for thread, path in doors.items()]
        self._next = loop.after(EVERY, self._tick)

    def end(self) -> None:
        self._next.cancel()
        for question in self._questions:
            question.withdraw()

    def _tick(self) -> None:
        self._next = self._loop.after(EVERY, self._tick)
        for question in self._questions:
            question.look()
            if question.slept >= ASKED or question.silent * EVERY >= self._patience:
                self.end()
                self._hung(question.reason(), question.slept >= ASKED)
                return
        for question in self._questions:
            question.ask()


class Question:
    """Asked again and again at one socket. `silent` counts how often in a row nothing came back, `slept` how many
    of these found the thread as the one before had left it. The end of the connection is an answer too."""

    def __init__(self, pid: int, thread: str, path: str, loop: Loop) -> None:
        self.silent = self.slept = 0
        self._pid = pid
        self._thread = thread
        self._path = path
        self._loop = loop
        self._socket: socket.socket | None = None
        self._seen: Thread | None = None

    def ask(self) -> None:
        """Where nobody listens (yet), nobody is silent."""
        connection = self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            connection.connect(self._path)
            connection.send(QUESTION)
        except BlockingIOError:  # so many wait there that there is no room for another
            return
        except OSError:
            self.withdraw()
            return
        self._loop.watch(connection.fileno(), READ, lambda _events: self.withdraw())

    def look(self) -> None:
        """When there has been time for an answer."""
        if self._socket is None:
            self.silent = self.slept = 0
            return
        self.withdraw()
        self.silent += 1
        now = processes.thread(self._pid, self._thread)
        rests = now is not None and now.state not in BUSY
        self.slept = self.slept + 1 if rests and now == self._seen else int(rests)
        self._seen = now

    def reason(self) -> str:
        if self.slept >= ASKED:
            return f"its thread {self._thread} has not run since it was asked {self.silent} s ago"
        return f"its thread {self._thread} has not answered for {self.silent * EVERY:.0f} s"

    def withdraw(self) -> None:
        if self._socket is not None:
            self._loop.unwatch(self._socket.fileno())
            self._socket.close()
            self._socket = None
