"""BARS S17: a stream that was opened lawfully ends when the token or session it was opened with does."""

from __future__ import annotations

import http.client

import pytest
from playwright.sync_api import Page, expect

from shipway.pushes import access
from shipway.web import streams
from web.server import PAGES, Site

STREAMS = (
    "/events",
    "/api/v1/events",
    "/api/v1/runs/topup:1/log?step=test&follow=1",
    "/api/v1/runs/topup:1/watch",
)


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "CHECK_EVERY", 0.1)


def begun(site: Site) -> None:
    site.scene.application("topup")
    run = site.scene.push("topup", "First")
    site.scene.begin(run)
    site.scene.step(run, "test", "running", log="a line\n")


@pytest.mark.usefixtures("_soon")
@pytest.mark.parametrize("path", STREAMS)
@pytest.mark.parametrize("by", ["token", "session"])
def test_no_byte_comes_after_it_was_revoked(site: Site, path: str, by: str) -> None:
    begun(site)
    headers = site.bearer("ben") if by == "token" else site.sign_in("ben")
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    connection.request("GET", path, headers={"host": f"{PAGES}:{site.port}", **headers})
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.read1(1)
    kind = "personal" if by == "token" else "session"
    for token in access.every(site.scene.database, kind):
        if token.who == "ben":
            access.revoke(site.scene.database, token.id, "ada")
    rest = answer.read()  # returns because the server ends the stream
    site.scene.application("later")
    assert b"later" not in rest
    connection.close()


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
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
        connection.request("GET", path, headers=site.bearer())
        answer = connection.getresponse()
        assert answer.read1(1)
        answer.close()
        connection.close()
    for _ in range(100):
        if not site.server.server_state.tasks:
            break
        site.thread.join(0.05)
    assert not site.server.server_state.tasks
