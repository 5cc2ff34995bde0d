"""What a page or a refusal says to type does what it promises."""

from __future__ import annotations

from web.server import Site

HTML = {"accept": "text/html"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_who_is_not_signed_in_is_told_how_to(shared: Site) -> None:
    page = shared.ask("GET", "/signin", HTML).text
    assert "<code>shipway open --pages</code>" in page
    assert "<code>shipway token create NAME</code> makes one" in page
    assert "`shipway open --pages`" in shared.ask("GET", "/api/v1/runs").json["error"]["hint"]


def test_who_was_refused_is_told_what_makes_another(shared: Site) -> None:
    assert "shipway open --pages" in shared.ask("GET", "/signin?code=gone", HTML).text
    refused = shared.ask("POST", "/signin", {"origin": shared.origin, **FORM}, "token=none")
    assert refused.status == 403
    assert "shipway token create NAME" in refused.text
