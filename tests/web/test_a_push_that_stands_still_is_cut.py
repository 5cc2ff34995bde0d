"""A client of git that sends no more of its push, yet keeps its connection, is not waited for for ever."""

from __future__ import annotations

import base64
import socket

import pytest

from shipway.pushes.hosting import serve_git
from web.server import Site


def test_a_push_that_stands_still_is_cut_off(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(serve_git.__kwdefaults__, "idle", 0.2)
    site.scene.application("topup")
    token = site.bearer()["authorization"].removeprefix("Bearer ")
    known = "Basic " + base64.b64encode(f"ada:{token}".encode()).decode()
    lines = {"Host": f"127.0.0.1:{site.port}", "Content-Length": "1000", "Authorization": known}
    head = "POST /git/topup.git/git-receive-pack HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with socket.create_connection(("127.0.0.1", site.port), timeout=60) as client:
        client.sendall(head.encode() + b"\r\n0000")
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert not caplog.records, "a client that stands still is no fault of the server's"
