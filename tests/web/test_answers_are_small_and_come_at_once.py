"""What is sent over the wire: packed where that is worth it, never held back, streams never packed."""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
from contextlib import closing

from shipway import daemon
from web.server import Site

FIRST_VIEW = 150_000  # bytes
REQUESTS = 20


def test_a_page_is_packed_for_who_takes_that_and_only_then(past: Site) -> None:
    packed, plain = past.get("/", **{"accept-encoding": "gzip"}), past.get("/")
    assert packed.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in packed.headers["vary"].lower()
    assert "content-encoding" not in plain.headers
    assert len(packed.body) < len(plain.body) / 4
    assert "Sorted by what may need a person first" in gzip.decompress(packed.body).decode()


def test_the_first_view_is_small_and_of_few_requests(past: Site) -> None:
    """Of six applications; bench/home_scale.py measures it with fifty."""
    page = past.get("/")
    names = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text))
    answers = [past.get(name, **{"accept-encoding": "gzip"}) for name in names]
    fonts = len(re.findall(r"url\(fonts/", past.get(min(n for n in names if "variables" in n)).text))
    assert 1 + len(names) + fonts + 1 <= REQUESTS
    assert sum(len(answer.body) for answer in answers) < FIRST_VIEW / 2


def test_what_is_sent_as_it_happens_is_never_packed(site: Site) -> None:
    """It would wait for more before it is sent."""
    site.scene.application("topup")
    site.scene.begin(site.scene.push("topup", "One"))
    host = site.origin.removeprefix("http://")
    asked = f"GET /api/v1/runs/topup:1/watch HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: gzip\r\n"
    asked += f"Authorization: {site.bearer()['authorization']}\r\n\r\n"
    with closing(socket.create_connection(("127.0.0.1", site.port), timeout=60)) as connection:
        connection.sendall(asked.encode())
        heard = b""
        while b"run 1 of topup" not in heard:
            more = connection.recv(4096)
            assert more, heard
            heard += more
    assert b"content-encoding" not in heard.lower()


def test_a_small_answer_is_not_held_back_until_the_one_before_is_acknowledged() -> None:
    """Held back it comes 40 ms late whenever a connection is used again (Nagle's algorithm)."""
    with daemon._listening(0) as listener:
        assert asyncio.run(_accepted(listener)) != 0


async def _accepted(listener: socket.socket) -> int:
    """Whether what the server accepts there has that switched off."""
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def look(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted = writer.get_extra_info("socket")
        told.set_result(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async with await asyncio.start_server(look, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        found = await told
        writer.close()
        await writer.wait_closed()
    return found
