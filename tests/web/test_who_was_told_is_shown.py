"""Pages and API say who was told, what could not be delivered, and never by which address."""

from __future__ import annotations

import html
import re
import time
from dataclasses import replace

import pytest

from shipway.incidents.channels import ENDED, UPDATED
from shipway.pushes import access
from shipway.state import facts, messages, runs
from shipway.state.messages import Draft
from support import receivers
from web import telling
from web.scene import Scene
from web.server import Site

CHANNELS, ALL = "/api/v1/channels", "/api/v1/messages"


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


@pytest.mark.parametrize("whose", ["owner", "ada@example.org", "*@example.org"])
def test_whoever_heard_of_it_is_named_and_not_whom_it_was_for(site: Site, whose: str) -> None:
    """An author without a channel of their own was told nothing: the owner was."""
    scene = site.scene
    scene.application("topup")
    scene.deliver(run := scene.push("topup", "Break it"))
    about = {"application": "topup", "environment": "prod", "commit": run.commit, "run": run.id}
    one = telling.say(scene, "ada@example.org", "a", "bad", "prod: it fails", **about)
    telling.took(scene, one, replace(telling.SLACK, whose=whose))
    stood_in = whose == "owner"
    heard = "owner was told, for ada@example.org" if stood_in else "ada@example.org was told"
    life = re.sub("<[^>]+>", "", page := site.get(f"/applications/topup/commits/{run.commit}").text)
    assert heard in life
    aside = page.partition('id="told"')[2].partition("</section>")[0]
    assert ("<b>owner</b>" in aside, "for ada@example.org, Slack" in aside) == (stood_in, stood_in)
    assert ("ada@example.org was told" in life) == (not stood_in)
    by = "owner by Slack, for ada@example.org" if stood_in else "ada@example.org by Slack"
    assert by in re.sub("<[^>]+>", "", site.get("/runs/topup:1").text)
    listed = "by the owner's Slack" if stood_in else "by Slack"
    assert listed in html.unescape(site.get("/messages").text)
    [told] = site.get(ALL).json["messages"]
    assert (told["reached"], told["by"]) == (whose, listed.removeprefix("by "))
    why = site.get(f"/api/v1/applications/topup/commits/{run.commit}/why?environment=prod").json
    assert [one["says"] for one in why["events"] if one["kind"] == "message.sent"] == [f"{heard}, by Slack"]
    elsewhere = site.get(f"/api/v1/applications/topup/commits/{run.commit}/why?environment=dev").json
    assert "told" not in " ".join(one["says"] for one in elsewhere["events"])


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


def several(scene: Scene) -> list[str]:
    """Four messages, the oldest first: sent, refused, without a channel, and about nothing but the machine."""
    for name in ("topup", "ledger"):
        scene.application(name)
    run = scene.push("topup", "Break it")
    scene.deliver(run, ("dev",))
    about = {"application": "topup", "environment": "dev", "commit": run.commit, "run": run.id}
    sent = telling.say(scene, "ada@example.org", "a", "undone", "One", **about)
    telling.took(scene, sent)
    refused = telling.say(scene, "ben@example.org", "a", "undone", "Two", **about)
    telling.refused(scene, refused, "it answered 500", times=3)
    lost = telling.say(scene, "ada@example.org", "b", "stopped", "Three", application="ledger")
    with scene.database.write() as conn:
        messages.nowhere(conn, lost)
    last = telling.say(scene, "owner", "c", "machine", "Four")
    return [sent.id, refused.id, lost.id, last.id]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", [3, 2, 1, 0]),
        ("?application=topup", [1, 0]),
        ("?person=ada@example.org", [2, 0]),
        ("?person=ada@example.org&application=topup", [0]),
        ("?state=waiting", [3, 1]),
        ("?state=sent", [0]),
        ("?state=nowhere", [2]),
        ("?state=sent&person=owner", []),
    ],
)
def test_messages_are_narrowed_down_alike_as_data_and_at_the_page(
    site: Site, query: str, wanted: list[int]
) -> None:
    made = several(site.scene)
    assert [one["id"] for one in site.get(ALL + query).json["messages"]] == [made[each] for each in wanted]
    page = site.get(f"/messages{query}").text
    for at, subject in enumerate(("One", "Two", "Three", "Four")):
        assert (f"<summary>{subject}</summary>" in page) == (at in wanted), subject


def test_every_message_is_reached_a_part_at_a_time_and_none_twice(site: Site) -> None:
    made, seen, before = several(site.scene), [], ""
    for _ in made:
        part = site.get(f"{ALL}?limit=2{before}").json
        seen += [one["id"] for one in part["messages"]]
        if part["next"] is None:
            break
        before = f"&before={part['next']}"
    assert seen == made[::-1]


def test_the_page_goes_on_to_older_ones_and_keeps_what_was_asked_for(site: Site) -> None:
    site.scene.application("topup")
    for number in range(51):
        telling.say(site.scene, "ada@example.org", f"c{number}", "stopped", f"No {number}.", application="topup")
    page = site.get("/messages?application=topup&state=waiting").text
    assert "51 messages wait" in page
    assert "<summary>No 50.</summary>" in page
    assert "<summary>No 0.</summary>" not in page
    on = re.search(r'href="(/messages\?application=topup&amp;state=waiting&amp;before=\w+)" rel="next"', page)
    assert on is not None
    older = site.get(html.unescape(on[1])).text
    assert "<summary>No 0.</summary>" in older
    assert 'rel="next"' not in older
    assert '<a href="/messages?application=topup&amp;state=waiting">The newest</a>' in older


def test_the_page_says_what_became_of_each_and_leads_to_what_it_is_about(site: Site) -> None:
    several(site.scene)
    with site.scene.database.read() as conn:
        run = runs.recent(conn, application="topup")[0]
    error = site.scene.report("topup", {"message": "It broke"})
    about = {"application": "topup", "environment": "prod"}
    telling.say(site.scene, "cho@example.org", f"error topup {error.id}", "error", "Five", **about)
    page = " ".join(re.sub(r"<[^>]+>", " ", site.get("/messages").text).split())
    assert "Three messages wait to be delivered" in page
    assert "Sent by E-mail" in page
    assert "Not taken yet tried three times, last by Slack: it answered 500; next try" in page
    assert "Not sent no channel leads to them" in page
    links = site.get("/messages").text
    assert f'href="/applications/topup/commits/{run.commit[:10]}"' in links
    assert 'href="/runs/topup:1">run 1</a>' in links
    assert 'href="/applications/topup/environments/dev/releases/r1">dev r1</a>' in links
    assert f'href="/applications/topup/errors/{error.number}">error {error.number}</a>' in links
    told = site.get(ALL).json["messages"]
    assert [one["error_number"] for one in told] == [error.number, None, None, None, None]
    assert [one["run_number"] for one in told] == [None, None, None, 1, 1]
    assert [one["release_number"] for one in told] == [None, None, None, 1, 1]


def test_a_message_leads_to_the_release_it_was_written_of(site: Site) -> None:
    """And not to one of the same commit that came later, with other values."""
    scene = site.scene
    scene.application("topup")
    artifact = scene.deliver(run := scene.push("topup", "Sell credit"), ("dev",))
    about = {"application": "topup", "environment": "dev", "commit": run.commit}
    telling.say(scene, "ada@example.org", "a", "fixed", "Your fix serves", **about)
    scene.configure("topup", "dev", {"CURRENCY": "CHF"}, [])
    scene.deploy_again("topup", "dev", artifact)
    assert [one["release_number"] for one in site.get(ALL).json["messages"]] == [1]


def test_whoever_sends_a_message_again_is_on_record_and_nobody_is_told_twice(site: Site) -> None:
    sent, refused, lost, fresh = several(site.scene)
    page = site.get("/messages").text
    for one, offered in ((sent, False), (refused, True), (lost, True), (fresh, False)):
        assert (f'action="/messages/{one}/again"' in page) == offered
    assert site.send("POST", f"{ALL}/{refused}/again", who="ben").json["next_try"] <= time.time()
    form = {**site.sign_in("ben"), "origin": site.origin, "content-type": "application/x-www-form-urlencoded"}
    done = site.ask("POST", f"/messages/{lost}/again", form, "")
    assert done.headers["location"] == f"/messages?person=ada%40example.org#m-{lost}"
    with site.scene.database.read() as conn:
        now = messages.waiting(conn, time.time() + 1)
        again = [one for one in facts.after(conn, 0) if one.kind == "message.again"]
    assert {refused, lost} <= {one.id for one in now}
    assert [(one.who, one.data["message"]) for one in again] == [("ben", refused), ("ben", lost)]
    assert "On its way" in site.get("/messages?application=ledger").text
    assert site.send("POST", f"{ALL}/{sent}/again").json["error"]["id"] == "incidents.already_sent"
    assert site.send("POST", f"{ALL}/nobody/again").status == 404
    life = site.get(f"/applications/topup/commits/{again[0].commit}").text
    assert "ben had a message to ben@example.org sent again" in life


def test_a_page_of_messages_looks_again_when_one_has_its_turn(site: Site) -> None:
    several(site.scene)
    page = site.get("/messages").text
    assert re.search(r"/static/\w+/message_list\.js", page)
    assert page.count(f'data-next="{site.scene.now + 60}"') == 1  # the one that was refused
    assert page.count("data-next=") == 2


def test_what_no_message_can_be_is_refused_and_what_is_not_there_is_said(site: Site) -> None:
    for path in (ALL, "/messages"):
        assert site.get(f"{path}?state=lost").status == 400
        assert site.get(f"{path}?application=nothing").status == 404
    assert "Nobody had to be told anything" in site.get("/messages").text


def test_nobody_reads_what_was_said_to_people_with_a_token_for_measures_alone(site: Site) -> None:
    several(site.scene)
    site.scene.tokens["scraper"] = access.create(site.scene.database, "scraper", role="metrics")
    for path in (ALL, "/messages"):
        assert site.get(path, "ben").status == 200
        assert site.get(path, "scraper").status in (401, 403)
        assert site.ask("GET", path).status in (401, 403)
