"""A commit on top of a bad one did not bring what is bad: its author is not named, and hears that it waits."""

from __future__ import annotations

import pytest

from incidents.team import APP, Team
from shipway.incidents import began
from shipway.incidents.suspects import Suspicion
from shipway.pushes.git import Git
from shipway.state.messages import Message
from shipway.state.runs import Run

ONE = (
    "E   assert 40 == 70\ntests/test_charge.py:31: AssertionError\nFAILED tests/test_charge.py::test_once in 0.41s"
)
SAME = ONE.replace("40 ==", "38 ==").replace("0.41", "1.02")
OTHER = f"{ONE}\nFAILED tests/test_web.py::test_page"


def failing(team: Team, run: Run, said: str) -> None:
    """What the story records of a step that failed."""
    with team.database.read() as conn:
        found = began.of_step(conn, Git(team.places.repository(APP)), run, "test", said)
    known = Suspicion("Nothing is known.", base=found.free, far=found.far, began=found.commit)
    team.fail_step(run, excerpt=said, suspicion=known)


def passing(team: Team, who: str, old: str = "") -> str:
    run = team.push(team.commit(who, {f"{who}.py": "1\n"}), *filter(None, [old]))
    team.step(run, state="passed")
    return run.commit


def broken(team: Team, who: str, old: str, said: str = ONE) -> str:
    """A push of one commit, in a file of its own, whose test fails."""
    failing(team, run := team.push(team.commit(who, {f"{who} {said[-5:]}.py": "2\n"}, subject=who), old), said)
    return run.commit


def news(team: Team, seen: int) -> list[Message]:
    return team.tell()[seen:]


def test_a_step_that_failed_in_the_same_way_below_is_not_the_newer_authors(team: Team) -> None:
    adas = broken(team, "ada", passing(team, "cho"))
    assert [one.person for one in team.tell()] == ["ada@example.org"]
    bens = broken(team, "ben", adas, SAME)
    (held,) = news(team, 1)
    assert held.person == "ben@example.org"
    assert held.subject == f"[shop] test failed on {bens[:7]}, as with {adas[:7]} before"
    assert f"Not yours. The same happened with {adas[:7]} before, which is by Ada Okafor." in held.text
    assert f"Wait for a commit that mends {adas[:7]}. You will hear when that serves." in held.text
    assert "Sure" not in held.text
    broken(team, "cho", bens, SAME)
    (held,) = news(team, 2)
    assert (held.person, f"with {adas[:7]} before, which is by Ada" in held.text) == ("cho@example.org", True)
    fix = team.push(team.commit("ada"), team.head)
    team.deploy(fix, "prod")
    says = {one.person.partition("@")[0]: one.subject for one in news(team, 3)}
    assert sorted(says) == ["ada", "ben", "cho"]
    assert "Your fix serves" in says["ada"]
    assert f"The trouble with {bens[:7]} is over" in says["ben"]


def test_who_broke_it_hears_once_also_if_it_was_seen_only_with_the_next_commit(team: Team) -> None:
    good = passing(team, "cho")
    adas = team.push(team.commit("ada"), good).commit
    failing(team, team.push(team.commit("ben"), adas), ONE)
    (message,) = team.tell()
    assert (message.person, "Not known. You pushed it. What is new since" in message.text) == ("cho", True)


@pytest.mark.parametrize(("who", "hears"), [("unknown", "owner"), ("ben", "ben")])
def test_the_owner_hears_where_nobody_is_known_of_the_first_nor_of_who_waits(
    team: Team, who: str, hears: str
) -> None:
    good = passing(team, "cho")
    team.commit("ada", {"a.py": "1\n"})
    first = team.push(team.commit("ben", {"b.py": "1\n"}), good)
    failing(team, first, ONE)
    assert [one.person for one in team.tell()] == ["cho"]
    team.commit("ada", {"c.py": "1\n"})
    failing(team, team.push(team.commit("ben", {"d.py": "1\n"}), first.commit, who), SAME)
    (message,) = news(team, 1)
    assert (message.person, f"as with {first.commit[:7]} before" in message.subject) == (hears, True)
    assert ("so nobody is named." in message.text, "Not yours." in message.text) == (
        who == "unknown",
        who == "ben",
    )


def test_what_fails_otherwise_than_below_is_nobodys_for_sure(team: Team) -> None:
    adas = broken(team, "ada", passing(team, "cho"))
    broken(team, "ben", adas, OTHER)
    (message,) = news(team, 1)
    assert (message.person, "Not known." in message.text, "as with" in message.subject) == ("cho", True, False)


def test_what_passed_below_is_the_only_authors_as_ever(team: Team) -> None:
    adas = broken(team, "ada", passing(team, "cho"))
    fixed = passing(team, "ada", adas)
    broken(team, "ben", fixed)
    (message,) = news(team, 1)
    assert (message.person, "Sure: very. You are the only author of this push." in message.text) == (
        "ben@example.org",
        True,
    )


def test_a_mistake_in_shipway_yml_is_not_of_who_pushes_next(team: Team) -> None:
    good = passing(team, "cho")
    team.fail(run := team.push(team.commit("ada"), good, nodes=[]), "shipway.yml:3: helth is not known")
    assert [one.person for one in team.tell()] == ["ada@example.org"]
    team.fail(team.push(team.commit("ben"), run.commit, nodes=[]), "shipway.yml:3: helth is not known")
    (held,) = news(team, 1)
    assert (held.person, "Not yours." in held.text) == ("ben@example.org", True)


@pytest.mark.parametrize("served", [True, False])
def test_a_deployment_that_was_undone_for_the_same_is_not_the_newer_authors(team: Team, served: bool) -> None:
    good = team.commit("cho")
    if served:
        team.deliver(good)
    adas = undone(team, "ada", good)
    assert [one.person for one in team.tell()] == ["ada@example.org"]
    undone(team, "ben", adas)
    (held,) = news(team, 1)
    assert (held.person, f"The same happened with {adas[:7]} before" in held.text) == ("ben@example.org", True)
    undone(team, "cho", team.head, reason="web ended with exit status 1")
    (message,) = news(team, 2)
    assert (message.person, "Not known." in message.text) == ("cho", True)


def undone(team: Team, who: str, old: str, reason: str = "GET /health answered 500") -> str:
    run = team.push(team.commit(who, {f"{who}.py": "2\n"}), old)
    team.deploy(run, "prod", ending="failed", reason=reason, excerpt="KeyError: 'eggs'")
    team.stop(run, "deploy", "traffic.not_healthy", reason, "you")
    return run.commit


def condemned(team: Team, who: str, old: str, files: str = "", environment: str = "prod", said: str = "37") -> str:
    """A commit that served, was judged bad and is in quarantine; nothing is back yet."""
    run = team.push(team.commit(who, {files or f"{who}.py": f"{who}\n"}), old)
    team.deploy(run, environment, judged="yes")
    reason = said if " " in said else f"{said} of 74 requests failed"
    data = {"deployment": team.deployment(run, environment), "release": 2, "reason": reason, "findings": []}
    team.fact("verdict.bad", environment=environment, commit=run.commit, run=run.id, data=data)
    team.quarantine(run.commit)
    return run.commit


@pytest.mark.parametrize("back", [True, False])
def test_what_is_bad_on_top_of_a_bad_commit_is_not_the_newer_authors(team: Team, back: bool) -> None:
    good = team.commit("cho")
    team.deliver(good)
    adas = condemned(team, "ada", good)
    assert [one.person for one in team.tell()] == ["ada@example.org"]
    if back:
        team.deploy(team.ask(good, "shipway", "rollback"), kind="rollback")
    bens = condemned(team, "ben", adas, said="12")
    adas_news, bens_news = news(team, 1)
    assert (adas_news.person, bens_news.person) == ("ada@example.org", "ben@example.org")
    assert f"Sure: rather. The same happened with {adas[:7]} before." in adas_news.text
    assert f"{adas[:7]} Change the shop, by Ada Okafor <ada@example.org> (part of {bens[:7]})" in adas_news.text
    assert f"Not yours. The same happened with {adas[:7]} before, which is by Ada Okafor." in bens_news.text


JUDGED = (
    "Failed requests: {} of the new release, {} of the old one in the same time{}; by chance at most once in {}."
)


@pytest.mark.parametrize(
    ("first", "then", "same"),
    [
        (
            JUDGED.format("37 of 74", "0 of 690", "", "671 deployments"),
            JUDGED.format("90 of 90", "0 of 90", ", at 50 %", "a million deployments"),
            True,
        ),
        (
            JUDGED.format("37 of 74", "0 of 690", "", "671 deployments"),
            "Requests slower than 40 ms: 60 of 74 of the new release, 70 of 690 of the old one in the same time.",
            False,
        ),
    ],
)
def test_how_sure_the_judge_was_is_no_other_trouble(team: Team, first: str, then: str, same: bool) -> None:
    good = team.commit("cho")
    team.deliver(good)
    adas = condemned(team, "ada", good, said=first)
    condemned(team, "ben", adas, said=then)
    told = [one.text for one in news(team, 1) if one.person == "ben@example.org"]
    assert any(f"Not yours. The same happened with {adas[:7]} before" in text for text in told) == same
    assert not any("Sure: very" in text for text in told)


def test_what_is_bad_where_a_commit_serves_that_is_condemned_elsewhere_is_nobodys_for_sure(team: Team) -> None:
    good = team.commit("cho")
    team.deliver(good)
    adas = condemned(team, "ada", good)
    team.deploy(team.push(adas, good), "dev")
    condemned(team, "ben", adas, environment="dev", said="all")
    (message,) = [one for one in news(team, 1) if one.commit != adas]
    assert (message.person, "Not known." in message.text) == ("cho", True)


@pytest.mark.parametrize("how", ["it touches the same", "it takes it back"])
def test_what_may_have_mended_it_and_is_bad_all_the_same_is_nobodys_for_sure(team: Team, how: str) -> None:
    good = team.commit("cho", {"ada.py": "good\n"})
    team.deliver(good)
    adas = condemned(team, "ada", good)
    if how == "it takes it back":
        team.commit("ben", {"web.py": "1\n"}, subject=f"Revert it\n\nThis reverts commit {adas}.")
    condemned(team, "ben", adas, files="ada.py" if how == "it touches the same" else "")
    (message,) = news(team, 1)
    assert (message.person, "Not known." in message.text) == ("cho", True)
