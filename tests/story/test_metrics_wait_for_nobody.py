"""Instances are asked for what they measure; whoever hangs, or has no end, keeps nobody else waiting."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from shipway.signals.scraped import Scraped
from shipway.signals.settings import MetricsSettings
from shipway.story import scraping
from shipway.story.scraping import Asked, Scraping
from support.installation import eventually
from web import reporting
from web.scene import Scene
from web.server import story

HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
Answer = Callable[[socket.socket, threading.Event], None]


def well(line: socket.socket, _over: threading.Event) -> None:
    line.sendall(HEAD + b"# TYPE sold counter\nsold 3\n")


def hangs(_line: socket.socket, over: threading.Event) -> None:
    over.wait()


def drips(line: socket.socket, over: threading.Event) -> None:
    line.sendall(HEAD)
    while not over.wait(0.05):
        line.sendall(b"#")


def has_no_end(line: socket.socket, over: threading.Event) -> None:
    line.sendall(HEAD)
    for _ in range(300):
        line.sendall(b"# and so on\n" * 1000)
    over.wait()


def redirects(line: socket.socket, _over: threading.Event) -> None:
    line.sendall(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def talks_nonsense(line: socket.socket, _over: threading.Event) -> None:
    line.sendall(HEAD + b"<html></html>")


def is_packed(line: socket.socket, _over: threading.Event) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + bytes(5000))


def leaves(line: socket.socket, _over: threading.Event) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsold 3\n")


WRONG = {
    hangs: "no answer within 1 s",
    drips: "no answer within 1 s",
    has_no_end: "the answer has more than 1048576 bytes",
    redirects: "it answered 302",
    talks_nonsense: "it is not in Prometheus' text format",
    is_packed: "it is not in Prometheus' text format",
    leaves: "peer closed connection",
}


@contextmanager
def serving(answer: Answer) -> Iterator[int]:
    """A port at which everybody is answered so."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening, ExitStack() as stack:

        def attend(line: socket.socket) -> None:
            line.settimeout(20)
            with line, suppress(OSError):
                line.recv(4096)
                answer(line, over)

        def listen() -> None:
            with suppress(OSError):
                while True:
                    one = threading.Thread(target=attend, args=(listening.accept()[0],))
                    stack.callback(one.join)
                    one.start()

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_one_that_answers_is_asked_in_its_time_whatever_the_others_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scraping, "PATIENCE", 1.0)
    monkeypatch.setattr(scraping, "LOOK", 0.05)
    scene = Scene.empty(tmp_path)
    scene.application("topup")
    scene.deliver(scene.push("topup", "Sell"))
    release, cast = reporting.release(scene), story(scene).cast
    settings = MetricsSettings(path="/metrics", every=5)
    asking, stopping = Scraping(cast), threading.Event()
    with ExitStack() as stack:
        ports = {answer: stack.enter_context(serving(answer)) for answer in [*WRONG, well]}
        wanted = [
            Asked(f"{release.name}.web.{number}", port, release, settings)
            for number, port in enumerate(ports.values(), 1)
        ]
        monkeypatch.setattr(Scraping, "_look", lambda _self: iter(wanted))
        thread = threading.Thread(target=asking.run, args=(stopping, lambda: None))
        thread.start()
        stack.callback(thread.join)
        stack.callback(stopping.set)

        def told() -> dict[str, Scraped]:
            return dict(cast.meters.scraped)

        def says(one: Asked) -> str:
            return told()[one.instance].says if one.instance in told() else ""

        for one, wrong in zip(wanted, WRONG.values(), strict=False):
            eventually(lambda one=one, wrong=wrong: says(one).startswith(wrong), f"it is told: {wrong}", 60)
            assert not told()[one.instance].good
        eventually(lambda: says(wanted[-1]) == "1 of 1 kept", "the one that is well was asked", 60)
        assert told()[wanted[-1].instance].good
        assert cast.meters.of("topup", "prod").heard() == 1
    scene.database.close()
