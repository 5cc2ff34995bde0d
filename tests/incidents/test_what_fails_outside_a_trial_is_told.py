"""A probe that fails while nothing is on trial is told to whoever owns the application, and so is its end."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import event

from incidents.team import APP, Team
from shipway.incidents import failing
from shipway.incidents.stops import EPISODE
from shipway.state import applications
from shipway.state.messages import Message
from support.receivers import Hook

LEDGER = "charges equal the ledger"
BEGAN = 1_700_000_000.0


def said(
    team: Team,
    change: str,
    *,
    release: int | None = None,
    tried: bool = False,
    name: str = LEDGER,
    since: float = BEGAN,
) -> None:
    """What the story records of an answer."""
    says = "0" if change == "recovered" else "3"
    about = {"probe": name, "kind": "command", "of": "python -m shop.audit", "says": says, "release": release}
    data = {**about, "expects": "a number, 0", "since": since, "tried": tried}
    team.fact(f"probe.{change}", environment="prod", commit=team.head, data=data)


def failing_now(team: Team) -> list[tuple[str, str]]:
    with team.database.read() as conn:
        return [(each.name, each.says) for each in failing.now(conn, APP)]


def later(team: Team, seconds: float) -> None:
    """All that was told so far was told that long ago."""
    with team.database.write() as conn:
        conn.exec_driver_sql(f"update messages set created = created - {seconds}")


def subjects(told: list[Message]) -> list[str]:
    return [one.subject for one in told]


@pytest.fixture
def serving(team: Team) -> Team:
    team.deliver(team.commit("ada"))
    return team


def test_an_invariant_that_fails_is_told_with_what_was_wanted_and_what_came(serving: Team) -> None:
    said(serving, "failed")
    (told,) = serving.tell()
    assert (told.person, told.kind, told.environment) == ("owner", "failing", "prod")
    assert told.subject == f"[shop] prod: {LEDGER} fails"
    assert told.text == (
        f"{LEDGER} fails in prod: 3.\n\n"
        "    asked:     command python -m shop.audit\n"
        "    expected:  a number, 0\n"
        "    came:      3\n\n"
        "When     14 Nov 2023 22:13:20 UTC\n"
        "Done     What serves goes on serving.\n"
        "Why you  Whose change it is, is not known, so nobody is named.\n"
        "Next     `shipway probes --env prod --app shop` shows what it answers now. "
        "You will hear when it passes.\n"
        "Prod     http://127.0.0.1:8440/applications/shop/environments/prod\n"
    )
    assert failing_now(serving) == [(LEDGER, "3")]


def test_no_commit_is_named_for_it(serving: Team) -> None:
    said(serving, "failed")
    (told,) = serving.tell()
    assert told.commit is None
    assert told.names_nobody
    assert serving.head[:7] not in told.text


def test_whoever_owns_what_says_what_is_asked_hears(team: Team) -> None:
    team.deliver(team.commit("ada", {"CODEOWNERS": "web.py @cho\nshipway.yml @shop/money\n"}))
    said(team, "failed", release=1, name="front")
    (told,) = team.tell()
    assert told.person == "@shop/money"
    assert (
        "Not known. Whose change it is, is not known. CODEOWNERS names you for the files that say what"
        in told.text
    )
    assert "command python -m shop.audit, of r1" in told.text


def test_what_fails_in_a_trial_is_told_with_its_verdict(serving: Team) -> None:
    said(serving, "failed", tried=True)
    said(serving, "recovered")
    assert serving.tell() == []
    assert failing_now(serving) == []


def test_that_it_passes_again_follows_what_was_told(serving: Team) -> None:
    said(serving, "failed")
    said(serving, "recovered")
    first, second = serving.tell()
    assert (second.person, second.kind, second.answers) == ("owner", "well", first.id)
    assert second.subject == f"[shop] prod: {LEDGER} passes again"
    assert f"{LEDGER} passes again in prod: 0." in second.text
    assert failing_now(serving) == []


def test_one_that_is_asked_no_more_is_over(serving: Team) -> None:
    said(serving, "failed", release=1)
    said(serving, "ended", release=1)
    assert subjects(serving.tell())[1:] == [f"[shop] prod: {LEDGER} is asked no more"]
    assert failing_now(serving) == []


def test_one_that_fails_of_the_next_release_as_well_is_not_over(serving: Team) -> None:
    said(serving, "failed", release=1)
    said(serving, "failed", release=2)
    said(serving, "ended", release=1)
    assert len(serving.tell()) == 1
    assert failing_now(serving) == [(LEDGER, "3")]
    said(serving, "recovered", release=2)
    assert len(serving.tell()) == 2


def test_one_that_flaps_is_told_three_times_and_no_more(serving: Team) -> None:
    for _ in range(5):
        said(serving, "failed")
        serving.tell()
        said(serving, "recovered")
        serving.tell()
    said(serving, "failed")
    assert subjects(serving.tell()) == [
        f"[shop] prod: {LEDGER} fails",
        f"[shop] prod: {LEDGER} passes again",
        f"[shop] prod: {LEDGER} fails again",
    ]
    assert "It comes and goes: you hear of it again in six hours at the earliest." in serving.tell()[-1].text
    assert failing_now(serving) == [(LEDGER, "3")]


def test_that_one_which_came_and_went_passes_is_told_once_it_failed_for_long(serving: Team) -> None:
    for change in ("failed", "recovered", "failed"):
        said(serving, change)
        serving.tell()
    later(serving, EPISODE)
    said(serving, "recovered")
    assert subjects(serving.tell())[-2:] == [
        f"[shop] prod: {LEDGER} fails again",
        f"[shop] prod: {LEDGER} passes again",
    ]


def test_one_that_flapped_says_on_the_pages_how_it_is(serving: Team) -> None:
    for change in ("failed", "recovered", "failed", "recovered"):
        said(serving, change)
        serving.tell()
    assert failing_now(serving) == []


def test_one_that_fails_again_the_next_day_is_told_anew(serving: Team) -> None:
    for change in ("failed", "recovered"):
        said(serving, change)
        serving.tell()
    later(serving, EPISODE)
    said(serving, "failed")
    told = serving.tell()
    assert subjects(told)[2:] == [f"[shop] prod: {LEDGER} fails"]
    assert told[2].answers == ""


def test_one_that_goes_on_failing_is_not_told_anew(serving: Team) -> None:
    said(serving, "failed")
    serving.tell()
    later(serving, 2 * EPISODE)
    said(serving, "unknown")
    said(serving, "failed")
    assert len(serving.tell()) == 1


def test_probes_whose_names_begin_alike_are_apart(serving: Team) -> None:
    for name in ("front", "front door"):
        said(serving, "failed", name=name)
    said(serving, "recovered", name="front")
    assert subjects(serving.tell()) == [
        "[shop] prod: front fails",
        "[shop] prod: front door fails",
        "[shop] prod: front passes again",
    ]


def test_a_service_that_counts_closes_it_and_opens_it_again(serving: Team, hook: Hook) -> None:
    serving.channel("owner", hook.url())
    for change in ("failed", "recovered", "failed"):
        said(serving, change)
        serving.tell()
        serving.send()
    first = hook.bodies[0]["id"]
    assert [(one["ended"], one["id"]) for one in hook.bodies] == [(False, first), (True, first), (False, first)]


def steady(team: Team, seconds: float) -> None:
    """What was found last was found that long ago, and the teller looks for what is steady again."""
    with team.database.write() as conn:
        conn.exec_driver_sql(f"update facts set at = at - {seconds} where id = (select max(id) from facts)")
    team.teller._next_look = 0.0


def test_what_came_and_went_is_closed_once_it_has_passed_for_ten_minutes_and_opened_when_it_fails(
    serving: Team, hook: Hook
) -> None:
    """A service that counts has an incident while it fails, and not for six hours; nobody else is told."""
    serving.channel("owner", hook.url())

    def then(change: str, after: float = 0.0) -> list[bool]:
        said(serving, change)
        steady(serving, after)
        serving.tell()
        serving.tell()
        serving.send()
        return [one["ended"] for one in hook.bodies]

    for change in ("failed", "recovered", "failed"):
        then(change)
    assert then("recovered", failing.STEADY - 60) == [False, True, False]
    assert then("failed", failing.STEADY) == [False, True, False]
    assert then("recovered", failing.STEADY) == [False, True, False, True]
    assert then("failed") == [False, True, False, True, False]
    assert then("recovered", failing.STEADY) == [False, True, False, True, False, True]
    assert len({one["id"] for one in hook.bodies}) == 1
    assert failing_now(serving) == []


def test_what_is_steady_again_is_looked_for_in_all_applications_at_once(team: Team) -> None:
    asked: list[str] = []
    event.listen(team.database._engine, "before_cursor_execute", lambda *told: asked.append(str(told[2])))
    counts = []
    for more in (0, 49):
        with team.database.write() as conn:
            for number in range(more):
                applications.create(conn, f"app{number}", "main", "ada")
        with team.database.read() as conn:
            asked.clear()
            failing.steady(conn, time.time())
        counts.append(len([one for one in asked if one.startswith("SELECT")]))
    assert counts == [1, 1]


def test_an_invariant_that_says_nothing_for_long_is_told_and_that_it_does_again(serving: Team) -> None:
    said(serving, "unknown")
    (told,) = serving.tell()
    assert (told.person, told.commit) == ("owner", None)
    assert told.subject == f"[shop] prod: {LEDGER} says nothing that counts"
    assert f"{LEDGER} says nothing that counts in prod: 3.\n" in told.text
    assert "Until then it speaks for no release, and holds none that comes." in " ".join(told.text.split())
    assert failing_now(serving) == []
    said(serving, "recovered")
    assert subjects(serving.tell())[1:] == [f"[shop] prod: {LEDGER} passes again"]


def test_one_that_says_nothing_for_a_moment_or_in_a_trial_is_no_news(serving: Team) -> None:
    said(serving, "unknown", tried=True)
    assert serving.tell() == []
    said(serving, "unknown", since=time.time())
    (told,) = serving.tell()
    assert told.next_try > time.time() + failing.PATIENCE / 2
    said(serving, "recovered")
    assert serving.tell() == []


def test_one_that_fails_before_it_was_told_that_it_says_nothing_is_told_as_that(serving: Team) -> None:
    said(serving, "unknown", since=time.time())
    assert len(serving.tell()) == 1
    said(serving, "failed")
    said(serving, "unknown")
    assert subjects(serving.tell()) == [f"[shop] prod: {LEDGER} fails"]


def test_one_that_says_nothing_and_then_fails_is_two_troubles_and_one_end(serving: Team) -> None:
    for change in ("unknown", "failed", "recovered"):
        said(serving, change)
    assert subjects(serving.tell()) == [
        f"[shop] prod: {LEDGER} says nothing that counts",
        f"[shop] prod: {LEDGER} fails",
        f"[shop] prod: {LEDGER} passes again",
    ]
