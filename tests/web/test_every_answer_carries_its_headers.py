"""BARS S13, S15: no answer, whatever it is, can be framed, sniffed, or made to run a script of somebody else."""

from __future__ import annotations

import http.client
import re
import socket

import pytest

from shipway.web import app, routes
from shipway.web.headers import ALWAYS
from web.scene import Scene
from web.server import Site


def answers(site: Site) -> list[tuple[str, str]]:
    return [("GET", path) for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', site.get("/").text)]


def test_every_address_and_every_kind_of_failure(site: Site) -> None:
    site.scene.application("topup")
    page = {"accept": "text/html"}
    tried = [(one.method, re.sub(r"[{}]|:path", "", one.path)) for one in app.DECLARED if "events" not in one.path]
    tried += [*answers(site), ("GET", "/nothing"), ("POST", "/"), ("GET", "/static/x/nothing"), ("HEAD", "/")]
    for method, path in tried:
        for headers in (site.bearer(), {}, {**site.bearer(), **page}, page, {"host": "evil.example"}):
            answer = site.ask(method, path, headers)
            for name, value in ALWAYS.items():
                assert answer.headers.get(name) == value, f"{method} {path} {answer.status} lacks {name}"


@pytest.mark.parametrize(
    "said",
    [
        b"no request\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nno header\r\n\r\n",
        b"POST /signin HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nno chunk\r\n",
    ],
    ids=["line", "header", "chunk"],
)
def test_what_is_not_http_is_refused_with_them_too(site: Site, said: bytes) -> None:
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as connection:
        connection.sendall(said)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 400
        assert {name: answer.getheader(name) for name in ALWAYS} == ALWAYS
        assert answer.getheader("cache-control") == "no-store"
        assert answer.read() == b"Invalid HTTP request received."


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere(site: Site) -> None:
    policy = site.ask("GET", "/signin").headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_a_fault_of_our_own_shows_no_detail(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(site: object, call: object) -> object:
        raise RuntimeError("the password is hunter2")

    async def broken_stream(site: object, call: object) -> object:
        raise RuntimeError("the password is hunter2")

    more = (
        routes.declare("GET", "/breaks", broken, who="public"),
        routes.declare("GET", "/breaks/too", broken_stream, who="public"),
    )
    monkeypatch.setattr(app, "DECLARED", (*app.DECLARED, *more))
    site = Site.start(scene)
    try:
        for path in ("/breaks", "/breaks/too"):
            for accept in ("text/html", "*/*"):
                answer = site.ask("GET", path, {"accept": accept})
                assert answer.status == 500
                assert "hunter2" not in answer.text
                assert "Traceback" not in answer.text
                assert ALWAYS.items() <= answer.headers.items()
                name = answer.headers["x-request-id"]
                assert name in answer.text
                (noted,) = [one for one in caplog.records if one.getMessage().startswith(f"{name}: GET {path}")]
                assert noted.exc_info is not None
                assert "hunter2" in str(noted.exc_info[1]), "the log has what the answer keeps to itself"
    finally:
        site.stop()


def test_pages_are_not_kept_by_browsers_and_files_are(site: Site) -> None:
    assert site.get("/", accept="text/html").headers["cache-control"] == "no-store"
    style = next(path for _, path in answers(site) if path.endswith("base.css"))
    assert "immutable" in site.ask("GET", style).headers["cache-control"]
    old = re.sub("/static/[^/]+/", "/static/000000000000/", style)
    assert site.ask("GET", old).headers["cache-control"] == "no-cache"


def test_pages_hold_no_inline_style_or_script_and_name_no_other_server(site: Site) -> None:
    for path in ("/", "/runs", "/signin", "/nothing"):
        text = site.get(path, accept="text/html").text
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", text)
        assert not re.search(r"""(?:src|href|action)=["']?(?:https?:)?//""", text)


def test_only_the_files_of_pages_can_be_asked_for(site: Site) -> None:
    for name in (
        "../app.py",
        "%2e%2e/app.py",
        "..%2fapp.py",
        "/etc/passwd",
        "fonts/../../app.py",
        "base.css%00",
        "",
    ):
        assert site.ask("GET", f"/static/x/{name}").status == 404
