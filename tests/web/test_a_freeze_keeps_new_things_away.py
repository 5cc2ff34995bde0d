"""A freeze says who, why and until when; it stops what is new, and never the way back."""

from __future__ import annotations

import time

import pytest

from shipway.releases import freeze, gate
from shipway.releases.freeze import InvalidFreeze
from shipway.state import facts, holds
from shipway.web.words import day_and_time
from web.scene import Scene
from web.server import Site

NOW = time.mktime((2026, 11, 27, 15, 30, 0, 0, 0, -1))  # a Friday
PROD = "/api/v1/applications/topup/environments/prod"


def local(*moment: int) -> float:
    return time.mktime((*moment, 0, 0, 0, -1))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2h", NOW + 7200),
        ("30m", NOW + 1800),
        ("18:00", local(2026, 11, 27, 18, 0)),
        ("9:15", local(2026, 11, 28, 9, 15)),
        ("Monday 08:00", local(2026, 11, 30, 8, 0)),
        ("mon 8:00", local(2026, 11, 30, 8, 0)),
        ("friday 15:00", local(2026, 12, 4, 15, 0)),
        ("Friday 16:00", local(2026, 11, 27, 16, 0)),
        ("2026-12-24", local(2026, 12, 24, 0, 0)),
        ("2026-12-24 18:00", local(2026, 12, 24, 18, 0)),
        ("2026-12-24T18:00", local(2026, 12, 24, 18, 0)),
    ],
)
def test_a_time_is_read_as_people_say_it(said: str, meant: float) -> None:
    assert freeze.moment(said, NOW) == meant


def test_a_freeze_is_never_over_before_what_is_told_of_its_end() -> None:
    """Ends are told to the minute, so one of two minutes that begins at 15:30:57 ends at 15:33."""
    assert freeze.moment("2m", NOW + 57) == NOW + 180
    with pytest.raises(InvalidFreeze):
        freeze.moment("0s", NOW + 57)


@pytest.mark.parametrize(
    "said",
    ["yesterday", "2026-11-01", "2029-01-01", "0s", "t 08:00", "someday 08:00", "25:00", "9999999999-01-01"],
)
def test_what_is_no_time_to_come_is_refused_with_an_example(said: str) -> None:
    with pytest.raises(InvalidFreeze) as refused:
        freeze.moment(said, NOW)
    assert "Monday 08:00" in refused.value.hint


def test_a_freeze_has_a_reason_and_replaces_the_one_before(scene: Scene) -> None:
    scene.application("topup")
    with scene.database.write() as conn:
        for empty in ("", "  \n "):
            with pytest.raises(InvalidFreeze, match="reason"):
                freeze.freeze(conn, "topup", "prod", why=empty, until="", who="ben")
        with pytest.raises(InvalidFreeze, match="500"):
            freeze.freeze(conn, "topup", "prod", why="x" * 501, until="", who="ben")
        freeze.freeze(conn, "topup", "prod", why="Month end", until="2h", who="ben")
        now, replaced = freeze.freeze(conn, "topup", "prod", why="The fair", until="", who="ada")
        assert [(hold.who, hold.why) for hold in replaced] == [("ben", "Month end")]
        assert [one["why"] for one in holds.replaced_by(conn, now)] == ["Month end"]
        assert [hold.why for hold in holds.frozen(conn, "topup", "prod")] == ["The fair"]
        assert [hold.who for hold in freeze.thaw(conn, "topup", "prod", who="ben")] == ["ada"]
        assert freeze.thaw(conn, "topup", "prod", who="ben") == []


def test_what_is_frozen_takes_nothing_new_and_says_until_when(scene: Scene) -> None:
    scene.application("topup")
    artifact = scene.artifact(scene.push("topup", "One"))
    with scene.database.write() as conn:
        freeze.freeze(conn, "topup", "prod", why="Month end", until="2h", who="ben")
        with pytest.raises(gate.Frozen, match=r"ben froze prod until \w+ .*: Month end"):
            gate.not_held(conn, artifact, "prod")
        gate.not_held(conn, artifact, "test")
        gate.may_come_back(conn, artifact, "prod")


def test_a_rollback_goes_back_in_a_frozen_environment_and_not_forward(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    for subject in ("One", "Two", "Three"):
        last = scene.deliver(scene.push("topup", subject))
    frozen = site.send("POST", f"{PROD}/freeze", {"why": "Month end", "until": "Monday 08:00"}, "ben")
    assert frozen.json["hold"]["who"] == "ben"
    assert site.send("POST", f"{PROD}/rollback", {"to": "r1"}).status == 200
    with scene.database.read() as conn:
        two = scene.artifact_of(conn, "topup", "prod", 2)
    scene.roll_back("topup", "prod", two)
    forward = site.send("POST", f"{PROD}/rollback", {"to": "r3"})
    assert (forward.status, forward.json["error"]["id"]) == (409, "releases.frozen")
    assert site.send("DELETE", f"{PROD}/freeze").json["thawed"][0]["why"] == "Month end"
    assert site.send("POST", f"{PROD}/rollback", {"to": "r3"}).status == 200
    assert last.commit


def test_a_freeze_that_replaces_a_longer_one_says_so_everywhere(site: Site) -> None:
    site.scene.application("topup")
    site.scene.push("topup", "One")
    first = site.send("POST", f"{PROD}/freeze", {"why": "Month end", "until": "2h"}, "ben").json
    ends = day_and_time(first["hold"]["until"])
    page = "/applications/topup/environments/prod"
    assert first["replaced"] == []
    assert "It replaces" not in site.get(page).text
    then = site.send("POST", f"{PROD}/freeze", {"why": "The fair", "until": "1h"}).json
    assert then["replaced"] == [first["hold"]]
    assert f"It replaces the freeze until {ends} by ben: “Month end”." in site.get(page).text
    assert "prod is frozen until" in site.get(page).text.partition('id="acts"')[0], "facts first, acts below"
    assert "Open prod again, before ada meant it to be?" in site.get(page).text
    last = site.send("POST", f"{PROD}/freeze", {"why": "Until we know", "until": ""}).json
    assert "Open prod again?" in site.get(page).text
    again = site.send("POST", f"{PROD}/freeze", {"why": "Known", "until": "1h"}).json
    assert [one["id"] for one in again["replaced"]] == [last["hold"]["id"]]
    assert "It replaces the freeze until somebody thaws it by ada: “Until we know”." in site.get(page).text
    with site.scene.database.read() as conn:
        told = facts.after(conn, 0, kinds=["environment.frozen"])
    replaced = [[one["why"] for one in fact.data["replaces"]] for fact in told]
    assert replaced == [[], ["Month end"], ["The fair"], ["Until we know"]]


def test_a_freeze_of_nothing_is_refused(site: Site) -> None:
    site.scene.application("topup")
    site.scene.push("topup", "One")
    for environment, body in (("nope", {"why": "x"}), ("prod", {"why": "x", "until": "yesterday"}), ("prod", {})):
        answer = site.send("POST", f"/api/v1/applications/topup/environments/{environment}/freeze", body)
        assert answer.status in (400, 404), answer.text
    assert site.send("POST", "/api/v1/applications/nope/environments/prod/freeze", {"why": "x"}).status == 404
