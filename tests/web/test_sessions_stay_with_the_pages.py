"""Sessions belong to a host that no application has: browsers send a cookie to every port of its host."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from web.server import Site

HTML = {"accept": "text/html,application/xhtml+xml"}
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def link(site: Site) -> str:
    url: str = site.send("POST", "/api/v1/signin", {}).json["url"]
    return url


@pytest.mark.parametrize("name", LOOPBACK)
def test_a_session_counts_by_the_name_of_the_pages_only(site: Site, name: str) -> None:
    session = site.sign_in()
    assert site.ask("GET", "/api/v1/runs", session).status == 200
    assert site.ask("GET", "/api/v1/runs", {**session, "host": f"{name}:{site.port}"}).status == 401
    assert site.ask("GET", "/events", {**session, "host": f"{name}:{site.port}"}).status == 401


@pytest.mark.parametrize("name", LOOPBACK)
def test_no_session_is_made_by_another_name(site: Site, name: str) -> None:
    host = f"{name}:{site.port}"
    form = {"origin": f"http://{host}", "content-type": "application/x-www-form-urlencoded", "host": host}
    answer = site.ask("POST", "/signin", form, f"token={site.scene.tokens['ada']}")
    assert (answer.status, answer.headers["location"]) == (303, f"{site.origin}/signin")
    assert "set-cookie" not in answer.headers
    once = link(site).removeprefix(site.origin)
    answer = site.ask("GET", once, {"host": host})
    assert (answer.status, answer.headers["location"]) == (307, site.origin + once)
    assert "set-cookie" not in answer.headers
    assert "set-cookie" in site.ask("GET", once).headers  # the link is still good


def test_from_another_machine_no_session_goes_without_tls(site: Site) -> None:
    """Shipway listens on the loopback; what a proxy here brought from elsewhere it tells by its headers."""
    elsewhere = {"x-forwarded-for": "203.0.113.7"}
    session = site.sign_in()
    form = {"origin": site.origin, "content-type": "application/x-www-form-urlencoded"}
    for headers in (elsewhere, {**elsewhere, "x-forwarded-proto": "http"}, {"x-forwarded-for": "a name"}):
        answer = site.ask("POST", "/signin", {**form, **headers}, f"token={site.scene.tokens['ada']}")
        assert (answer.status, answer.json["error"]["id"]) == (403, "access.in_the_open")
        assert "needs TLS" in answer.json["error"]["message"]
        assert "set-cookie" not in answer.headers
        once = link(site).removeprefix(site.origin)
        assert site.ask("GET", once, {**HTML, **headers}).status == 403
        assert site.ask("GET", "/api/v1/runs", {**session, **headers}).status == 401
        assert "set-cookie" in site.ask("GET", once).headers  # the link is still good, here
        assert site.get("/api/v1/runs", **headers).status == 200  # programs know what they do with their token
    assert site.ask("GET", "/api/v1/runs", {**session, "x-forwarded-for": "127.0.0.1"}).status == 200


@pytest.mark.parametrize("path", ["/", "/runs/topup:1?x=1&y=%2F", "/nothing", "/%0d%0ax:%20y", "//evil.example/"])
def test_who_asks_for_a_page_by_another_name_is_shown_the_right_one(site: Site, path: str) -> None:
    answer = site.ask("GET", path, {**HTML, "host": f"127.0.0.1:{site.port}"})
    assert (answer.status, answer.headers["location"].lower()) == (307, (site.origin + path).lower())


def test_programs_are_answered_where_they_ask(site: Site) -> None:
    loopback = {"host": f"127.0.0.1:{site.port}"}
    for path in ("/api/v1/runs", "/runs", "/"):
        assert site.ask("GET", path, {**site.bearer(), **HTML, **loopback}).status == 200, path
        assert site.ask("GET", path, loopback).status == 401, path
    assert site.ask("GET", "/api/v1/runs", {**HTML, **loopback}).status == 401
    assert site.ask("GET", "/git/topup.git/info/refs?service=git-upload-pack", {**HTML, **loopback}).status == 401


def test_no_application_can_have_the_name_of_the_pages(site: Site) -> None:
    answer = site.send("POST", "/api/v1/applications", {"name": "shipway"})
    assert (answer.status, answer.json["error"]["id"]) == (400, "applications.invalid_name")
    assert "own pages have it" in answer.json["error"]["message"]


class Application:
    """What listens on a port of its own, and writes down which cookies it is sent."""

    def __init__(self) -> None:
        self.cookies: list[str] = []
        cookies = self.cookies

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path != "/favicon.ico":
                    cookies.append(self.headers.get("cookie", ""))
                self.send_response(200)
                self.send_header("set-cookie", "tossed=1; Domain=localhost; Path=/")
                self.send_header("content-type", "text/html")
                self.end_headers()
                self.wfile.write(b"<h1>an application</h1><a href='%s'>go</a>" % self.path[2:].encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def application() -> Iterator[Application]:
    started = Application()
    yield started
    started.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    context.set_default_timeout(20_000)
    yield context
    context.close()


def signed_in(context: BrowserContext, site: Site) -> Page:
    """A page that a sign-in link has led to, as from a terminal."""
    page = context.new_page()
    page.goto(link(site))
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is under way yet.")
    return page


@pytest.mark.needs("chromium")
def test_an_application_on_a_port_of_its_own_gets_no_session(
    context: BrowserContext, site: Site, application: Application
) -> None:
    page = signed_in(context, site)
    for name in ("127.0.0.1", "localhost", "topup.localhost", "topup--dev.localhost"):
        page.goto(f"http://{name}:{application.port}/")
    assert application.cookies == [""] * 4


@pytest.mark.needs("chromium")
def test_it_would_get_one_of_the_address_at_which_it_is_opened(
    context: BrowserContext, site: Site, application: Application
) -> None:
    """What browsers do, and why sessions are not at 127.0.0.1: a port does not keep a cookie to itself."""
    context.add_cookies(
        [{"name": site.sign_in()["cookie"].partition("=")[0], "value": "x", "url": "http://127.0.0.1:1/"}]
    )
    context.new_page().goto(f"http://127.0.0.1:{application.port}/")
    assert application.cookies == [f"shipway-{site.port}=x"]


@pytest.mark.needs("chromium")
def test_it_is_sent_none_by_a_link_of_its_own_to_the_host_of_the_pages(
    context: BrowserContext, site: Site, application: Application
) -> None:
    """The cookie is for the same site only, and what begins at another host is not."""
    page = signed_in(context, site)
    page.goto(f"http://evil.localhost:{application.port}/?http://shipway.localhost:{application.port}/")
    page.get_by_role("link", name="go").click()
    page.wait_for_url("http://shipway.localhost:*/")
    assert application.cookies == ["", ""]


@pytest.mark.needs("chromium")
def test_it_can_set_no_cookie_for_the_pages(context: BrowserContext, site: Site, application: Application) -> None:
    page = context.new_page()
    page.goto(f"http://evil.localhost:{application.port}/")
    page.goto(site.origin)
    assert context.cookies() == []


@pytest.mark.needs("chromium")
def test_a_link_signs_in_wherever_it_is_followed_from(
    context: BrowserContext, site: Site, application: Application
) -> None:
    """A terminal, or a chat in the same browser: of the latter every redirect counts as the chat's doing."""
    page = context.new_page()
    page.goto(f"http://chat.localhost:{application.port}/?{link(site)}")
    page.get_by_role("link", name="go").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is under way yet.")
    assert page.url == f"{site.origin}/"


@pytest.mark.needs("chromium")
def test_who_types_the_loopback_is_signed_in_there_too(context: BrowserContext, site: Site) -> None:
    page = signed_in(context, site)
    page.goto(f"http://127.0.0.1:{site.port}/runs")
    expect(page.get_by_role("heading", level=1)).to_have_text("No run yet")
    assert page.url == f"{site.origin}/runs"
