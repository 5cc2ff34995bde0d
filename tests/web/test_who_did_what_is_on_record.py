"""BARS S31: whatever a person changes leaves a fact that names who did it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shipway.state import facts
from shipway.web import app
from support import receivers
from web import telling
from web.server import Answer, Site

APPLICATION = "/api/v1/applications/{application}"
PROD = f"{APPLICATION}/environments/{{environment}}"
CHANGES: dict[tuple[str, str], object] = {
    ("POST", "/api/v1/applications"): {"name": "ledger"},
    ("PATCH", APPLICATION): {"default_branch": "next"},
    ("POST", "/api/v1/runs/{run}/retry"): None,
    ("POST", "/api/v1/runs/{run}/cancel"): None,
    ("PATCH", f"{PROD}/configuration"): {"values": {"GREETING": "1"}},
    ("PUT", f"{PROD}/env/{{name}}"): {"value": "1"},
    ("DELETE", f"{PROD}/env/{{name}}"): None,
    ("PUT", f"{PROD}/secrets/{{name}}"): {"value": "hunter2"},
    ("DELETE", f"{PROD}/secrets/{{name}}"): None,
    ("POST", f"{PROD}/freeze"): {"why": "it snows"},
    ("DELETE", f"{PROD}/freeze"): None,
    ("POST", f"{PROD}/rollback"): {},
    ("POST", f"{PROD}/deploy"): {"commit": ""},
    ("POST", f"{PROD}/error-key"): None,
    ("POST", f"{APPLICATION}/errors/{{error}}/resolve"): None,
    ("POST", f"{APPLICATION}/errors/{{error}}/reopen"): None,
    ("POST", "/api/v1/messages/{message}/again"): None,
    ("POST", "/api/v1/channels"): {"whose": "owner", "private": True, "url": ""},
    ("DELETE", "/api/v1/channels/{channel}"): None,
    ("POST", "/api/v1/signin"): None,
    ("POST", "/api/v1/tokens"): {"who": "eve"},
    ("DELETE", "/api/v1/tokens/{token}"): None,
    ("DELETE", "/api/v1/sessions/{session}"): None,
}
CHANGES_NOTHING = {("POST", "/api/v1/channels/{channel}/test")}
"""A message is sent, and nothing is another than before."""


def changing() -> set[tuple[str, str]]:
    every = {(one.method, one.path) for one in app.DECLARED if one.who != "public" and one.method != "GET"}
    return {(method, path) for method, path in every if path.startswith("/api/")}


@pytest.fixture
def busy(site: Site) -> Site:
    """A server with something of everything that can be changed."""
    scene = site.scene
    scene.application("topup")
    for subject in ("One", "Two"):
        scene.deliver(scene.push("topup", subject))
    scene.commit("topup", "Next", branch="next")
    scene.begin(run := scene.push("topup", "Three"))
    scene.end(run, "failed", "test failed")
    scene.report("topup", {"message": "it broke"})
    telling.say(scene, "ben@example.org", "c", "stopped", "It stopped", application="topup")
    site.sign_in("ben")
    return site


@pytest.fixture
def answered(busy: Site) -> Iterator[dict[tuple[str, str], tuple[Answer, list[facts.Fact]]]]:
    """What each change was answered, and what it left on record."""
    with receivers.hook() as hook:
        known = {"url": hook.url(), "commit": busy.get("/api/v1/runs/topup:2").json["commit"]}
        yield {(method, path): change(busy, method, path, known) for method, path in CHANGES}


def change(site: Site, method: str, path: str, known: dict[str, str]) -> tuple[Answer, list[facts.Fact]]:
    body = CHANGES[method, path]
    if isinstance(body, dict):
        body = {name: value or known[name] for name, value in body.items()}
    with site.scene.database.read() as conn:
        before = facts.newest(conn)
    answer = site.send(method, path.format(**meant(site, path)), body)
    with site.scene.database.read() as conn:
        return answer, facts.after(conn, before)


def meant(site: Site, path: str) -> dict[str, str]:
    """The newest of everything, by its name or number."""
    named = {"application": "topup", "environment": "prod", "name": "GREETING", "error": "1"}
    lists = {"channel": "channels", "message": "messages", "token": "tokens", "session": "sessions"}
    for each, plural in lists.items():
        found = site.get(f"/api/v1/{plural}").json[plural] if f"{{{each}}}" in path else []
        named |= {each: found[-1]["id"]} if found else {}
    return {**named, "run": "topup:3" if path.endswith("retry") else "topup:4"}


def test_every_change_that_can_be_asked_for_names_who_did(
    answered: dict[tuple[str, str], tuple[Answer, list[facts.Fact]]],
) -> None:
    assert changing() == {*CHANGES, *CHANGES_NOTHING}
    for asked, (answer, left) in answered.items():
        assert answer.status == 200, f"{asked}: {answer.text}"
        assert {fact.who for fact in left} == {"ada"}, asked
    assert "hunter2" not in repr([left for _, left in answered.values()])


def test_who_made_a_token_for_somebody_is_named_and_for_whom(site: Site) -> None:
    form = {**site.sign_in(), "origin": site.origin, "content-type": "application/x-www-form-urlencoded"}
    site.send("POST", "/api/v1/tokens", {"who": "eve"})
    site.ask("POST", "/tokens", form, "who=eve&role=user")
    with site.scene.database.read() as conn:
        made = [fact for fact in facts.after(conn, 0, kinds=("token.created",)) if fact.data["whose"] == "eve"]
    assert [fact.who for fact in made] == ["ada", "ada"]
