"""BARS S14, S17: what a page in a browser that is not ours can make it send is refused."""

from __future__ import annotations

import asyncio

import pytest

from shipway.web import app
from web.server import Site

CHANGING = [one for one in app.DECLARED if one.method != "GET"]


OWN = ("127.0.0.1:{port}", "localhost:{port}", "LocalHost:{port}", "[::1]:{port}", "shipway.localhost:{port}")


def forgeries(origin: str) -> dict[str, dict[str, str]]:
    """Forms as another page sends them, all with the person's cookie."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    return {
        "no origin": form,
        "null origin": {**form, "origin": "null"},
        "an application of ours": {**form, "origin": "http://evil.localhost:8080"},
        "another port": {**form, "origin": "http://127.0.0.1:1"},
        "an application on a port of its own": {**form, "origin": "http://shipway.localhost:20001"},
        "another name of this machine": {**form, "origin": origin.replace("shipway.localhost", "localhost")},
        "where programs call": {**form, "origin": origin.replace("shipway.localhost", "127.0.0.1")},
        "text as JSON": {"content-type": "text/plain"},
        "a browser that says so": {**form, "origin": origin, "sec-fetch-site": "cross-site"},
        "from the same site": {**form, "origin": origin, "sec-fetch-site": "same-site"},
        "our origin among others": {**form, "origin": f"{origin} http://evil.example"},
    }


@pytest.mark.parametrize("one", CHANGING, ids=lambda one: f"{one.method} {one.path}")
def test_a_forged_form_is_refused_everywhere(shared: Site, one: app.Declared) -> None:
    path = one.path.replace("{", "").replace("}", "")
    session = shared.sign_in()
    for name, headers in forgeries(shared.origin).items():
        assert shared.ask(one.method, path, {**session, **headers}, "{}").status == 403, name


def test_reading_from_another_origin_is_refused_even_with_a_token(shared: Site) -> None:
    for origin in ("null", "http://evil.example", "https://127.0.0.1"):
        assert shared.get("/api/v1/applications", origin=origin).status == 403
    assert shared.get("/api/v1/applications", origin=shared.origin).status == 200


def test_the_events_are_not_for_other_origins(shared: Site) -> None:
    session = shared.sign_in()
    assert shared.ask("GET", "/events", {**session, "origin": "http://evil.example"}).status == 403


def test_a_link_may_be_followed_from_anywhere_but_nothing_may_be_embedded(shared: Site) -> None:
    session = shared.sign_in()
    elsewhere = {**session, "sec-fetch-site": "cross-site"}
    assert shared.ask("GET", "/", {**elsewhere, "sec-fetch-mode": "navigate"}).status == 200
    assert shared.ask("GET", "/", {**elsewhere, "sec-fetch-mode": "no-cors"}).status == 403
    assert shared.ask("GET", "/api/v1/applications", {**elsewhere, "sec-fetch-mode": "cors"}).status == 403


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost",
        "topup.localhost:{port}",
        "shipway.localhost",
        "shipway--dev.localhost:{port}",
        "0.0.0.0:{port}",
        "2130706433:{port}",
        "127.1:{port}",
        "[::]:{port}",
        "localhost.:{port}",
        "127.0.0.1:{port}@evil.example",
        "",
    ],
)
def test_by_any_other_name_there_is_no_answer(shared: Site, host: str) -> None:
    for path in ("/", "/health", "/signin", "/api/v1/applications"):
        assert shared.get(path, host=host.format(port=shared.port)).status == 403


@pytest.mark.parametrize("host", OWN)
def test_by_its_own_names_it_answers(shared: Site, host: str) -> None:
    assert shared.get("/health", host=host.format(port=shared.port)).status == 200


def test_a_program_with_a_token_needs_no_origin(shared: Site) -> None:
    assert shared.send("POST", "/api/v1/applications", {"name": "topup"}).status == 200


@pytest.mark.parametrize("path", ["/events", "/", "/nothing"])
def test_a_web_socket_is_never_opened(shared: Site, path: str) -> None:
    sent = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message["type"])

    scope = {"type": "websocket", "path": path, "headers": [(b"cookie", shared.sign_in()["cookie"].encode())]}
    asyncio.run(shared.app(scope, receive, send))  # type: ignore[arg-type]
    assert sent == ["websocket.close"]
