"""BARS R14: a log is read once for all who follow it, each gets every byte, and who never reads is left behind."""

from __future__ import annotations

import hashlib
import http.client
import json
import select
import socket
import threading
from pathlib import Path

import pytest

from shipway.state.runs import Run
from shipway.web import streams, tail
from web.server import Site

READERS, STALLED = 30, 6
PIECE = b"".join(b"%060d\n" % number for number in range(4096))
PIECES = 60  # 15 MB: more than the system keeps for somebody who does not read


@pytest.fixture
def run(site: Site, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(streams, "STALLED", 2.0)
    site.scene.application("topup")
    run = site.scene.push("topup", "One")
    site.scene.begin(run)
    site.scene.step(run, "test", "running", log="begin\n")
    return run


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes were read from files."""
    sizes: list[int] = []
    as_ever = tail.read

    def counted(*how: object) -> bytes:
        found = as_ever(*how)  # type: ignore[arg-type]
        sizes.append(len(found))
        return found

    monkeypatch.setattr(tail, "read", counted)
    return sizes


def asked(site: Site, path: str) -> socket.socket:
    """A connection over which the path was asked for, with as little room for an answer as there can be."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", site.port))
    token = site.bearer()["authorization"]
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{site.port}\r\nauthorization: {token}\r\n\r\n".encode()
    )
    return connection


class Reader(threading.Thread):
    """Follows the log to its end."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        self.site, self.digest = site, hashlib.sha256()
        self.begun = threading.Event()

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=60)
        connection.request("GET", "/api/v1/runs/topup:1/log?step=test&follow=1", headers=self.site.bearer())
        answer = connection.getresponse()
        while piece := answer.read1(1 << 16):
            self.digest.update(piece)
            self.begun.set()
        connection.close()


def write(site: Site, run: Run) -> str:
    """Writes the log to its end; the digest of all of it."""
    for _ in range(PIECES):
        site.scene.log(run, "test", PIECE.decode())
    site.scene.end_step(run, "test", "passed")
    return hashlib.sha256(b"begin\n" + PIECE * PIECES).hexdigest()


def test_each_reader_gets_every_byte_and_who_never_reads_is_left(site: Site, run: Run, read: list[int]) -> None:
    readers = [Reader(site) for _ in range(READERS)]
    stalled = [asked(site, "/api/v1/runs/topup:1/log?step=test&follow=1") for _ in range(STALLED)]
    for reader in readers:
        reader.start()
    for reader in readers:
        assert reader.begun.wait(60)
    whole = write(site, run)
    for reader in readers:
        reader.join(100)
    assert {reader.digest.hexdigest() for reader in readers} == {whole}
    assert [_was_cut(connection) for connection in stalled] == [True] * STALLED
    _nobody_is_left(site)
    assert sum(read) < len(PIECE) * PIECES * (READERS + STALLED) / 4, "each viewer read the file by itself"


def test_pages_hear_how_far_a_log_is_by_one_line(site: Site, run: Run) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    connection.request("GET", f"/events?log={run.id}/test/1&log=nothing/here/1", headers=site.bearer())
    answer = connection.getresponse()
    told = (json.loads(line[6:]) for line in answer if line.startswith(b'data: {"log"'))
    first = next(told)
    assert (first["log"], first["count"], first["over"]) == (f"{run.id}/test/1", 1, False)
    site.scene.log(run, "test", "no end")
    assert [line["text"] for line in next(told)["new"]] == ["begin", "no end"]
    site.scene.log(run, "test", " yet\nand more\n")
    assert [line["text"] for line in next(told)["new"]] == ["no end yet", "and more"]
    site.scene.log(run, "test", "many\n" * 300)
    assert next(told).keys() == {"log", "size", "count", "over"}
    site.scene.end_step(run, "test", "passed")
    last = next(one for one in told if one["over"])
    assert last["count"] == 303
    answer.close()
    connection.close()


@pytest.mark.parametrize("path", ["/api/v1/runs/topup:1/log?step=test&follow=1", "/events?log={run}/test/1"])
def test_who_follows_is_cut_off_when_it_cannot_be_looked_at(
    site: Site, run: Run, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    connection, answer = _followed(site, path.format(run=run.id))
    with monkeypatch.context() as broken:
        broken.setattr(tail, "size", _fails)
        with pytest.raises(http.client.IncompleteRead):
            answer.read()
    connection.close()
    connection, answer = _followed(site, path.format(run=run.id))
    site.scene.log(run, "test", "and more\n")
    while b"and more" not in answer.readline():
        pass
    answer.close()
    connection.close()


def _followed(site: Site, path: str) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    """An answer that goes on, after what was there of the log."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    connection.request("GET", path, headers=site.bearer())
    answer = connection.getresponse()
    told = b""
    while not (b"begin\n" in told if "follow" in path else b'"count":1' in told):
        told = answer.readline()
    return connection, answer


def _fails(_path: Path) -> int:
    raise OSError("the disk is gone")


def _was_cut(connection: socket.socket) -> bool:
    """Whether the server ended the connection, without a byte having been read from it."""
    watcher = select.poll()
    watcher.register(connection, select.POLLHUP | select.POLLERR | select.POLLRDHUP)
    cut = bool(watcher.poll(60_000))
    connection.close()
    return cut


def _nobody_is_left(site: Site) -> None:
    for _ in range(600):
        if not site.server.server_state.tasks:
            return
        site.thread.join(0.05)
    raise AssertionError(site.server.server_state.tasks)
