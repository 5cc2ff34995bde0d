"""BARS R24: every message arrives, once; a slow or dead channel delays no other; nobody else can listen."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from multiprocessing.process import BaseProcess as Process
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from incidents.team import Team, look_until_killed
from shipway.incidents import again, channels, errand
from shipway.incidents.blame import INDEX
from shipway.incidents.channels import InvalidChannel
from shipway.incidents.errand import LIMIT
from shipway.incidents.outbox import AT_ONCE, AT_ONCE_EACH, LATE, in_turn
from shipway.state import facts, messages
from shipway.state.channels import Channel
from shipway.state.database import Connection
from shipway.state.messages import Draft, Message
from support.installation import eventually
from support.kills import victims
from support.receivers import Hook, Mailbox, words

MINUTE = 60.0


def say(team: Team, person: str = "ada@example.org", cause: str = "c", **about: str) -> None:
    draft = Draft(person, cause, "stopped", f"[shop] {cause}", "It failed.\n", time.time(), **about)
    with team.database.write() as conn:
        messages.write(conn, draft)


def states(team: Team) -> list[str]:
    with team.database.read() as conn:
        return [one.state for one in reversed(messages.recent(conn))]


def newest(team: Team) -> Message:
    with team.database.read() as conn:
        return messages.recent(conn, limit=1)[0]


def test_a_mail_has_what_a_mail_needs(team: Team, mailbox: Mailbox) -> None:
    team.channel("ada@example.org", mailbox.url())
    team.fail_step(team.push(team.commit("ada", subject="Brëak\tit")), excerpt="out of eggs")
    team.tell()
    team.send()
    (mail,) = mailbox.wait()
    message = newest(team)
    assert mail["Subject"] == message.subject
    assert (mail["To"], mail["From"]) == ("ada@example.org", "Shipway <shipway@example.org>")
    assert mail["Message-ID"] == f"<{message.id}@{team.places.name}.shipway.invalid>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    for part in mail.iter_parts():
        assert "Brëak it" in part.get_content()
    assert (message.state, message.service) == ("sent", "E-mail")


def test_a_subject_stands_on_the_line_that_names_it(team: Team, mailbox: Mailbox) -> None:
    team.channel("ada@example.org", mailbox.url())
    say(team, cause="prod: 31be242 does not serve, web did not get healthy within 10 s")
    team.send()
    assert mailbox.wait()[0]["Subject"].startswith("[shop] prod: 31be242")


def test_the_news_that_it_is_mended_stands_in_the_same_thread(team: Team, mailbox: Mailbox) -> None:
    team.channel("ada@example.org", mailbox.url())
    good = team.commit("ben")
    team.deliver(good)
    team.fail_step(team.push(team.commit("ada"), good))
    team.tell()
    team.send()
    team.deploy(team.push(team.commit("ada"), good), "prod")
    team.tell()
    team.send()
    first, second = mailbox.wait(2)
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]


def test_a_webhook_gets_the_text_and_the_same_id(team: Team, hook: Hook) -> None:
    team.channel("@shop/payments", hook.url())
    say(team, "@shop/payments")
    team.send()
    (body,) = hook.bodies
    assert body["title"] == "[shop] c"
    assert f"<{newest(team).id}@" in body["message"]


def test_a_webhook_hears_more_of_a_cause_under_the_same_id(team: Team, hook: Hook) -> None:
    """Nothing else than what took the first message hears it, and nothing is said twice."""
    team.channel("ada@example.org", hook.url())
    team.channel("owner", hook.url("/owner"))
    good = team.commit("ben")
    team.deliver(good)
    run = team.push(team.commit("ada"), good)
    for name in ("test", "lint", "lint"):
        team.step(run, name)
        team.tell()
        team.send()
    taken = list(hook.bodies)
    hook.status = 503
    team.step(run, "types")
    team.tell()
    team.send()
    hook.bodies.clear()
    team.step(run, "docs")
    team.tell()
    with team.database.read() as conn:
        due = messages.waiting(conn, time.time() + 20 * MINUTE)
    assert [one.subject[:18] for one in due] == ["[shop] docs failed"], "it is all that is left to say"
    hook.status = 200
    team.later = 20 * MINUTE  # by then a message of its own would go to the next channel too
    team.send()
    team.later = 0
    team.deploy(team.push(team.commit("ada"), good), "prod")
    team.tell()
    team.send()
    taken += hook.bodies
    said = [(body["id"], body["update"], body["ended"], body["type"], body["title"][:18]) for body in taken]
    (key,) = {one[0] for one in said}
    assert key == f"{team.tell()[0].id}@{team.places.name}.shipway.invalid"
    assert said == [
        (key, False, False, "failure", "[shop] test failed"),
        (key, True, False, "failure", "[shop] lint failed"),
        (key, True, False, "failure", "[shop] docs failed"),
        (key, False, True, "success", "[shop] Your fix se"),
    ]
    assert {call.partition(" ")[2] for call in hook.calls} == {"/hook"}


def test_that_the_machine_is_well_again_ends_what_was_said_of_it(team: Team, hook: Hook) -> None:
    team.channel("owner", hook.url())
    for kind in ("little_room", "room_again", "little_room"):
        room(team, kind)
    said = [(body["id"], body["ended"], body["type"]) for body in hook.bodies]
    assert said[:2] == [(said[0][0], False, "failure"), (said[0][0], True, "success")]
    assert said[2][0] != said[0][0]
    assert said[2][1:] == (False, "failure")


def room(team: Team, kind: str) -> None:
    """The disk is nearly full, or no more, and the owner hears of it."""
    with team.database.write() as conn:
        facts.record(conn, f"machine.{kind}", data={"says": "1.2 GB (4 %)"})
    team.tell()
    team.send()


@pytest.mark.parametrize("by", ["mail", "webhook"])
def test_after_ten_minutes_without_its_channel_a_message_says_what_is_known_by_then(
    team: Team, hook: Hook, mailbox: Mailbox, by: str
) -> None:
    team.channel("ada@example.org", mailbox.url() if by == "mail" else hook.url())
    hook.status, mailbox.refuses = 503, "451 come back later"
    run = team.push(team.commit("ada"))
    team.step(run, "test")
    team.tell()
    for minutes in (0, 5):
        team.later = minutes * MINUTE
        team.send()
    team.step(run, "lint", excerpt="W   eggs are unused")
    team.tell()
    hook.bodies.clear()
    hook.status, mailbox.refuses, team.later = 200, "", 10 * MINUTE
    team.send()
    said = [body["title"] for body in hook.bodies] + [mail["Subject"] for mail in mailbox.mails]
    assert said == [f"[shop] lint failed on {run.commit[:7]}"]
    assert states(team) == ["sent"]


@pytest.mark.parametrize("taken", [True, False])
def test_what_happens_while_a_message_is_on_its_way_is_said_too(team: Team, hook: Hook, taken: bool) -> None:
    team.channel("ada@example.org", hook.url())
    hook.awake.clear()
    hook.status = 200 if taken else 503
    run = team.push(team.commit("ada"))
    team.step(run, "test")
    team.tell()
    team.outbox.look()
    eventually(lambda: hook.bodies, "the first is on its way", 60)
    team.step(run, "lint")
    team.tell()
    hook.awake.set()
    eventually(lambda: not team.outbox._busy.total(), "it is taken, or refused", 60)
    hook.status, team.later = 200, MINUTE
    team.send()
    first, second = [(body["id"], body["update"], body["title"][:18]) for body in hook.bodies]
    assert first == (first[0], False, "[shop] test failed")
    assert second == (first[0], taken, "[shop] lint failed")
    with team.database.read() as conn:
        recorded = [one.subject[:18] for one in reversed(messages.recent(conn))]
    assert recorded == (["[shop] test failed", "[shop] lint failed"] if taken else ["[shop] lint failed"])


@pytest.mark.parametrize("there", [True, False], ids=["is there", "is gone"])
def test_more_of_a_cause_goes_to_the_channel_that_took_it_and_to_no_other(
    team: Team, hook: Hook, other_hook: Hook, there: bool
) -> None:
    """Not even of the same kind and person; and that it cannot be said is nobody's loss."""
    team.channel("ada@example.org", hook.url())
    second = team.channel("ada@example.org", other_hook.url())
    good = team.commit("ben")
    run = team.push(team.commit("ada"), good)
    hook.status = 503
    team.step(run, "test")
    team.tell()
    for minutes in (0, 16, 17):
        team.later = minutes * MINUTE
        team.send()
    assert [body["title"][:18] for body in other_hook.bodies] == ["[shop] test failed"]
    hook.bodies.clear()
    hook.status, team.later = 200, 0
    team.step(run, "lint")
    team.tell()
    if not there:
        channels.remove(team.database, second, "ada")
    team.send()
    assert [body["title"][:18] for body in other_hook.bodies[1:]] == ["[shop] lint failed"] * there
    assert (hook.bodies, states(team)) == ([], ["sent"] * (1 + there))
    team.step(run, "types")
    team.deploy(team.push(team.commit("ada"), good), "prod")
    team.tell()
    team.send()
    assert [body["ended"] for body in (other_hook if there else hook).bodies][-1], "the fix reaches somebody"
    assert "nowhere" not in states(team)


def test_a_mail_cannot_be_changed_and_no_second_one_is_sent(team: Team, mailbox: Mailbox) -> None:
    team.channel("ada@example.org", mailbox.url())
    good = team.commit("ben")
    run = team.push(team.commit("ada"), good)
    for name in ("test", "lint"):
        team.step(run, name)
        team.tell()
        team.send()
    assert len(mailbox.wait(1)) == len(team.tell()) == 1


def test_everybody_of_a_domain_is_told_at_their_own_address_and_nobody_outside(
    team: Team, mailbox: Mailbox
) -> None:
    team.channel("*@example.org", mailbox.url("{address}"))
    say(team, "zoe@example.org")
    say(team, "zoe@elsewhere.org")
    team.send()
    assert [mail["To"] for mail in mailbox.wait()] == ["zoe@example.org"]
    assert states(team) == ["sent", "nowhere"]


@pytest.mark.parametrize(
    ("place", "arrives"),
    [
        ("?-who={address}", True),
        ("?:who={address}", True),
        ("/{address}", True),
        ("?who={address}", False),
        ("?:message={address}", False),
    ],
)
def test_a_webhook_for_everybody_hears_for_whom_it_is_or_is_refused(
    team: Team, hook: Hook, place: str, arrives: bool
) -> None:
    url = hook.url() + place
    if not arrives:
        with pytest.raises(InvalidChannel, match="JSON would never see the address") as refused:
            team.add_channel("*@example.org", url)
        assert "?-who={address} stands in the query" in str(refused.value.hint)
        return
    team.add_channel("*@example.org", url)
    say(team, "zoe@example.org")
    team.send()
    assert "zoe@example.org" in unquote(hook.calls[0]) + str(hook.bodies[0].get("who"))


def test_a_webhook_in_xml_hears_for_whom_it_is_in_a_field_of_its_own_alone(team: Team, hook: Hook) -> None:
    url = hook.url().replace("json://", "xml://")
    with pytest.raises(InvalidChannel, match="XML would never see the address"):
        team.add_channel("*@example.org", f"{url}?:Message={{address}}")
    team.add_channel("*@example.org", f"{url}?:who={{address}}")
    say(team, "zoe@example.org")
    team.send()
    assert ElementTree.fromstring(hook.raw[0]).findtext(".//who") == "zoe@example.org"


NOT_ONE_ADDRESS = [
    "victim@evil.org,x@example.org",
    "victim@evil.org%2cx@example.org",
    "victim@evil.org;x@example.org",
    "victim@evil.org x@example.org",
    "victim@evil.org\nx@example.org",
    '"victim@evil.org"@example.org',
    "<victim@evil.org>x@example.org",
    "victim@evil.org@example.org",
    "x@example.org\n",
    "@example.org",
    "*@example.org",
]


@pytest.mark.parametrize("author", NOT_ONE_ADDRESS)
def test_no_address_that_an_author_makes_up_leads_out_of_the_domain(
    team: Team, mailbox: Mailbox, author: str
) -> None:
    team.channel("*@example.org", mailbox.url("{address}"))
    with team.database.read() as conn:
        assert channels.reaching(conn, author) == []
        (everybody,) = channels.reaching(conn, "zoe@example.org")
    outcome = channels.send(team.vault, everybody, author, "s", "t", message_id="<x@y>")
    assert (outcome.good, mailbox.mails) == (False, [])


@pytest.mark.parametrize("author", ["zoe@example.org", "z.o-e+7=a_b@example.org", "1+zoe@example.org"])
def test_a_plain_address_is_reached_by_its_domain(team: Team, mailbox: Mailbox, author: str) -> None:
    team.channel("*@example.org", mailbox.url("{address}"))
    say(team, author)
    team.send()
    assert [mail["To"] for mail in mailbox.wait()] == [author]


def test_without_a_channel_of_their_own_the_owner_hears_for_whom_it_is(team: Team, mailbox: Mailbox) -> None:
    team.channel("owner", mailbox.url("root@example.org"))
    say(team, "zoe@example.org")
    team.send()
    (mail,) = mailbox.wait()
    assert "This is for zoe@example.org" in words(mail)


@pytest.mark.parametrize("own", [False, True])
def test_who_waits_for_the_machine_is_no_second_mail_to_the_owner(
    team: Team, mailbox: Mailbox, hook: Hook, own: bool
) -> None:
    team.channel("owner", mailbox.url("root@example.org"))
    if own:
        team.channel("ada@example.org", hook.url())
    run = team.push(team.commit("ada"))
    said = "Packages could not be fetched from http://index:2999: Connection refused."
    team.step(run, "install", excerpt=said, error=INDEX, actor="owner", about="http://index:2999")
    team.tell()
    team.send()
    assert sorted(states(team)) == (["sent", "sent"] if own else ["nowhere", "sent"])
    (mail,) = mailbox.wait()
    assert "This is for" not in words(mail)
    assert "by Ada Okafor, in run 1" in words(mail)
    assert [body["title"].endswith("http://index:2999") for body in hook.bodies] == [True] * own


def test_who_waits_for_the_machine_after_the_owner_was_told_is_heard_of_too(team: Team, mailbox: Mailbox) -> None:
    team.channel("owner", mailbox.url("root@example.org"))
    said = "Packages could not be fetched from http://index:2999: Connection refused."
    for who in ("ada", "ben"):
        run = team.push(team.commit(who))
        team.step(run, "install", excerpt=said, error=INDEX, actor="owner", about="http://index:2999")
        team.tell()
        team.send()
    first, second = (words(mail) for mail in mailbox.wait(2))
    assert "by Ada Okafor, in run 1" in first
    assert "This is for ben@example.org" in second
    assert sorted(states(team)) == ["nowhere", "sent", "sent"]


def test_without_any_channel_it_is_on_record(team: Team) -> None:
    say(team)
    team.send()
    assert states(team) == ["nowhere"]


def test_what_had_no_channel_is_sent_once_when_a_person_asks_for_it(team: Team, mailbox: Mailbox) -> None:
    say(team)
    team.send()
    message = newest(team).id
    again.send_again(team.database, message, "ben")
    team.send()
    assert states(team) == ["nowhere"]  # there is still none
    team.channel("ada@example.org", mailbox.url())
    team.send()
    assert states(team) == ["nowhere"]  # nobody asked
    again.send_again(team.database, message, "ben")
    team.send()
    (mail,) = mailbox.wait()
    assert mail["Message-ID"] == f"<{message}@{team.places.name}.shipway.invalid>"
    with pytest.raises(again.AlreadySent):
        again.send_again(team.database, message, "ben")


def test_what_is_in_a_couriers_hand_is_left_there_and_nobody_asked_for_more(team: Team) -> None:
    say(team)
    with team.database.write() as conn:
        assert messages.claim(conn, messages.recent(conn)[0], "a courier", time.time() + MINUTE)
    again.send_again(team.database, newest(team).id, "ben")
    with team.database.read() as conn:
        assert "message.again" not in [one.kind for one in facts.after(conn, 0)]


def test_half_an_hour_without_the_mail_server_loses_nothing_and_repeats_nothing(
    team: Team, mailbox: Mailbox
) -> None:
    team.channel("ada@example.org", mailbox.url())
    mailbox.close()
    for cause in ("a", "b"):
        say(team, cause=cause)
    for minutes in (0, 12, 30):
        team.later = minutes * MINUTE
        team.send()
    assert states(team) == ["waiting"] * 2
    assert "Connection refused" in newest(team).problem
    mailbox.open()
    team.later += MINUTE
    team.send()
    team.send()
    assert states(team) == ["sent"] * 2
    assert sorted(mail["Subject"] for mail in mailbox.mails) == ["[shop] a", "[shop] b"]


def test_a_channel_that_comes_and_goes_loses_nothing_and_is_told_nothing_twice(team: Team, hook: Hook) -> None:
    """Half an hour of it, with something to tell every five minutes (BARS R24: flapping)."""
    team.channel("ada@example.org", hook.url())
    taken: list[str] = []
    for number in range(6):
        hook.status = 503 if number % 2 == 0 else 200
        hook.bodies.clear()
        say(team, cause=f"{number}")
        team.later = number * 5 * MINUTE
        team.send()
        taken += [body["title"] for body in hook.bodies if hook.status == 200]
    assert sorted(taken) == [f"[shop] {number}" for number in range(6)]
    assert states(team) == ["sent"] * 6


@pytest.mark.parametrize("tries", [0, 5, 35, 5000])
def test_the_next_try_is_soon_and_after_half_an_hour_within_five_minutes(
    team: Team, hook: Hook, tries: int
) -> None:
    team.channel("ada@example.org", hook.url())
    hook.status = 503
    say(team)
    with team.database.write() as conn:
        conn.exec_driver_sql(f"update messages set attempts = {tries}")
    team.later = min(tries, 35) * MINUTE
    team.send()
    pause = newest(team).next_try - (time.time() + team.later)
    assert pause < (3 if tries == 0 else 5 * MINUTE)


@pytest.mark.parametrize("ways", [1, 3])
def test_however_long_it_was_away_each_channel_is_tried_within_five_minutes(
    team: Team, hook: Hook, ways: int
) -> None:
    """Whichever of several it is that answers again, and though a courier may hang for as long as it may take."""
    for path in range(ways):
        team.channel("ada@example.org", hook.url(f"/{path}"))
    hook.status = 503
    say(team)
    with team.database.write() as conn:
        conn.exec_driver_sql(f"update messages set attempts = 5000, created = created - {7 * 24 * 3600}")
    team.send()
    pause = newest(team).next_try - time.time()
    assert ways * pause + LIMIT < 5 * MINUTE


def refused(team: Team, *causes: str) -> None:
    """Messages that were, often enough that their next try is a minute away; so is whatever was said before."""
    for cause in causes:
        say(team, cause=cause)
    with team.database.write() as conn:
        conn.exec_driver_sql("update messages set attempts = 6")
    team.send()
    assert set(states(team)) == {"waiting"}


def test_what_a_channel_takes_brings_along_what_it_refused(team: Team, hook: Hook, other_hook: Hook) -> None:
    """All goes out once it answers again, and what another channel refused stays where it is."""
    team.channel("ada@example.org", hook.url())
    team.channel("ben@example.org", other_hook.url())
    hook.status = other_hook.status = 503
    say(team, "ben@example.org")
    refused(team, "0", "1", "2", "3")
    hook.status = 200
    say(team, cause="new")
    team.send()
    assert states(team) == ["waiting", *["sent"] * 5]


def test_one_that_counts_is_not_flooded(team: Team, hook: Hook) -> None:
    """Each that it takes brings two: where those are refused, nothing more comes."""
    team.channel("ada@example.org", hook.url())
    hook.status = 429
    refused(team, "0", "1", "2", "3")
    hook.bodies.clear()
    taken = iter([200])
    hook.answer, answer = lambda *call: answer(*call) and next(taken, 429), hook.answer  # type: ignore[method-assign]
    say(team, cause="new")
    team.send()
    assert [body["title"] for body in hook.bodies[:1]] == ["[shop] new"]
    assert sorted(body["title"] for body in hook.bodies[1:]) == ["[shop] 0", "[shop] 1"], "side by side"


def test_a_first_channel_that_hangs_does_not_keep_the_second_waiting(
    team: Team, hook: Hook, other_hook: Hook
) -> None:
    """Once both may take it: no matter how many messages stand before the first."""
    team.channel("*@example.org", f"{hook.url()}?-to={{address}}")
    team.channel("owner", other_hook.url())
    for number in range(6):
        say(team, f"ada{number}@example.org")
    with team.database.write() as conn:
        conn.exec_driver_sql("update messages set attempts = 1")  # it is the first one's turn
    hook.awake.clear()
    team.later = LATE + MINUTE
    for _ in range(6):
        team.outbox.look()
        eventually(lambda: team.outbox._busy.total() == AT_ONCE_EACH, "all others are done")
    assert states(team).count("sent") == 4
    hook.awake.set()


def test_a_mail_that_is_refused_for_now_is_tried_again(team: Team, mailbox: Mailbox) -> None:
    team.channel("ada@example.org", mailbox.url())
    mailbox.refuses = "451 greylisted, come back later"
    say(team)
    team.send()
    assert newest(team).problem == "451 greylisted, come back later"
    mailbox.refuses, team.later = "", MINUTE
    team.send()
    assert states(team) == ["sent"]


def test_a_slow_channel_delays_nobody_else_and_is_borne(team: Team, hook: Hook, other_hook: Hook) -> None:
    hook.awake.clear()
    for person, channel in (("slow@example.org", hook), ("ada@example.org", other_hook)):
        team.channel(person, channel.url())
    for cause in ("a", "b", "c", "d"):
        say(team, "slow@example.org", cause)
    say(team)
    team.outbox.look()
    eventually(lambda: newest(team).state == "sent", "the quick one is told")
    assert "sent" not in states(team)[:4]
    hook.awake.set()
    eventually(lambda: not team.outbox._busy.total(), "the slow ones are told", 30)
    assert states(team) == ["sent", "sent", "waiting", "waiting", "sent"]


def test_five_channels_that_hang_delay_nobody_else(team: Team, hook: Hook, other_hook: Hook) -> None:
    hook.awake.clear()
    for number in range(5):
        team.channel(f"slow{number}@example.org", hook.url())
        for cause in ("a", "b", "c"):
            say(team, f"slow{number}@example.org", cause)
    team.channel("ada@example.org", other_hook.url())
    say(team)
    for _ in range(3):
        team.outbox.look()
    eventually(lambda: newest(team).state == "sent", "the quick one is told")
    assert states(team).count("sent") == 1
    hook.awake.set()


def test_a_record_that_cannot_be_written_for_a_while_stops_no_channel_for_good(
    team: Team, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.channel("ada@example.org", hook.url())
    say(team)

    def locked(*_about: object) -> bool:
        raise OSError("the database is locked")

    with monkeypatch.context() as patched:
        patched.setattr(messages, "claim", locked)
        for _ in range(AT_ONCE + 1):
            with pytest.raises(OSError, match="locked"):
                team.outbox.look()
    team.send()
    assert states(team) == ["sent"]


def test_a_channel_that_never_answers_is_given_up(team: Team, hook: Hook) -> None:
    hook.awake.clear()
    channel = team.channel("ada@example.org", hook.url())
    with team.database.read() as conn:
        (found,) = channels.reaching(conn, "ada@example.org")
    assert found.id == channel
    outcome = channels.send(team.vault, found, "ada@example.org", "s", "t", message_id="<x@y>", limit=1.0)
    assert (outcome.good, outcome.said) == (False, "It did not answer within 1 s.")


@pytest.mark.parametrize(
    ("minutes", "tried"), [(0, "aaa"), (14, "aaa"), (16, "bab"), (31, "cab"), (600, "cab")], ids=str
)
def test_after_a_quarter_of_an_hour_the_next_channel_joins_in(
    team: Team, hook: Hook, minutes: int, tried: str
) -> None:
    for path, whose in enumerate(("ada@example.org", "ada@example.org", "owner")):
        team.channel(whose, hook.url(f"/{path}"))
    say(team)
    message = newest(team)
    with team.database.read() as conn:
        ways = channels.reaching(conn, message.person)
    names = dict(zip([each.id for each in ways], "abc", strict=True))
    now = message.created + minutes * MINUTE
    picked = [in_turn(ways, replace(message, attempts=attempts), now)[0] for attempts in range(3)]
    assert "".join(names[each.id] for each in picked) == tried


def test_what_the_persons_channels_do_not_take_reaches_the_owner(team: Team, hook: Hook, mailbox: Mailbox) -> None:
    hook.status = 500
    team.channel("ada@example.org", hook.url())
    team.channel("owner", mailbox.url("root@example.org"))
    say(team)
    team.send()
    assert mailbox.mails == []
    team.later = LATE + 1
    team.send()
    team.later += MINUTE
    team.send()
    (mail,) = mailbox.wait()
    assert "This is for ada@example.org, who has no channel that works" in words(mail)


def test_what_was_not_taken_for_a_quarter_of_an_hour_is_late(team: Team, hook: Hook) -> None:
    hook.status = 500
    team.channel("ada@example.org", hook.url())
    say(team)
    team.send()
    with team.database.read() as conn:
        assert messages.undelivered(conn, time.time() - LATE) == []
        assert len(messages.undelivered(conn, time.time() + 1)) == 1


@pytest.mark.parametrize("dies", [False, True])
def test_what_waits_for_the_old_release_has_a_courier_that_is_ready(team: Team, hook: Hook, dies: bool) -> None:
    team.channel("ada@example.org", hook.url())
    with team.database.write() as conn:
        messages.write(conn, Draft("ada@example.org", "bad", "bad", "It is bad", "It is.", time.time() + 2.0))
    team.outbox.look()
    courier = team.outbox._ready
    assert courier is not None
    if dies:
        courier.kill()
        courier.wait()
    team.later = 3.0
    team.send()
    assert ([body["title"] for body in hook.bodies], states(team)) == (["It is bad"], ["sent"])
    assert (team.outbox._ready, courier.poll() is not None) == (None, True)


def test_while_a_release_is_decided_over_a_courier_is_ready_for_what_may_be_told(
    team: Team, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ready = [], errand.ready
    monkeypatch.setattr(errand, "ready", lambda services: begun.append(ready(services)) or begun[-1])
    deciding = True
    team.outbox.deciding = lambda: deciding
    team.add_channel("ping", "https://example.org/ping")
    team.outbox.look()
    assert team.outbox._ready is None  # nobody is there to be told
    team.channel("ada@example.org", hook.url())
    team.outbox.look()
    courier = team.outbox._ready
    assert courier is not None
    deciding = False
    team.outbox.look()
    assert team.outbox._ready is courier  # of what was just decided somebody is told soon
    say(team)
    team.send()
    assert (states(team), courier.poll() is not None) == (["sent"], True)
    team.outbox.look()
    assert team.outbox._ready is None
    assert begun == [courier]  # none is begun while it is on its way, to be sent home after it


def test_a_courier_that_dies_while_it_is_ready_has_another_in_its_place(team: Team, hook: Hook) -> None:
    team.outbox.deciding = lambda: True
    team.channel("ada@example.org", hook.url())
    team.outbox.look()
    courier = team.outbox._ready
    assert courier is not None
    courier.kill()
    courier.wait()
    team.outbox.look()
    assert team.outbox._ready not in (None, courier)
    assert team.outbox._ready.poll() is None  # type: ignore[union-attr]


def test_a_courier_that_was_not_needed_goes_home(team: Team, hook: Hook) -> None:
    deciding = True
    team.outbox.deciding = lambda: deciding
    team.channel("ada@example.org", hook.url())
    team.outbox.look()
    courier = team.outbox._ready
    deciding, team.later = False, 30.0
    team.outbox.look()
    assert courier is not None
    assert (team.outbox._ready, courier.poll() is not None) == (None, True)


def test_a_message_is_claimed_by_one(team: Team) -> None:
    say(team)
    seen = newest(team)
    with team.database.write() as conn:
        assert messages.claim(conn, seen, "me", time.time() + 60)
        assert not messages.claim(conn, seen, "you", time.time() + 60)


def test_a_claim_of_a_process_that_is_gone_is_free_at_once(team: Team, hook: Hook) -> None:
    team.channel("ada@example.org", hook.url())
    say(team)
    with team.database.write() as conn:
        messages.claim(conn, newest_in(conn), "boot/4194399/1", time.time() + 1000)
    team.send()
    assert states(team) == ["sent"]


def on_their_way(team: Team, hook: Hook, *names: str) -> tuple[Process, list[list[str]]]:
    """A server that waits for couriers to these people: the channel has their messages, and does not answer yet.
    With the words of the leases.
    """
    hook.awake.clear()
    for name in names:
        team.channel(f"{name}@example.org", hook.url())
        say(team, f"{name}@example.org")
    context = multiprocessing.get_context("spawn")
    server = context.Process(target=look_until_killed, args=(team.places,), daemon=True)
    server.start()

    def leases() -> list[list[str]]:
        found = [lease.split() for (lease,) in team.query("select lease from messages order by id")]
        return found if all(found) else []

    eventually(lambda: len(leases()) == len(names), "all are on their way", 30)
    eventually(lambda: len(hook.bodies) == len(names), "the channel has them", 30)
    return server, leases()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_that_is_killed_repeats_nothing_that_was_on_its_way(
    team: Team, hook: Hook, other_hook: Hook, when: str
) -> None:
    """Whether the channels answer before the next server looks, or only when that has sent something else."""
    server, _leases = on_their_way(team, hook, "ada", "ben", "cho")
    server.kill()
    server.join()
    if when == "after":
        team.channel("dan@example.org", other_hook.url())
        say(team, "dan@example.org")
        team.send()
        assert states(team) == ["waiting", "waiting", "waiting", "sent"]
    hook.awake.set()
    eventually(lambda: len(list(team.places.answers.glob("*.json"))) == 3, "the couriers are back", 30)
    team.outbox.look()
    assert (set(states(team)), len(hook.bodies)) == ({"sent"}, 3)
    with team.database.read() as conn:
        told = {one.person: (one.service, one.reached) for one in messages.recent(conn)}
    people = [f"{name}@example.org" for name in ("ada", "ben", "cho")]
    assert [told[person] for person in people] == [("JSON", person) for person in people]
    assert list(team.places.answers.iterdir()) == []


def test_what_was_refused_after_its_server_was_killed_waits_for_its_next_try(team: Team, hook: Hook) -> None:
    hook.status = 503
    server, _leases = on_their_way(team, hook, "ada")
    server.kill()
    server.join()
    hook.awake.set()
    eventually(lambda: list(team.places.answers.glob("*.json")), "the courier is back", 30)
    team.outbox.look()
    assert "503" in newest(team).problem
    assert (newest(team).lease, len(hook.bodies)) == ("", 1)


def test_a_courier_that_is_killed_with_its_server_repeats_its_one_message(team: Team, hook: Hook) -> None:
    server, leases = on_their_way(team, hook, "ada", "ben", "cho")
    victims.kill_all([int(leases[1][1].split("/")[1])])
    server.kill()
    server.join()
    hook.awake.set()
    eventually(lambda: len(list(team.places.answers.glob("*.json"))) == 2, "the others are back", 30)

    def all_sent() -> bool:
        team.send()  # what a courier has on its way is free once its process is seen to have ended
        return states(team) == ["sent"] * 3

    eventually(all_sent, "all are sent", 30)
    assert sorted(Counter(body["id"] for body in hook.bodies).values()) == [1, 1, 2]


def test_what_could_not_be_recorded_is_recorded_later_and_keeps_nobody_waiting(
    team: Team, hook: Hook, other_hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not said again either."""
    team.channel("ada@example.org", hook.url())
    say(team)

    sent = messages.sent

    def refused(conn: Connection, message: Message, channel: Channel) -> Message | None:
        if message.person == "ada@example.org":
            raise OSError("the record does not take it")
        return sent(conn, message, channel)

    with monkeypatch.context() as patched:
        patched.setattr(messages, "sent", refused)
        team.outbox.look()
        eventually(lambda: not team.outbox._busy.total(), "the courier is back", 30)
        team.channel("ben@example.org", other_hook.url())
        say(team, "ben@example.org")
        team.send()
    assert states(team) == ["waiting", "sent"], "what comes after it waits for it"
    team.outbox.look()
    assert (states(team), len(hook.bodies)) == (["sent", "sent"], 1)


def test_a_courier_that_dies_as_it_begins_is_a_try_that_failed(
    team: Team, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else waits for that, and after a quarter of an hour the pages tell of it."""
    ready = errand.ready

    def dying(services: Collection[str]) -> errand.Courier:
        courier = ready(services)
        courier.kill()
        os.waitid(os.P_PID, courier.pid, os.WEXITED | os.WNOWAIT)
        return courier

    team.channel("ada@example.org", hook.url())
    say(team)
    with monkeypatch.context() as patched:
        patched.setattr(errand, "ready", dying)
        team.outbox.look()
        eventually(lambda: not team.outbox._busy.total(), "it was tried", 30)
    assert newest(team).problem == "The courier ended with -9 and said nothing."
    assert (newest(team).attempts, newest(team).lease) == (1, "")


def test_what_is_left_while_somebody_looks_is_recorded_at_the_next_look(
    team: Team, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The courier of a server that is gone comes back right after it was looked for what is left."""
    server, leases = on_their_way(team, hook, "ada")
    server.kill()
    server.join()
    record = team.outbox._record_what_was_left

    def come_back() -> None:
        record()
        hook.awake.set()
        eventually(lambda: victims.ended(int(leases[0][1].split("/")[1])), "the courier is back", 30)

    monkeypatch.setattr(team.outbox, "_record_what_was_left", come_back)
    team.outbox.look()
    assert (states(team), len(hook.bodies)) == (["waiting"], 1)
    monkeypatch.undo()
    team.outbox.look()
    assert (states(team), len(hook.bodies)) == (["sent"], 1)


def test_an_answer_that_nobody_understands_is_taken_away(team: Team, hook: Hook) -> None:
    team.places.answers.mkdir()
    (team.places.answers / "1.json").write_text('{"answer": {}}')
    team.channel("ada@example.org", hook.url())
    say(team)
    team.send()
    assert (states(team), list(team.places.answers.iterdir())) == (["sent"], [])


def test_a_courier_that_nobody_waits_for_ends_with_its_claim(team: Team, hook: Hook) -> None:
    hook.awake.clear()
    about = {"act": "send", "url": hook.url(), "private": True, "subject": "s", "text": "t", "message_id": "<x@y>"}
    order = {**about, "parent": 1, "limit": 1.0, "answer": {"path": str(team.places.answers / "x"), "carries": {}}}
    with errand.ready(["JSON"]) as courier:
        said, _nothing = courier.communicate(json.dumps(order).encode(), 30)
    assert (said, courier.returncode, len(hook.bodies)) == (b"", 1, 1)
    hook.awake.set()


def test_what_another_process_sends_is_left_to_it(team: Team, hook: Hook) -> None:
    team.channel("ada@example.org", hook.url())
    say(team)
    other = team.another_outbox()
    with team.database.write() as conn:
        messages.claim(conn, newest_in(conn), other._me, time.time() + 100)
    team.send()
    other.close()
    assert hook.bodies == []


def test_two_that_send_at_the_same_time_send_once(team: Team, hook: Hook) -> None:
    team.channel("ada@example.org", hook.url())
    other = team.another_outbox()
    for number in range(4):
        say(team, cause=str(number))
    for _ in range(4):
        both = [threading.Thread(target=box.look) for box in (team.outbox, other)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        eventually(lambda: not (team.outbox._busy.total() or other._busy.total()), "nothing is on its way")
    other.close()
    assert sorted(body["title"] for body in hook.bodies) == [f"[shop] {number}" for number in range(4)]


def newest_in(conn: messages.Connection) -> Message:
    return messages.recent(conn, limit=1)[0]


SECRET = "correct-horse-battery"


def test_an_url_is_never_shown(team: Team, mailbox: Mailbox) -> None:
    channel = team.add_channel("ada@example.org", mailbox.url(password=SECRET))
    assert SECRET.encode() not in team.places.database.read_bytes()
    said = channels.test(team.database, team.vault, channel, "http://127.0.0.1:8440", "")
    assert not said.good  # this server knows no passwords
    assert SECRET not in said.said


@pytest.mark.parametrize("scheme", ["json", "xml", "form"])
def test_what_a_service_answers_is_shown_without_the_secrets_of_its_url(
    team: Team, hook: Hook, scheme: str
) -> None:
    hook.status = 403
    channel = team.add_channel("ada@example.org", hook.url(f"/{SECRET}?+token={SECRET}").replace("json", scheme))
    said = channels.test(team.database, team.vault, channel, "http://127.0.0.1:8440", "")
    assert not said.good
    assert "403" in said.said
    assert SECRET not in said.said


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0.0.0.0", "0.0.0.0"),
        ("[::ffff:7f00:1]", "::ffff:127.0.0.1"),
        ("[64:ff9b::7f00:1]", "64:ff9b::7f00:1"),
        ("169.254.169.254", "169.254.169.254"),
        ("10.1.2.3", "10.1.2.3"),
    ],
)
def test_an_address_inside_is_not_connected_to(team: Team, hook: Hook, host: str, told: str) -> None:
    order = {"act": "ping", "url": f"http://{host}:{hook.port}/", "private": False}
    outcome = errand.run(order, 10.0)
    assert not outcome.good
    assert "is not a public address" in outcome.said
    assert hook.calls == []


@pytest.mark.parametrize("kind", ["mail", "webhook"])
def test_no_channel_leads_inside_unless_an_owner_said_so(
    team: Team, hook: Hook, mailbox: Mailbox, kind: str
) -> None:
    """Neither when it is added nor when its name has come to lead inside since."""
    url = mailbox.url() if kind == "mail" else hook.url()
    with pytest.raises(InvalidChannel, match=r"127\.0\.0\.1 is not a public address") as refused:
        team.add_channel("ada@example.org", url, private=False)
    assert "`shipway channels 'ada@example.org' --private`" in str(refused.value.hint)
    channel = led_inside(team, "ada@example.org", url)
    said = channels.test(team.database, team.vault, channel, "http://127.0.0.1:8440", "")
    assert not said.good
    assert "is not a public address" in said.said
    assert (hook.calls, mailbox.mails) == ([], [])


def led_inside(team: Team, whose: str, url: str) -> str:
    """A channel whose name led to a public address when it was added, and does no more."""
    channel = team.channel(whose, url)
    with team.database.write() as conn:
        conn.exec_driver_sql(f"update channels set private = 0 where id = '{channel}'")
    return channel


@pytest.mark.parametrize("whose", ["ping", "sentry:shop.prod", "ada@example.org", "*@example.org"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "10.1.2.3"])
def test_what_leads_inside_is_refused_when_it_is_added_without_that(team: Team, whose: str, host: str) -> None:
    url = {
        "ping": f"http://{host}/x",
        "sentry:shop.prod": f"http://key@{host}/7",
        "ada@example.org": f"json://{host}/x",
        "*@example.org": f"mailto://{host}?from=shipway@example.org&to={{address}}&mode=insecure",
    }[whose]
    with pytest.raises(InvalidChannel, match="is not a public address"):
        team.add_channel(whose, url, private=False)


def test_the_key_of_a_service_is_not_looked_up_as_if_it_were_a_machine(team: Team) -> None:
    team.add_channel("ada@example.org", "pagerduty://s1gn4tur3@localhost/shipway", private=False)


def test_the_same_url_again_replaces_its_channel_in_its_place(team: Team, hook: Hook, other_hook: Hook) -> None:
    first = led_inside(team, "ada@example.org", hook.url())
    second = team.channel("ada@example.org", other_hook.url())
    assert team.add_channel("ada@example.org", hook.url()) == first
    with team.database.read() as conn:
        reaching = channels.reaching(conn, "ada@example.org")
    assert [(one.id, one.private) for one in reaching] == [(first, True), (second, True)]


def test_a_channel_that_our_own_rule_refuses_holds_up_no_other(team: Team, hook: Hook, other_hook: Hook) -> None:
    led_inside(team, "ada@example.org", hook.url())
    team.channel("ada@example.org", other_hook.url())
    for cause, seconds in (("a", 3), ("b", 3)):
        say(team, cause=cause)
        team.send()
        team.later += seconds
        team.send()
    assert [body["title"] for body in other_hook.bodies] == ["[shop] a", "[shop] b"]
    assert (hook.calls, [one.attempts for one in team.tell()]) == ([], [2, 1])


def test_a_channel_for_a_domain_without_a_place_for_the_address_is_told_what_it_lacks(
    team: Team, hook: Hook
) -> None:
    with pytest.raises(InvalidChannel, match=r"has to contain \{address\}") as refused:
        team.add_channel("*@example.com", hook.url())
    assert "smtp.example.com?from=shipway@example.com&to={address}" in str(refused.value.hint)


@pytest.mark.parametrize("act", ["ping", "send"])
def test_a_redirect_is_not_followed(team: Team, hook: Hook, other_hook: Hook, act: str) -> None:
    hook.status, hook.headers = 302, {"Location": f"http://127.0.0.1:{other_hook.port}/inside"}
    url = f"http://127.0.0.1:{hook.port}/" if act == "ping" else hook.url()
    order = {"act": act, "url": url, "private": True, "subject": "s", "text": "t", "message_id": "<x@y>"}
    assert not errand.run(order, 20.0).good
    assert len(hook.calls) == 1
    assert other_hook.calls == []


@pytest.mark.parametrize(
    ("whose", "url"),
    [
        ("ada@example.org", "nosuch://service"),
        ("ada@example.org", "mailto://"),
        ("ada@example.org", "just words"),
        ("ada@example.org", "mailto://x.org?to={address}"),
        ("*@example.org", "mailto://x.org?to=ada@example.org"),
        ("ping", "mailto://x.org?to=ada@example.org"),
        ("two words", "json://example.org"),
        ("ada@example.org", "json://example.org/" + "x" * 4000),
    ],
)
def test_a_channel_that_makes_no_sense_is_refused_when_it_is_added(team: Team, whose: str, url: str) -> None:
    with pytest.raises(InvalidChannel):
        team.add_channel(whose, url)


@pytest.mark.parametrize("minutes", [20, 40, 600])
def test_a_clock_that_steps_back_loses_no_message_and_keeps_none_waiting(
    team: Team, hook: Hook, minutes: int
) -> None:
    """BARS R20: neither the next try nor the claim of a living process may lie hours ahead."""
    team.channel("ada@example.org", hook.url())
    say(team)
    with team.database.write() as conn:
        messages.claim(conn, newest_in(conn), team.outbox._me, time.time() + 3600 + 90)
        conn.exec_driver_sql(f"update messages set next_try = next_try + 3600, created = created + {60 * minutes}")
    team.send()
    assert states(team) == ["sent"]


def test_a_message_is_no_fact_of_its_run(team: Team) -> None:
    """Else what a run can still be retried for would look newer than it is."""
    run = team.push(team.commit("ada"))
    team.fail_step(run)
    team.tell()
    with team.database.read() as conn:
        assert facts.after(conn, 0, runs=[run.id])[-1].kind == "run.failed"
