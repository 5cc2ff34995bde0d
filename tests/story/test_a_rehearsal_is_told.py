"""A push whose migration breaks what serves in prod: a real server, which is killed, and a real mail server."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.installation import Installation, Repository, eventually
from support.kills import victims
from support.prices import ADDS, RENAMES, prices
from support.receivers import Mailbox, words


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, mailbox: Mailbox) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("rehearsing")
    made = Installation(home, victims.killed_by(home / "plan.json"))
    made.up()
    added = made.shipway("channels", "ada@example.org", "--private", stdin=f"{mailbox.url()}\n")
    assert added.code == 0, added.out
    yield made
    made.take_down()


@pytest.fixture(scope="module")
def repository(house: Installation) -> Repository:
    """The price list, delivered in its first version."""
    made = house.repository("shop")
    made.write(prices("cents"))
    made.commit("Open the shop")
    made.init()
    made.deliver("Open the shop for real")
    return made


def left(house: Installation) -> list[str]:
    """Processes, ports and copies of rehearsals."""
    found = [f"process {pid}" for pid in victims.find(["supervisor/__main__.py", str(house.places.rehearsals)])]
    found += [
        f"port {row[0]}"
        for row in house.query("select port from ports where owner like 'rehearsal%' and released is null")
    ]
    return found + [str(path) for path in house.places.rehearsals.glob("*")]


def killed_at(house: Installation, place: str, nth: int = 1) -> int:
    """The server, which dies when it comes to this place so many times."""
    order = {"id": uuid.uuid4().hex, "place": place, "nth": nth, "words": []}
    Path(house.env["KILLS_PLAN"]).write_text(json.dumps(order))
    server = house.server
    assert server is not None
    return server


def test_one_that_only_adds_is_shown_in_the_push_and_goes_on_after_a_kill(
    house: Installation, repository: Repository
) -> None:
    """Killed while what serves in prod has its turn on the copy: the rehearsal begins anew."""
    server = killed_at(house, "rehearsal.entered after", 2)
    commit = repository.commit("Add pence", prices("pence", ADDS))
    repository.push("-o", "detach", "shipway", "main")
    eventually(lambda: victims.ended(server), "the server is killed")
    assert left(house)
    house.up()
    done = repository.shipway("wait", commit, "--env", "prod", "--timeout", "90")
    assert done.code == 0, done.out + house.server_log()
    assert house.facts("rehearsal.begun") == ["rehearsal.begun"] * 2
    assert not left(house)
    (why,) = [one["says"] for one in repository.json("why", commit)["events"] if one["kind"] == "rehearsal.passed"]
    assert "r1 of prod work with the same data" in why


def test_one_that_renames_goes_no_further_and_its_author_hears_why(
    house: Installation, repository: Repository, mailbox: Mailbox
) -> None:
    served = house.says("shop", "/commit")
    commit = repository.commit(
        "Rename pence", prices("pennies", RENAMES.replace("cents", "pence").replace("to pence", "to pennies"))
    )
    shown = repository.push().out
    assert "✗ rehearsal" in shown
    assert "no such column: pence" in shown
    assert "web ended with exit status 1 right after its start" in shown
    assert house.says("shop", "/commit") == served
    (prod,) = [one for one in repository.json("where", commit)["environments"] if one["name"] == "prod"]
    assert "The rehearsal in test failed with r2 of prod" in prod["reason"]
    (run,) = repository.json("runs", "--limit", "1")
    (rehearsal,) = repository.json("runs", str(run["number"]))["rehearsals"]
    assert rehearsal["state"] == "failed"
    assert "no such column: pence" in rehearsal["excerpt"]
    assert "rehearsal in test" in repository.shipway("runs", str(run["number"])).out
    (mail,) = mailbox.wait()
    assert "does not serve, its rehearsal in test failed" in mail["Subject"]
    assert "no such column: pence" in words(mail)
    assert not left(house)


def test_whoever_was_told_hears_that_the_fix_serves(repository: Repository, mailbox: Mailbox) -> None:
    fix = repository.deliver("Keep pence as well", prices("pence", ADDS, extra="# mended"))
    mail = mailbox.wait(2)[-1]
    assert mail["Subject"] == f"[shop] Your fix serves: {fix[:7]} is in prod"


@pytest.mark.soak
@pytest.mark.parametrize(
    ("place", "nth"),
    [
        ("rehearsal.begun before", 1),
        ("rehearsal.begun after", 1),
        *(("rehearsal.entered before", nth) for nth in (1, 2, 3)),
        *(("rehearsal.entered after", nth) for nth in (1, 3)),
        *(("ask", nth) for nth in (1, 2, 3, 4)),
        ("rehearsal.passed before", 1),
        ("rehearsal.passed after", 1),
    ],
)
def test_killed_anywhere_it_begins_anew_and_leaves_nothing(
    house: Installation, repository: Repository, place: str, nth: int
) -> None:
    server = killed_at(house, place, nth)
    commit = repository.commit(f"Die at {place} ({nth})", prices("cents", ADDS, extra=f"# {place} {nth}"))
    repository.push("-o", "detach", "shipway", "main")
    eventually(lambda: victims.ended(server), "the server is killed")
    house.up()
    done = repository.shipway("wait", commit, "--env", "prod", "--timeout", "90")
    assert done.code == 0, done.out + house.server_log()
    assert house.says("shop", "/commit") == commit
    assert not left(house)
