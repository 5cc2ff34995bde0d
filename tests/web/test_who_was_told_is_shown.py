"""Pages and API say who was told, what could not be delivered, and never by which address."""

from __future__ import annotations

import time

import pytest

from shipway.incidents.channels import ENDED, UPDATED
from shipway.state import messages
from shipway.state.messages import Draft
from support import receivers
from web.scene import Scene
from web.server import Site

CHANNELS = "/api/v1/channels"


def say(scene: Scene, **about: str | None) -> None:
    draft = Draft(
        "ada@example.org", "c", "stopped", "[topup] <b>test</b> failed", "It failed.", scene.real, **about
    )
    with scene.database.write() as conn:
        messages.write(conn, draft)


def test_a_run_shows_who_was_told_of_its_commit(site: Site) -> None:
    site.scene.application("topup")
    run = site.scene.push("topup", "Break it")
    say(site.scene, application="topup", commit=run.commit, run=run.id)
    with site.scene.database.write() as conn:
        messages.sent(conn, messages.recent(conn)[0], receivers.MAIL)
    page = site.get("/runs/topup:1").text
    assert "ada@example.org by E-mail" in page
    assert "&lt;b&gt;test&lt;/b&gt; failed" in page


def test_what_follows_up_a_message_is_not_shown_as_another_one(site: Site) -> None:
    site.scene.application("topup")
    run = site.scene.push("topup", "Break it")
    about = {"application": "topup", "commit": run.commit, "run": run.id}
    say(site.scene, **about)
    with site.scene.database.write() as conn:
        first = messages.recent(conn)[0]
        for kind in (UPDATED, ENDED):
            more = Draft("ada@example.org", kind, kind, "more", "More.", 0.0, answers=first.id, **about)
            messages.write(conn, more)
            messages.sent(conn, messages.recent(conn)[0], receivers.MAIL)
    for path in ("/runs/topup:1", f"/applications/topup/commits/{run.commit}"):
        page = site.get(path).text
        assert "Update<" in page
        assert "Ended<" in page
    assert "ada@example.org was told what is new of it" in page
    assert "ada@example.org was told that it is over" in page
    listed = site.get("/api/v1/messages").json["messages"]
    assert [one["follows"] for one in listed] == ["ended", "update", None]


def test_a_message_that_nobody_takes_is_shown_on_every_page_after_a_quarter_of_an_hour(site: Site) -> None:
    say(site.scene)
    with site.scene.database.write() as conn:
        message = messages.recent(conn)[0]
        messages.claim(conn, message, "x", 0.0)
        messages.refused(conn, message, "Slack", "it answered 500", time.time())
    assert "could not be delivered" not in site.get("/").text
    with site.scene.database.write() as conn:
        conn.exec_driver_sql("update messages set created = created - 901")
    for page in ("/", "/runs"):
        assert "could not be delivered" in site.get(page).text
    assert [one["problem"] for one in site.get("/api/v1/messages").json["late"]] == ["it answered 500"]


def test_an_owner_adds_tries_and_removes_a_channel_and_nobody_sees_its_url(site: Site) -> None:
    with receivers.hook() as hook:
        value = {"whose": "Ada@Example.org", "url": hook.url("/correct-horse"), "private": True}
        made = site.send("POST", CHANNELS, value)
        assert (made.status, made.json["whose"], made.json["service"]) == (200, "ada@example.org", "JSON")
        tried = site.send("POST", f"{CHANNELS}/{made.json['id']}/test")
        assert tried.json == {"good": True, "said": "It took the message."}
        assert hook.bodies[0]["title"] == "[shipway] A test"
        for who in ("ada", "ben"):
            listed = site.get(CHANNELS, who)
            assert [one["id"] for one in listed.json["channels"]] == [made.json["id"]]
            assert "correct-horse" not in listed.text + made.text + tried.text
    assert site.send("DELETE", f"{CHANNELS}/{made.json['id']}").status == 200
    assert site.get(CHANNELS).json == {"channels": []}


@pytest.mark.parametrize(
    ("method", "path"), [("POST", CHANNELS), ("POST", f"{CHANNELS}/x/test"), ("DELETE", f"{CHANNELS}/x")]
)
def test_only_an_owner_may_say_where_messages_go(site: Site, method: str, path: str) -> None:
    value = {"whose": "ben@example.org", "url": "json://127.0.0.1/", "private": True}
    assert site.send(method, path, value, "ben").status == 403


@pytest.mark.parametrize("value", [{}, {"whose": "ada@example.org", "url": "nosuch://x"}, {"private": "yes"}])
def test_what_makes_no_sense_is_refused(site: Site, value: dict[str, str]) -> None:
    assert site.send("POST", CHANNELS, value).status == 400


def test_what_is_not_there_cannot_be_removed(site: Site) -> None:
    assert site.send("DELETE", f"{CHANNELS}/nobody").status == 404
