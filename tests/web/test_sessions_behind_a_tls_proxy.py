"""Off loopback there are sessions by the public name alone, over TLS, as the proxy of this machine says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from starlette.datastructures import Headers

from shipway.web import names
from shipway.web.names import Names
from support.ports import free_port
from web import fronting
from web.fronting import NAME, Front
from web.scene import Scene
from web.server import Answer, Site

FORM = {"content-type": "application/x-www-form-urlencoded"}
HTML = {"accept": "text/html"}
SAID_TWICE = "https, https"


@pytest.fixture(scope="module")
def front() -> Front:
    return Front(free_port(), free_port())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, front: Front) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("fronted")
    scene = Scene.empty(folder)
    scene.application("topup")
    started = Site.start(scene, public=front.address)
    with fronting.standing(front, started.port, folder):
        yield started
    started.stop()
    scene.database.close()


def signed_in(site: Site, front: Front, **headers: str) -> Answer:
    sent = {**FORM, "origin": front.address, **headers}
    return front.ask("POST", "/signin", sent, f"token={site.scene.tokens['ada']}")


def cookie(answer: Answer) -> dict[str, str]:
    return {"cookie": answer.headers["set-cookie"].partition(";")[0]}


def test_the_cookie_is_for_this_host_alone_and_for_tls(site: Site, front: Front) -> None:
    answer = signed_in(site, front)
    name, _, flags = answer.headers["set-cookie"].partition("=")
    assert (answer.status, answer.headers["location"], name) == (303, "/", f"__Host-shipway-{site.port}")
    told = {part.strip().lower() for part in flags.split(";")[1:]}
    assert told == {"secure", "httponly", "samesite=strict", "path=/"}
    assert front.ask("GET", "/api/v1/runs", cookie(answer)).status == 200
    out = front.ask("POST", "/signout", {**cookie(answer), "origin": front.address})
    assert "secure" in out.headers["set-cookie"].lower(), "browsers keep what was not forgotten over TLS"
    assert front.ask("GET", "/api/v1/runs", cookie(answer)).status == 401


def test_a_session_of_either_name_is_none_by_the_other(site: Site, front: Front) -> None:
    here, there = site.sign_in(), cookie(signed_in(site, front))
    assert front.ask("GET", "/api/v1/runs", here).status == 401
    assert site.ask("GET", "/api/v1/runs", there).status == 401


@pytest.mark.parametrize("said", [{}, {"x-forwarded-proto": "http"}, {"x-forwarded-proto": SAID_TWICE}])
def test_by_the_public_name_there_is_no_session_unless_it_came_over_tls(
    site: Site, front: Front, said: dict[str, str]
) -> None:
    session = cookie(signed_in(site, front))
    by_name = {"host": f"{NAME}:{front.port}", **said}
    form = {**FORM, **by_name, "origin": front.address}
    answer = site.ask("POST", "/signin", form, f"token={site.scene.tokens['ada']}")
    assert (answer.status, answer.json["error"]["id"]) == (403, "access.in_the_open")
    assert site.ask("GET", "/api/v1/runs", {**session, **by_name}).status == 401
    page = site.ask("GET", "/", {**session, **by_name, **HTML})
    assert page.status == 403
    assert "needs TLS" in page.text


def test_what_comes_in_at_a_door_without_tls_is_refused_whatever_it_says(site: Site, front: Front) -> None:
    form = {**FORM, "origin": front.address, "x-forwarded-proto": "https"}
    answer = front.ask("POST", "/signin", form, f"token={site.scene.tokens['ada']}", tls=False)
    assert (answer.status, answer.json["error"]["id"]) == (403, "access.in_the_open")


@pytest.mark.parametrize("proto", ["https", "http"])
def test_no_proxy_is_believed_by_another_name(site: Site, proto: str) -> None:
    brought = {"x-forwarded-for": "203.0.113.7", "x-forwarded-proto": proto, "x-forwarded-host": NAME}
    form = {**FORM, **brought, "origin": site.origin}
    answer = site.ask("POST", "/signin", form, f"token={site.scene.tokens['ada']}")
    assert (answer.status, answer.json["error"]["id"]) == (403, "access.in_the_open")
    assert site.ask("GET", "/api/v1/runs", {**site.sign_in(), **brought}).status == 401


def test_nobody_but_a_proxy_on_this_machine_is_believed() -> None:
    called = Headers({"host": "ship.example", "x-forwarded-proto": "https"})
    kept = Names(8440, "https://ship.example")
    assert kept.way(called, "127.0.0.1") == "tls"
    assert kept.way(called, "203.0.113.7") == "open"
    assert kept.way(called, None) == "open"
    assert kept.way(Headers({"host": "ship.example:443", "x-forwarded-proto": "https"}), "::1") == "tls"
    assert Names(8440).way(called, "127.0.0.1") == "programs"


def test_pages_of_others_are_kept_out_there_too(site: Site, front: Front) -> None:
    session = cookie(signed_in(site, front))
    plain = front.address.replace("https", "http")
    for origin in (plain, site.origin, f"https://{NAME}", f"https://evil.{NAME}:{front.port}", "null"):
        refused = front.ask("POST", "/tokens", {**FORM, **session, "origin": origin}, "who=eve")
        assert (refused.status, refused.json["error"]["id"]) == (403, "access.foreign"), origin
    assert front.ask("POST", "/tokens", {**FORM, **session}, "who=eve").status == 403
    for host in ("ship.example", NAME, f"evil.{NAME}:{front.port}", f"{NAME}:{site.port}"):
        assert front.ask("GET", "/health", {"host": host}).status == 403, host


def test_programs_are_answered_there_and_a_link_leads_back_there(site: Site, front: Front) -> None:
    assert front.ask("GET", "/api/v1/runs", site.bearer()).status == 200
    asked = {**site.bearer(), "content-type": "application/json"}
    link = front.ask("POST", "/api/v1/signin", asked, "{}").json["url"]
    assert link.startswith(f"{front.address}/signin?code=")
    here = site.send("POST", "/api/v1/signin", {}).json["url"]
    assert here.startswith(f"{site.origin}/signin?code=")


@pytest.mark.needs("chromium")
def test_a_person_on_another_machine_signs_in_acts_and_signs_out(
    browser: Browser, site: Site, front: Front
) -> None:
    context = browser.new_context(ignore_https_errors=True)
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(f"{front.address}/installation")
    page.get_by_label("Token").fill(site.scene.tokens["ada"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("main")).to_contain_text(front.address)
    (kept,) = context.cookies()
    assert (kept["name"], kept["secure"], kept["httpOnly"]) == (f"__Host-shipway-{site.port}", True, True)
    page.goto(front.address)
    site.scene.application("ledger")
    expect(page.locator("#rows")).to_contain_text("ledger")  # told live, through the proxy
    page.goto(f"{front.address}/tokens")
    page.get_by_label("For whom").fill("eve")
    page.get_by_role("button", name="Make the token").click()
    expect(page.locator("#made")).to_contain_text("eve")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Who is there?")
    assert context.cookies() == []
    context.close()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("https://ship.example", "https://ship.example"),
        (" HTTPS://Ship.Example:443/ ", "https://ship.example"),
        ("https://ship.example:8443", "https://ship.example:8443"),
    ],
)
def test_a_public_address_is_a_name_and_a_port(said: str, kept: str) -> None:
    assert names.public(said) == kept


@pytest.mark.parametrize(
    "said",
    [
        "http://ship.example",
        "ship.example",
        "https://ship.example/path",
        "https://ada@ship.example",
        "https://:word@ship.example",
        "https://@ship.example",
        "https://ship.example?x",
        "https://ship.example:99999",
        "https://ship example",
        "https://",
        "https://ship.example:0",
        "https://[::1",
    ],
)
def test_anything_else_is_refused_with_an_example(said: str) -> None:
    with pytest.raises(names.NotPublic, match=r"is no (public address|name of a machine)") as refused:
        names.public(said)
    assert "https://ship.example" in refused.value.hint


@pytest.mark.parametrize(
    "said", ["localhost:8440", "shipway.localhost", "topup.localhost", "topup.prod.localhost"]
)
def test_no_name_that_an_application_could_have_is_public(said: str) -> None:
    with pytest.raises(names.NotPublic, match="such names are of applications here"):
        names.public(f"https://{said}")


ADDRESSES = ["127.0.0.1", "203.0.113.7:8443", "[::1]", "[2001:db8::7]:8443"]
NUMBERS = ["127.1", "2130706433", "0x7f000001", "0x7f.1:8443", "ship.127"]


@pytest.mark.parametrize("said", [*ADDRESSES, *NUMBERS])
def test_no_address_without_a_name_is_public(said: str) -> None:
    with pytest.raises(names.NotPublic, match="applications answer at the same address"):
        names.public(f"https://{said}")
