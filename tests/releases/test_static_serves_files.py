"""A static site is served as it was shipped: whole, fresh after every release, and nothing beside it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SITE = {"index.html": "<h1>Hello</h1>", "sub/index.html": "sub", "404.html": "lost", "big.bin": "x" * 3_000_000}


@dataclass
class Server:
    """The server of a directory, as a release runs it."""

    port: int
    process: subprocess.Popen[bytes]
    connection: http.client.HTTPConnection

    def get(self, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        self.connection.request(
            "GET", path, headers={name.replace("_", "-"): each for name, each in headers.items()}
        )
        response = self.connection.getresponse()
        return response, response.read()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name, content in SITE.items():
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "site" / "link").symlink_to(tmp_path / "secret")
    return tmp_path / "site"


@pytest.fixture
def server(site: Path) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-I", "-m", "shipway.releases.static"]
    process = subprocess.Popen(command, cwd=site, env={"PATH": os.defpath, "PORT": str(port)})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for _ in range(600):
        try:
            connection.connect()
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    yield Server(port, process, connection)
    connection.close()
    process.kill()
    process.wait()


def test_files_are_served_with_their_type(server: Server) -> None:
    response, body = server.get("/")
    assert (response.status, body.decode()) == (200, SITE["index.html"])
    assert response.headers["content-type"].startswith("text/html")
    assert server.get("/sub/")[1] == b"sub"
    assert len(server.get("/big.bin")[1]) == 3_000_000
    response, body = server.get("/nowhere")
    assert (response.status, body) == (404, b"lost")


@pytest.mark.parametrize("path", ["/link", "/../secret", "/%2e%2e/secret", "//secret", "/..%2fsecret", "/%00"])
def test_nothing_beside_the_site_is_served(server: Server, path: str) -> None:
    response, body = server.get(path)
    assert response.status == 404
    assert b"secret" not in body


def test_what_is_hidden_is_not_served_but_where_it_is_there_to_be_found(server: Server, site: Path) -> None:
    for name in (".env", ".git/config", "sub/.htpasswd", ".well-known/security.txt"):
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_text("hidden")
    for path in ("/.env", "/%2eenv", "/.git/config", "/sub/.htpasswd", "/sub/../.env"):
        assert server.get(path)[0].status == 404
    assert server.get("/.well-known/security.txt")[0].status == 200  # RFC 8615


@pytest.mark.parametrize("path", ["/a%20b", "//a%20b", "/sub/../a%20b"])
def test_a_directory_without_its_slash_leads_to_itself_at_any_address(
    server: Server, site: Path, path: str
) -> None:
    (site / "a b").mkdir()
    (site / "a b" / "index.html").write_text("inside")
    response, _ = server.get(f"{path}?page=2")
    assert (response.status, response.headers["location"]) == (307, "a%20b/?page=2")


def test_whoever_has_a_file_is_told_whether_it_is_still_that_one(server: Server, site: Path) -> None:
    response, _ = server.get("/")
    tag, changed = response.headers["etag"], response.headers["last-modified"]
    assert server.get("/", if_none_match=tag)[0].status == 304
    assert server.get("/", if_none_match='"of another release"')[0].status == 200
    assert server.get("/", if_modified_since=changed)[0].status == 200  # after a rollback the older file is right


def test_tags_follow_the_content_and_not_the_time(server: Server, site: Path) -> None:
    (site / "a.txt").write_text("one")
    (site / "b.txt").write_text("two")
    for name in ("a.txt", "b.txt"):
        os.utime(site / name, (0, 0))
    tags = {server.get(f"/{name}")[0].headers["etag"] for name in ("a.txt", "b.txt")}
    assert len(tags) == 2


def test_told_to_stop_it_answers_what_it_has_and_goes(server: Server) -> None:
    server.connection.request("GET", "/big.bin")
    server.process.send_signal(signal.SIGTERM)
    assert len(server.connection.getresponse().read()) == 3_000_000
    assert server.process.wait(30) in (0, -signal.SIGTERM)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), 5)
