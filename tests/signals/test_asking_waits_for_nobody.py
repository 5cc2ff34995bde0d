"""The judge's own requests: an answer that never comes, or never ends, keeps nobody waiting."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from shipway.signals import asking
from shipway.signals.asking import Question, Round
from support.installation import eventually


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """An instance that does this with every connection, on a port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def says(status: int) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        with connection:
            connection.recv(4096)
            connection.sendall(f"HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n\r\n".encode())

    return answer


def endless(connection: socket.socket) -> None:
    """Answers well, and then goes on and on, as server-sent events do."""
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                connection.sendall(b"1\r\nx\r\n")
        except OSError:
            return


def mute(connection: socket.socket) -> None:
    connection.recv(4096)
    threading.Event().wait()


def asked(*ports: int) -> list[bool]:
    made = Round([Question(port, "shop.localhost", "/health", True) for port in ports])
    eventually(lambda: made.over, "the round is over")
    return [good for _, good in made.answers()]


@pytest.mark.parametrize(("status", "good"), [(200, True), (302, True), (404, True), (500, False), (503, False)])
def test_what_is_below_500_is_good(status: int, good: bool) -> None:
    with listening(says(status)) as port:
        assert asked(port) == [good]


def test_an_answer_that_never_ends_is_an_answer() -> None:
    with listening(endless) as port:
        assert asked(port) == [True]


def test_none_is_a_bad_one_and_the_others_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0.3)
    with listening(mute) as silent, listening(says(200)) as well:
        assert asked(silent, well) == [False, True]


def test_nobody_there_is_a_bad_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert asked(port) == [False]
