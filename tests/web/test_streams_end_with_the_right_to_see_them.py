"""BARS S15, S17: a stream that was opened lawfully ends when the token or session it was opened with does."""

from __future__ import annotations

import http.client
import inspect
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from shipway.pushes import access
from shipway.web import app, streams
from shipway.web.headers import ALWAYS
from web.server import PAGES, Site
from web.written import write

LOG = "/api/v1/applications/topup/environments/prod/logs?follow=1"
STREAMS = (
    "/events",
    "/api/v1/events",
    "/api/v1/runs/topup:1/log?step=test&follow=1",
    "/api/v1/runs/topup:1/watch",
    LOG,
)


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "CHECK_EVERY", 0.1)


def begun(site: Site) -> None:
    site.scene.application("topup")
    run = site.scene.push("topup", "First")
    site.scene.begin(run)
    site.scene.step(run, "test", "running", log="a line\n")
    site.scene.deliver(site.scene.push("topup", "Second"))


@contextmanager
def opened(site: Site, path: str, headers: Mapping[str, str]) -> Iterator[http.client.HTTPResponse]:
    """An answer that goes on, of which a byte has come."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    connection.request("GET", path, headers={"host": f"{PAGES}:{site.port}", **headers})
    answer = connection.getresponse()
    assert answer.status == 200
    if path == LOG:
        write(site.scene, "web", "a line")
    assert answer.read1(1)
    yield answer
    answer.close()
    connection.close()


def test_every_answer_that_goes_on_is_tried_here_and_looked_at_soon_enough() -> None:
    going_on = {one.path for one in app.DECLARED if re.search(r"\bLive[A-Z]\w+\(", source(one.answer))}
    tried = {path.partition("?")[0] for path in STREAMS}
    assert {filled(path) for path in going_on} == tried
    assert streams.CHECK_EVERY <= 30


def source(answer: object) -> str:
    return inspect.getsource(getattr(answer, "func", answer))


def filled(path: str) -> str:
    for name, value in (("run", "topup:1"), ("application", "topup"), ("environment", "prod")):
        path = path.replace(f"{{{name}}}", value)
    return path


def test_a_stream_is_for_its_own_origin_and_cannot_be_framed(site: Site) -> None:
    begun(site)
    session = site.sign_in()
    for path in STREAMS:
        for foreign in ({"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
            assert site.ask("GET", path, {**session, **foreign}).status == 403, path
        with opened(site, path, {**session, "origin": site.origin}) as answer:
            assert {name: answer.getheader(name) for name in ALWAYS} == ALWAYS, path


@pytest.mark.usefixtures("_soon")
@pytest.mark.parametrize("path", STREAMS)
@pytest.mark.parametrize("by", ["token", "session"])
def test_no_byte_comes_after_it_was_revoked(site: Site, path: str, by: str) -> None:
    begun(site)
    headers = site.bearer("ben") if by == "token" else site.sign_in("ben")
    with opened(site, path, headers) as answer:
        kind = "personal" if by == "token" else "session"
        for token in access.every(site.scene.database, kind):
            if token.who == "ben":
                access.revoke(site.scene.database, token.id, "ada")
        answer.read()  # returns because the server ends the stream
        assert answer.isclosed()


@pytest.mark.needs("chromium")
@pytest.mark.usefixtures("_soon")
def test_a_tab_whose_session_is_over_asks_who_is_there(page: Page, site: Site) -> None:
    begun(site)
    page.goto(f"{site.origin}/runs/topup:1")
    expect(page.locator("[data-line]")).to_have_text("Live")
    expect(page.locator("#lines")).to_contain_text("a line")
    other = page.context.new_page()
    other.goto(f"{site.origin}/runs")
    other.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_visible()


def test_a_stream_ends_when_its_reader_leaves(site: Site) -> None:
    begun(site)
    for path in STREAMS:
        with opened(site, path, site.bearer()):
            pass
    for _ in range(100):
        if not site.server.server_state.tasks:
            break
        site.thread.join(0.05)
    assert not site.server.server_state.tasks
