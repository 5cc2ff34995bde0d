"""From a push to a mail, with a real server and a real mail server; and a kill between sending and noting it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.installation import Installation, Repository, eventually
from support.kills import victims
from support.receivers import Mailbox, words
from support.shop import PROJECT, shop

ONE = PROJECT.replace("[dev, test, prod]", "[prod]").replace("warm: 60 s", "warm: 6 s")
SECRET = "correct-horse-battery"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, mailbox: Mailbox) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("told")
    made = Installation(home, victims.killed_by(home / "plan.json"))
    made.up()
    for whose in ("ada@example.org", "owner"):
        added = made.shipway(
            "channels", whose, "--private", stdin=f"{mailbox.url(whose.replace('owner', 'root@x.org'))}\n"
        )
        assert added.code == 0, added.out
    yield made
    made.take_down()


@pytest.fixture(scope="module")
def repository(house: Installation) -> Repository:
    """The shop, delivered in its first version."""
    made = house.repository("shop")
    made.write(shop("1", project=ONE))
    made.commit("Open the shop")
    made.init()
    made.deliver("Open the shop for real")
    return made


def failing(repository: Repository, why: str) -> str:
    files = shop("2", project=ONE, check=f"raise SystemExit({why!r})\n")
    commit = repository.commit(f"Break it: {why}", files)
    repository.push("-o", "detach", "shipway", "main")
    return commit


def test_a_channel_can_be_tried_and_shows_no_secret(house: Installation, mailbox: Mailbox) -> None:
    tried = house.shipway("channels", "--test", "ada@example.org")
    assert (tried.code, mailbox.mails.pop()["Subject"]) == (0, "[shipway] A test"), tried.out
    bad = house.shipway("channels", "eve@example.org", "--private", stdin=f"{mailbox.url(password=SECRET)}\n")
    assert bad.code == 0
    tried = house.shipway("channels", "--test", "eve@example.org")
    assert tried.code == 1
    assert house.shipway("channels", "*@example.net", "--private", stdin=f"{mailbox.url('{address}')}\n").code == 0
    assert house.shipway("channels", "--test", "finn@example.net").code == 0
    assert mailbox.mails.pop()["To"] == "finn@example.net"
    listed = house.shipway("channels").out + house.shipway("channels", "--json").out
    assert "eve@example.org" in listed
    assert SECRET not in listed + tried.out + house.server_log()


def test_the_author_has_a_mail_with_the_line_that_explains_it(repository: Repository, mailbox: Mailbox) -> None:
    commit = failing(repository, "eggs are out")
    (mail,) = mailbox.wait()
    assert mail["Subject"] == f"[shop] test failed on {commit[:7]}"
    assert "eggs are out" in words(mail)
    assert "prod serves r1" in words(mail)
    eventually(lambda: repository.json("messages", commit)[0]["state"] == "sent", "it is noted")
    (told,) = repository.json("messages", commit)
    assert (told["person"], told["service"]) == ("ada@example.org", "E-mail")


@pytest.mark.parametrize(
    "place", ["message.written before", "message.written after", "message.sent before", "message.sent after"]
)
def test_whenever_the_server_is_killed_it_is_sent_once(
    house: Installation, repository: Repository, mailbox: Mailbox, place: str
) -> None:
    """Also between sending and noting it."""
    before = len(mailbox.mails)
    plan = Path(house.env["KILLS_PLAN"])
    plan.write_text(json.dumps({"id": uuid.uuid4().hex, "place": place, "nth": 1, "words": []}))
    server = house.server
    assert server is not None
    commit = failing(repository, f"killed at {place}")
    eventually(lambda: victims.ended(server), "the server is killed")
    house.up()
    eventually(lambda: [one["state"] for one in repository.json("messages", commit)] == ["sent"], "it is sent")
    assert len(mailbox.mails) == before + 1


def test_who_was_told_hears_once_and_at_once_that_the_fix_serves(repository: Repository, mailbox: Mailbox) -> None:
    before = len(mailbox.mails)
    fix = repository.deliver("Mend it", shop("3", project=ONE))
    mail = mailbox.wait(before + 1)[-1]
    assert mail["Subject"] == f"[shop] Your fix serves: {fix[:7]} is in prod"
    assert "It is watched until " in words(mail)
    assert len(mailbox.mails) == before + 1


def test_a_release_that_is_not_healthy_is_told_with_what_serves(repository: Repository, mailbox: Mailbox) -> None:
    before = len(mailbox.mails)
    ill = shop("4", health="unwell", project=ONE.replace("timeout: 10 s", "timeout: 1 s"))
    commit = repository.commit("Fall ill", ill)
    repository.push()
    mail = mailbox.wait(before + 1)[-1]
    assert str(mail["Subject"]).startswith(f"[shop] prod: {commit[:7]} does not serve, web did not get healthy")
    assert "GET /health answered 500" in words(mail)


def test_doctor_says_that_nothing_waits(house: Installation) -> None:
    found = [each for each in house.json("doctor") if each["what"] == "messages"]
    assert [each["found"] for each in found] == ["nothing waits to be delivered"]
