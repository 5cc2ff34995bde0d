"""Who may come in is seen and ended at a page: tokens by an owner, sessions by whose they are."""

from __future__ import annotations

import re
import time
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
from sqlalchemy import update

from shipway.state.tables import tokens
from web.server import Answer, Site


def submit(site: Site, path: str, session: dict[str, str], **fields: str) -> Answer:
    form = {**session, "origin": site.origin, "content-type": "application/x-www-form-urlencoded"}
    return site.ask("POST", path, form, urlencode(fields))


def allowed(site: Site, session: dict[str, str]) -> bool:
    return site.ask("GET", "/api/v1/runs", session).status == 200


def token_of(site: Site, who: str) -> str:
    return next(one["id"] for one in site.get("/api/v1/tokens").json["tokens"] if one["who"] == who)


def test_a_token_is_made_and_shown_once(site: Site) -> None:
    ada = site.sign_in()
    made = submit(site, "/tokens", ada, who="eve", name="night <b>job</b>")
    assert made.headers["cache-control"] == "no-store"
    (shown,) = set(re.findall(r"shipway_[\w-]{20,}", made.text))
    assert site.ask("GET", "/api/v1/runs", {"authorization": f"Bearer {shown}"}).status == 200
    again = site.get("/tokens").text
    assert shown not in again
    assert "night &lt;b&gt;job&lt;/b&gt;" in again
    refused = submit(site, "/tokens", ada, who="  ", name="x")
    assert (refused.status, "say whose" in refused.text) == (400, True)


@pytest.mark.parametrize(
    ("field", "given"),
    [("who", {"who": "  "}), ("name", {"who": "eve", "name": "x" * 61}), ("role", {"who": "eve", "role": "root"})],
)
def test_a_refusal_stands_at_what_was_refused(site: Site, field: str, given: dict[str, str]) -> None:
    refused = submit(site, "/tokens", site.sign_in(), **given)
    assert refused.status == 400
    assert re.findall(r'<p class="bad" id="(\w+)-bad">', refused.text) == [field]
    assert re.findall(r'<option value="(\w+)" selected', refused.text) == ["user"], "the least stays chosen"


def test_a_token_is_made_for_what_it_may(site: Site) -> None:
    ada = site.sign_in()
    for role in ("owner", "user", "metrics"):
        submit(site, "/tokens", ada, who=f"eve {role}", role=role)
    found = {one["who"]: one["role"] for one in site.get("/api/v1/tokens").json["tokens"]}
    assert [found[f"eve {role}"] for role in ("owner", "user", "metrics")] == ["owner", "user", "metrics"]
    assert "read metrics, nothing else" in site.get("/tokens").text


def test_only_an_owner_sees_and_makes_tokens(site: Site) -> None:
    ben = site.sign_in("ben")
    assert site.ask("GET", "/tokens", ben).status == 403
    assert submit(site, "/tokens", ben, who="eve").status == 403
    assert submit(site, f"/tokens/{token_of(site, 'ada')}/revoke", ben).status == 403
    assert 'href="/tokens"' not in site.ask("GET", "/sessions", ben).text


def test_revoking_a_token_ends_every_session_made_from_it(site: Site) -> None:
    by_form, by_link = site.sign_in("ben"), link(site, "ben")
    ada = site.sign_in()
    open_link = site.send("POST", "/api/v1/signin", {}, "ben").json["url"].removeprefix(site.origin)
    assert allowed(site, by_form)
    assert allowed(site, by_link)
    assert submit(site, f"/tokens/{token_of(site, 'ben')}/revoke", ada).status == 303
    assert not allowed(site, by_form)
    assert not allowed(site, by_link)
    assert site.ask("GET", open_link).status == 403
    assert allowed(site, ada)


def test_a_long_name_from_before_there_was_a_limit_signs_in(site: Site) -> None:
    with site.scene.database.write() as conn:
        conn.execute(update(tokens).where(tokens.c.who == "ben").values(who="ben " * 20))
    assert allowed(site, site.sign_in("ben"))
    assert allowed(site, link(site, "ben"))


def link(site: Site, who: str) -> dict[str, str]:
    """A session by a link that a session asked for."""
    asked = site.ask("POST", "/api/v1/signin", {**site.sign_in(who), "origin": site.origin})
    answer = site.ask("GET", asked.json["url"].removeprefix(site.origin))
    return {"cookie": answer.headers["set-cookie"].partition(";")[0]}


def test_a_session_is_ended_from_elsewhere(site: Site) -> None:
    here, there = site.sign_in("ben"), site.sign_in("ben")
    told = site.ask("GET", "/api/v1/sessions", here).json["sessions"]
    assert [one["yours"] for one in told] == [False, True]
    other = next(one["id"] for one in told if not one["yours"])
    assert submit(site, f"/sessions/{other}/end", here).headers["location"] == "/sessions"
    assert not allowed(site, there)
    own = next(one["id"] for one in told if one["yours"])
    assert submit(site, f"/sessions/{own}/end", here).headers["location"] == "/signin"
    assert not allowed(site, here)


def test_nobody_but_an_owner_ends_the_session_of_somebody_else(site: Site) -> None:
    ada, ben = site.sign_in(), site.sign_in("ben")
    told = site.ask("GET", "/api/v1/sessions", ada).json["sessions"]
    assert {one["who"] for one in told} == {"ada", "ben"}
    adas, bens = (next(one["id"] for one in told if one["who"] == who) for who in ("ada", "ben"))
    assert submit(site, f"/sessions/{adas}/end", ben).status == 404
    assert site.ask("DELETE", f"/api/v1/sessions/{adas}", {**ben, "origin": site.origin}).status == 404
    assert {one["who"] for one in site.ask("GET", "/api/v1/sessions", ben).json["sessions"]} == {"ben"}
    assert site.send("DELETE", f"/api/v1/sessions/{bens}").json == {"ended": bens}
    assert not allowed(site, ben)


def test_a_token_is_no_session_to_end(site: Site) -> None:
    ada = site.sign_in()
    assert submit(site, f"/sessions/{token_of(site, 'ben')}/end", ada).status == 404
    assert site.get("/api/v1/runs", "ben").status == 200


@pytest.mark.parametrize("minutes", [0, 6])
def test_when_a_token_was_used_is_known_within_some_minutes(site: Site, minutes: int) -> None:
    now = time.time()
    assert site.get("/api/v1/runs", "ben").status == 200
    with patch("time.time", lambda: now + 60 * minutes):
        site.get("/api/v1/runs", "ben")
    used = next(one["used"] for one in site.get("/api/v1/tokens").json["tokens"] if one["who"] == "ben")
    assert used == pytest.approx(now + 60 * minutes, abs=30)
