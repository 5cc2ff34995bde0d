"""BARS S16, S18, S27, S32: how people come in with a browser, and how surely they are out again."""

from __future__ import annotations

import base64
import hmac
import time
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest
from sqlalchemy import text

from shipway.state.database import Database
from shipway.web import access
from web.server import Site

HOURS = 3600.0


def link(site: Site, who: str = "ada") -> str:
    url: str = site.send("POST", "/api/v1/signin", {}, who).json["url"]
    assert url.startswith(f"{site.origin}/signin?code=")
    return url.removeprefix(site.origin)


def allowed(site: Site, session: dict[str, str]) -> bool:
    return site.ask("GET", "/api/v1/runs", session).status == 200


def cookie(answer: object) -> dict[str, str]:
    return {"cookie": answer.headers["set-cookie"].partition(";")[0]}  # type: ignore[attr-defined]


def test_signing_in_makes_a_new_session_each_time_and_the_cookie_is_for_us_alone(site: Site) -> None:
    first, second = site.sign_in(), site.sign_in()
    assert first != second
    answer = site.ask("GET", link(site))
    flags = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= flags
    assert not any(flag.startswith("domain") for flag in flags)
    assert answer.headers["set-cookie"].startswith(f"shipway-{site.port}=")


def test_an_id_that_somebody_else_planted_never_becomes_a_session(site: Site) -> None:
    planted = {"cookie": f"shipway-{site.port}=planted", "origin": site.origin}
    body = f"token={site.scene.tokens['ada']}"
    answer = site.ask("POST", "/signin", {**planted, "content-type": "application/x-www-form-urlencoded"}, body)
    assert cookie(answer) != {"cookie": planted["cookie"]}
    assert not allowed(site, {"cookie": planted["cookie"]})


def test_only_digests_are_on_record(site: Site) -> None:
    session = site.sign_in()["cookie"].partition("=")[2]
    code = link(site).partition("=")[2]
    with site.scene.database.read() as conn:
        stored = repr(
            conn.execute(text("select * from tokens")).all() + conn.execute(text("select * from facts")).all()
        )
    assert session not in stored
    assert code not in stored
    assert site.scene.tokens["ada"] not in stored


def test_a_session_is_no_token_and_a_token_no_session(site: Site) -> None:
    session = site.sign_in()["cookie"].partition("=")[2]
    assert site.ask("GET", "/api/v1/runs", {"authorization": f"Bearer {session}"}).status == 401
    assert not allowed(site, {"cookie": f"shipway-{site.port}={site.scene.tokens['ada']}"})
    assert not allowed(site, {"cookie": f"shipway-{site.port}={link(site).partition('=')[2]}"})


def test_after_signing_out_the_session_is_dead_at_once(site: Site) -> None:
    session = site.sign_in()
    assert site.ask("POST", "/signout", {**session, "origin": site.origin}).status == 303
    assert not allowed(site, session)


def test_a_session_that_is_not_used_ends_after_twelve_hours(site: Site) -> None:
    session, now = site.sign_in(), time.time()
    with patch("time.time", lambda: now + 11.9 * HOURS):
        assert allowed(site, session)
    with patch("time.time", lambda: now + 23 * HOURS):
        assert allowed(site, session)
    with patch("time.time", lambda: now + 35.1 * HOURS):
        assert not allowed(site, session)


def test_a_session_in_use_ends_after_seven_days_all_the_same(site: Site) -> None:
    session, now = site.sign_in(), time.time()
    for hours in range(0, 168, 10):
        with patch("time.time", lambda hours=hours: now + hours * HOURS):
            assert allowed(site, session)
    with patch("time.time", lambda: now + 168.1 * HOURS):
        assert not allowed(site, session)


def test_a_link_signs_in_once_and_for_an_hour(site: Site) -> None:
    once = link(site)
    answer = site.ask("GET", once)
    assert answer.status == 200
    assert '<meta http-equiv="refresh" content="0; url=/">' in answer.text
    assert allowed(site, cookie(answer))
    again = site.ask("GET", once)
    assert again.status == 403
    assert "set-cookie" not in again.headers
    late, now = link(site), time.time()
    with patch("time.time", lambda: now + access.CODE_LIFE + 1):
        assert site.ask("GET", late).status == 403


def test_a_link_carries_the_rights_of_who_asked_for_it(site: Site) -> None:
    session = cookie(site.ask("GET", link(site, "ben")))
    assert site.ask("GET", "/api/v1/tokens", session).status == 403
    assert site.ask("GET", "/api/v1/tokens", site.sign_in("ada")).status == 200


def test_signing_in_leads_to_our_own_pages_only(site: Site) -> None:
    form = {"origin": site.origin, "content-type": "application/x-www-form-urlencoded"}
    for to, there in {
        "/runs/topup:1": "/runs/topup:1",
        "//evil.example": "/",
        "https://evil.example": "/",
        "/\\evil.example": "/",
        "/%0d%0aset-cookie:x": "/",
        "": "/",
    }.items():
        answer = site.ask("POST", "/signin", form, f"token={site.scene.tokens['ada']}&next={to}")
        assert answer.headers["location"] == there, to
        by_link = site.ask("GET", f"{link(site)}&next={to}")
        assert f'content="0; url={there}"' in by_link.text, to


def test_a_wrong_token_is_told_so_and_nothing_else(site: Site) -> None:
    form = {"origin": site.origin, "content-type": "application/x-www-form-urlencoded"}
    answer = site.ask("POST", "/signin", form, "token=wrong")
    assert answer.status == 403
    assert "No such token" in answer.text


def test_a_page_without_a_session_asks_who_is_there_and_then_goes_on(site: Site) -> None:
    answer = site.ask("GET", "/runs/topup:1", {"accept": "text/html"})
    assert answer.status == 401
    assert 'name="next" value="/runs/topup:1"' in answer.text


def test_a_revoked_token_is_dead_with_the_next_request(site: Site) -> None:
    made = site.send("POST", "/api/v1/tokens", {"who": "eve"}).json
    eve = {"authorization": f"Bearer {made['token']}"}
    assert allowed(site, eve)
    token = next(one["id"] for one in site.get("/api/v1/tokens").json["tokens"] if one["who"] == "eve")
    assert site.send("DELETE", f"/api/v1/tokens/{token}").status == 200
    assert not allowed(site, eve)


FORM = {"content-type": "application/x-www-form-urlencoded"}


def ways_in(site: Site) -> dict[str, tuple[str, str, dict[str, str], str | None]]:
    """All of them, each with what is good."""
    token = site.scene.tokens["ada"]
    basic = base64.b64encode(f"ada:{token}".encode()).decode()
    return {
        "token": ("GET", "/api/v1/runs", site.bearer(), None),
        "git": (
            "GET",
            "/git/topup.git/info/refs?service=git-upload-pack",
            {"authorization": f"Basic {basic}"},
            None,
        ),
        "session": ("GET", "/api/v1/runs", site.sign_in(), None),
        "form": ("POST", "/signin", {**FORM, "origin": site.origin}, f"token={token}"),
        "link": ("GET", link(site), {}, None),
    }


def test_every_way_in_leads_through_a_comparison_in_constant_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.scene.application("topup")
    ways = ways_in(site)
    with monkeypatch.context() as patched:
        patched.setattr(hmac, "compare_digest", lambda *_: False)
        assert {name: site.ask(*how).status for name, how in ways.items()} == {
            **dict.fromkeys(("token", "git", "session"), 401),
            **dict.fromkeys(("form", "link"), 403),
        }
    assert all(site.ask(*how).status in (200, 303) for how in ways.values())


def test_guesses_write_nothing_and_keep_nobody_else_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many come at once: there is no slow digest and no lock that they could queue for."""
    session, form = site.sign_in(), {**FORM, "origin": site.origin}

    def guess(number: int) -> int:
        by_form = site.ask("POST", "/signin", form, f"token=shipway_{number:043d}").status
        by_header = site.ask("GET", "/api/v1/runs", {"authorization": f"Bearer shipway_{number:043d}"}).status
        return by_form if by_header == 401 else 0

    def refuse(_database: Database) -> None:
        raise AssertionError("a guess is no reason to write")

    monkeypatch.setattr(Database, "write", refuse)
    with ThreadPoolExecutor(20) as guessing:
        guessed = guessing.map(guess, range(100))
        assert all(allowed(site, session) for _ in range(20))
        assert set(guessed) == {403}
