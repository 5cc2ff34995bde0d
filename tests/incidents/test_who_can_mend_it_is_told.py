"""The right person, or nobody: each trouble leads to whoever can mend it, with the evidence."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from incidents.team import APP, ENVIRONMENTS, Team
from shipway.incidents import tell
from shipway.incidents.blame import INDEX
from shipway.incidents.channels import NOISE
from shipway.incidents.suspects import REASONS, Evidence, Suspicion
from shipway.pushes.git import SHIPWAY, Git
from shipway.state import (
    channels,
    configurations,
    deployments,
    errors,
    facts,
    holds,
    releases,
    runs,
    tables,
    verdicts,
)
from shipway.state.messages import Message
from shipway.state.runs import Run
from support.hostile import PAYLOADS
from support.installation import eventually
from support.receivers import Hook, Mailbox

EXCERPT = """\
    def test_a_charge_is_taken_once():
>       assert account.balance == 70
E       assert 40 == 70
tests/test_charge.py:31: AssertionError
FAILED tests/test_charge.py::test_a_charge_is_taken_once
"""
DISK = "There is no room left on the disk: [Errno 28] No space left on device"


def only(told: list[Message]) -> Message:
    (message,) = told
    return message


def test_the_author_of_a_commit_hears_of_its_step_that_failed(team: Team) -> None:
    before = team.commit("ben")
    team.fail_step(team.push(team.commit("ada", subject="Break the eggs"), before), excerpt=EXCERPT)
    message = only(team.tell())
    assert (message.person, message.kind, message.state) == ("ada@example.org", "stopped", "waiting")
    assert message.subject == f"[shop] test failed on {team.head[:7]}"
    for words in (
        "assert 40 == 70",
        "Break the eggs, by Ada Okafor <ada@example.org>",
        "Sure: very.",
        "git revert",
    ):
        assert words in message.text
    assert "http://127.0.0.1:8440/runs/shop:1" in message.text


def test_what_serves_alike_in_several_environments_is_said_once(team: Team) -> None:
    team.deliver(old := team.commit("ben"))
    team.fail_step(team.push(team.commit("ada"), old))
    assert f"Done     dev, test and prod serve r1 ({old[:7]}) as before.\n" in only(team.tell()).text


def test_a_step_is_told_before_its_run_has_ended(team: Team) -> None:
    team.step(team.push(team.commit("ada")))
    assert only(team.tell()).person == "ada@example.org"


def test_a_merge_is_looked_through_to_the_commits_it_brings(team: Team) -> None:
    base = team.commit("ben")
    side = team.commit("ada", {"pay.py": "1\n"})
    main = team.commit("ben", {"web.py": "2\n"}, on=base)
    team.fail_step(team.push(team.commit("cho", merges=side), main))
    assert only(team.tell()).person == "ada@example.org"


def test_of_several_authors_the_one_whose_file_the_evidence_names_hears(team: Team) -> None:
    base = team.commit("cho")
    mine = team.commit("ada", {"tests/test_charge.py": "1\n"}, subject="Take a charge once")
    team.commit("ben", {"web.py": "2\n"})
    team.fail_step(team.push(team.commit("ben"), base), excerpt=EXCERPT)
    message = only(team.tell())
    assert message.person == "ada@example.org"
    assert "Sure: rather." in message.text
    assert f"{mine[:7]} Take a charge once" in message.text


SUSPECTED = Evidence("pay.py", 31, "charge", "line", ("+    return 40",))


def test_of_several_authors_the_one_whose_line_it_went_through_hears(team: Team) -> None:
    base = team.commit("cho")
    mine = team.commit("ada", {"pay.py": "1\n"}, subject="Take a charge once")
    team.commit("ben", {"web.py": "2\n"})
    found = Suspicion(
        REASONS["line"].format(SUSPECTED), mine, "Ada Okafor", "ada@example.org", "", "high", (SUSPECTED,)
    )
    team.fail_step(team.push(team.commit("ben"), base), excerpt=EXCERPT, suspicion=found)
    message = only(team.tell())
    assert message.person == "ada@example.org"
    assert f"{mine[:7]} Take a charge once, by Ada" in message.text
    assert "Sure: very. wrote line 31 of pay.py Look at pay.py:31." in message.text


def test_an_only_author_hears_which_line_it_went_through(team: Team) -> None:
    base = team.commit("cho")
    mine = team.commit("ada", {"pay.py": "1\n"}, subject="Take a charge once")
    found = Suspicion(f"{mine[:7]} wrote it.", mine, "Ada Okafor", "ada@example.org", "", "low", (SUSPECTED,))
    team.fail_step(team.push(team.commit("ada"), base), excerpt=EXCERPT, suspicion=found)
    message = only(team.tell())
    assert "Sure: very. You are the only author of this push (2 commits). " in message.text
    assert f"{mine[:7]} wrote it. Look at pay.py:31." in message.text


def test_of_several_authors_and_no_evidence_nobody_is_named_and_who_pushed_hears(team: Team) -> None:
    base = team.commit("cho")
    team.commit("ada", {"a.py": "1\n"})
    team.fail_step(team.push(team.commit("ben", {"b.py": "1\n"}), base), excerpt="out of eggs")
    message = only(team.tell())
    assert message.person == "cho"
    assert "Not known." in message.text
    assert message.names_nobody
    assert "by Ada" not in message.text
    assert "by Ben" not in message.text


def test_what_shipway_took_back_makes_nobody_an_author_of_what_is_new(team: Team) -> None:
    team.deliver(old := team.commit("ben"))
    bad_one = team.commit("ben", {"pay.py": "1\n"})
    git = Git(team.places.repository(APP))
    message = f'Revert "Pay"\n\nThis reverts commit {bad_one}.\n'
    team.head = git.write_commit(git.tree(old), bad_one, SHIPWAY, time.time(), message)
    run = team.push(team.commit("ada", {"web.py": "2\n"}), old)
    team.deploy(run)
    judge(team, run)
    told = only(team.tell())
    assert told.person == "ada@example.org"
    assert "You are the only author of what is new in prod." in told.text


def test_a_mailmap_is_honoured(team: Team) -> None:
    base = team.commit("cho", {".mailmap": "Ada Okafor <ada@example.org> <ada@laptop.local>\n"})
    team.fail_step(team.push(team.commit("ada", email="ada@laptop.local"), base))
    assert only(team.tell()).person == "ada@example.org"


def test_a_first_push_is_not_blamed_on_the_whole_history(team: Team) -> None:
    team.commit("ben")
    team.commit("ada")
    team.fail_step(team.push(team.commit("ben")))
    assert only(team.tell()).person == "ben@example.org"


def test_a_shipway_yml_with_a_mistake_is_its_authors(team: Team) -> None:
    run = team.push(team.commit("ada"), nodes=[])
    team.fail(run, "shipway.yml:3: helth is not known")
    message = only(team.tell())
    assert message.person == "ada@example.org"
    assert "helth is not known" in message.text


def test_a_full_disk_is_the_owners_and_blames_no_commit(team: Team) -> None:
    stopped = team.push(team.commit("ada"))
    team.stop(stopped, "publish", "machine.disk_full", DISK, "owner", "Make room.")
    message = only(team.tell())
    assert (message.person, message.kind) == ("owner", "machine")
    assert "Make room." in message.text
    waits = f"Waits    {team.head[:7]} Change the shop, by Ada Okafor, in run 1. No commit is blamed.\n"
    assert waits in message.text
    assert "Ada" not in message.text.replace(waits, "")


def test_an_index_that_is_down_is_told_with_what_waits_for_it_and_what_to_do(team: Team) -> None:
    said = "Packages could not be fetched from http://index:2999: Connection refused."
    run = team.push(team.commit("ben"))
    team.step(run, "install", excerpt=said, error=INDEX, actor="owner", about="http://index:2999")
    text = only([one for one in team.tell() if one.person == "owner"]).text
    assert f"Waits    {team.head[:7]} Change the shop, by Ben Weber, in run 1 at its step install." in text
    assert "See why http://index:2999 does not answer, then `shipway retry 1` does the run again." in text
    assert "the application's requirements" in text
    assert "doctor" not in text


def without_index(team: Team, who: str) -> Run:
    """A push whose packages cannot be fetched."""
    said = "Packages could not be fetched from http://index:2999: Connection refused."
    run = team.push(team.commit(who))
    team.step(run, "install", excerpt=said, error=INDEX, actor="owner", about="http://index:2999")
    team.fail(run, "install failed")
    return run


def heard_by(team: Team, person: str) -> list[Message]:
    return [one for one in team.tell() if one.person == person]


def test_who_wrote_what_waits_for_an_index_hears_that_it_waits_once_and_that_it_goes_on(team: Team) -> None:
    run = without_index(team, "ben")
    message = only(heard_by(team, "ben@example.org"))
    waits = f"[shop] {run.commit[:7]} waits: packages could not be fetched from http://index:2999"
    assert message.subject == waits
    assert not message.names_nobody
    for words in (
        "Whose   Not yours. Packages come from there",
        "The owner of the installation was told.",
        "Next    Shipway does not begin run 1 again by itself",
        "`shipway retry 1` does; or the next push on top of it takes it along. You will hear when it goes on.",
        "Done    What serves goes on serving.",
    ):
        assert words in message.text
    without_index(team, "ben")
    assert [one.subject[7:] for one in heard_by(team, "ben@example.org")] == [f"{team.head[:7]} {waits[15:]}"]
    team.deploy(team.push(team.commit("cho")), "dev")
    first, second = heard_by(team, "ben@example.org")
    assert (second.kind, second.answers) == ("well", first.id)
    assert second.subject == f"[shop] {first.commit[:7]} goes on: its packages could be fetched"  # type: ignore[index]
    assert f"Commit  {team.head[:7]}, which comes after {str(first.commit)[:7]}" in second.text
    team.deploy(team.push(team.commit("cho")), "dev")
    assert len(heard_by(team, "ben@example.org")) == 2
    again = without_index(team, "ben")
    assert [one.commit for one in heard_by(team, "ben@example.org")][2:] == [again.commit]
    assert len(heard_by(team, "owner")) == 1


def test_a_full_disk_under_a_step_is_the_owners_as_well(team: Team) -> None:
    run = team.push(team.commit("ada"))
    team.step(run, excerpt=DISK, error="machine.disk_full", actor="owner")
    team.fail(run)
    assert (only(team.tell()).person, only(team.tell()).kind) == ("owner", "machine")


def test_a_machine_that_goes_down_again_and_again_blames_no_commit(team: Team) -> None:
    run = team.push(team.commit("ada"))
    for attempt in (1, 2, 3):
        team.step(run, state="lost", attempt=attempt)
    team.fail(run, "test lost")
    assert only(team.tell()).person == "owner"


def test_the_same_trouble_of_the_machine_is_told_once(team: Team) -> None:
    for _ in range(3):
        team.stop(team.push(team.commit("ada")), "publish", "machine.disk_full", DISK, "owner")
        team.tell()
    assert only(team.tell()).person == "owner"


def test_a_release_that_is_not_healthy_is_its_authors(team: Team) -> None:
    before = team.commit("ben")
    team.deliver(before)
    team.tell()
    run = team.push(team.commit("ada"), before)
    team.deploy(run, "prod", ending="failed", reason="GET /health answered 500", excerpt="KeyError: 'eggs'")
    team.stop(run, "deploy", "traffic.not_healthy", "GET /health answered 500", "you")
    message = only(team.tell())
    assert (message.person, message.kind, message.environment) == ("ada@example.org", "undone", "prod")
    assert "KeyError: 'eggs'" in message.text
    assert f"prod serves r1 ({before[:7]})" in message.text


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            "deployments.both_out",
            "r2 is not healthy: it answers / with 500. r1, which serves, is not healthy either.",
        ),
        ("signals.not_judged", "r2 could not be judged in 24 s. The routers said nothing."),
    ],
    ids=["both out", "not judged"],
)
def test_it_is_nearly_nobodys_where_nobody_can_tell_whose_trouble_it_was(
    team: Team, error: str, reason: str
) -> None:
    """What both depend on is out, or what was to tell of it, most likely: the author hears that it went no
    further, and not that it is so.
    """
    team.deliver(before := team.commit("ben"))
    team.tell()
    run = team.push(team.commit("ada"), before)
    team.deploy(run, "prod", ending="failed", reason=reason)
    team.stop(run, "deploy", error, reason, "you", "`shipway retry 2` brings it once that is back.")
    message = only(team.tell())
    assert message.person == "ada@example.org"
    assert "Sure: not very" in message.text
    assert "what both depend on, and no commit." in " ".join(message.text.split())
    assert "`shipway retry 2` brings it" in message.text


def test_what_could_not_be_judged_by_a_new_question_is_of_the_commit_that_asks_it(team: Team) -> None:
    """Nobody else's: what the release before had was answered, and it has not that question. Mended it is told."""
    team.deliver(before := team.commit("ben"))
    team.tell()
    run = team.push(asks := team.commit("ada"), before)
    reason = "r2 could not be judged in 24 s. Nothing is known of ledger for 20 s (exit status 1)."
    team.deploy(run, "prod", ending="failed", reason=reason)
    team.stop(run, "deploy", "signals.new_question_unanswered", reason, "you", "ledger is new with this commit.")
    message = only(team.tell())
    assert (message.person, message.commit) == ("ada@example.org", asks)
    assert "Sure: very" in message.text
    assert "no commit." not in " ".join(message.text.split())
    assert "Next     ledger is new with this commit." in message.text
    team.deliver(team.commit("ada"), asks)
    assert [one.kind for one in team.tell()][1:] == ["fixed"]


def test_a_router_that_fails_under_a_deployment_is_the_owners(team: Team) -> None:
    run = team.push(team.commit("ada"))
    team.deploy(run, "prod", ending="failed", reason="Envoy does not come up")
    team.stop(run, "deploy", "traffic.router_failed", "Envoy does not come up", "owner")
    assert only(team.tell()).person == "owner"


def test_a_deployment_that_gave_up_waiting_for_the_keeper_is_the_owners(team: Team) -> None:
    run = team.push(team.commit("ada"))
    reason = "the deployment to prod gave up waiting: The keeper does not answer"
    team.fail(run, reason)
    team.deploy(run, "prod", ending="failed", reason=reason)
    assert only(team.tell()).person == "owner"


def test_who_changed_only_a_value_hears_and_not_the_author_of_the_commit(team: Team) -> None:
    commit = team.commit("ada")
    team.deliver(commit)
    run = team.ask(commit, "ben")
    team.deploy(run, ending="failed", reason="web ended with exit status 1", configured="yes")
    team.stop(run, "deploy", "releases.stopped", "web ended with exit status 1", "you")
    message = only(team.tell())
    assert message.person == "ben"
    assert "brought no new commit" in message.text


def test_a_gate_that_is_closed_is_no_news_to_the_author(team: Team) -> None:
    team.stop(
        team.push(team.commit("ada")), "deploy", "releases.gate_closed", "prod is held (freeze) by ben", "you"
    )
    assert team.tell() == []


def test_a_step_that_passes_when_it_is_tried_again_is_no_news(team: Team) -> None:
    run = team.push(team.commit("ada"), project={"steps": {"test": {"retry": 1}}})
    team.step(run, attempt=1)
    assert team.tell() == []
    team.step(run, state="passed", attempt=2)
    assert team.tell() == []


def test_the_last_try_of_a_step_is_told(team: Team) -> None:
    run = team.push(team.commit("ada"), project={"steps": {"test": {"retry": 1}}})
    team.step(run, attempt=1)
    team.step(run, state="timed out", attempt=2)
    assert "test ran out of time" in only(team.tell()).subject


FINDING = {
    "what": "failed requests",
    "new_count": 37,
    "new_of": 74,
    "old_count": 0,
    "old_of": 690,
    "evidence": 9e9,
}


def bad(team: Team, old: str, new: str) -> Run:
    """A release that served and was judged."""
    team.deliver(old)
    run = team.push(new, old)
    team.deploy(run)
    judge(team, run)
    return run


def judge(team: Team, run: Run, environment: str = "prod", **more: object) -> None:
    """A bad verdict of what a run deployed."""
    data = {"deployment": team.deployment(run, environment), "release": 2, "reason": "37 of 74 requests failed"}
    about = {"environment": environment, "commit": run.commit, "run": run.id}
    team.fact("verdict.bad", **about, data={**data, "findings": [FINDING], **more})


@pytest.mark.parametrize(
    ("reason", "said"),
    [("Failed requests: 37 of 74.", "failed requests: 37 of 74."), ("GET /x: 3 of 4.", "GET /x: 3 of 4.")],
)
def test_why_it_was_bad_stands_within_a_sentence(team: Team, reason: str, said: str) -> None:
    old, new = team.commit("ben"), team.commit("ada")
    team.deliver(old)
    run = team.push(new, old)
    team.deploy(run)
    judge(team, run, reason=reason)
    team.deploy(team.ask(old, "shipway", "rollback"), kind="rollback")
    message = only([one for one in team.tell() if one.kind == "bad"])
    assert message.text.startswith(f"prod is back on r1: {new[:7]} was bad, {said}\n")


def test_the_author_hears_of_a_bad_verdict_with_its_numbers_and_what_was_done(team: Team) -> None:
    old, new = team.commit("ben"), team.commit("ada")
    bad(team, old, new)
    waiting = only([one for one in team.tell() if one.kind == "bad"])
    assert waiting.person == "ada@example.org"
    assert "is being taken back" in waiting.subject
    team.deploy(team.ask(old, "shipway", "rollback"), kind="rollback")
    team.quarantine(new)
    message = only([one for one in team.tell() if one.kind == "bad"])
    assert "failed requests: 37 of 74, beside 0 of 690 in the same time" in message.text
    assert f"prod serves r1 ({old[:7]}) since" in message.text
    assert "nor does an empty commit on top of it. One that mends it may, or, if it is innocent," in message.text
    assert message.subject == "[shop] prod: r2 taken back, half its requests failed"
    assert message.text.startswith(f"prod is back on r1: {new[:7]} was bad, 37 of 74 requests failed.\n")


@pytest.mark.parametrize(
    ("finding", "says"),
    [
        ({"new_count": 74}, "all its requests failed"),
        ({"new_count": 4}, "5 % of its requests failed"),
        ({"new_count": 3, "new_of": 4}, "3 of 4 requests failed"),
        ({"new_count": 19, "new_of": 19}, "19 of 19 requests failed"),
        ({"new_count": 10, "new_of": 20}, "half its requests failed"),
        ({"new_count": 1, "new_of": 1}, "all its requests failed"),
        ({"what": "requests slower than 50 ms"}, "its requests are slower"),
        ({"what": "restarts"}, "its instances restarted"),
        ({"what": "failures of ledger"}, "ledger failed"),
        ({"what": "failures of front", "new_question": True}, "front, a new question, failed"),
    ],
)
def test_a_headline_says_which_release_and_what_and_the_text_the_numbers(
    team: Team, finding: dict[str, object], says: str
) -> None:
    team.deliver(old := team.commit("ben"))
    run = team.push(team.commit("ada"), old)
    team.deploy(run)
    judge(team, run, reason="4 of 74 " + "were bad in one way or another " * 9, findings=[{**FINDING, **finding}])
    message = only(team.tell())
    assert message.subject == f"[shop] prod: r2 is being taken back, {says}"
    assert "4 of 74" in message.text.splitlines()[0]


def test_each_number_says_what_it_is_compared_with(team: Team) -> None:
    team.deliver(old := team.commit("ben"))
    run = team.push(team.commit("ada"), old)
    team.deploy(run)
    slow = {"what": "requests slower than 50 ms", "new_count": 5, "new_of": 5, "old_count": 0, "old_of": 29}
    before = {**slow, "new_count": 8, "new_of": 8, "old_count": 4, "old_of": 378}
    judge(team, run, findings=[{**slow, "beside": True}, {**before, "beside": False}])
    text = only(team.tell()).text
    assert "    requests slower than 50 ms: 5 of 5, beside 0 of 29 in the same time\n" in text
    assert "    requests slower than 50 ms: 8 of 8, compared with 4 of 378 before\n" in text


def test_nobody_is_very_surely_the_one_where_nothing_served_beside_what_is_bad(team: Team) -> None:
    """What changed around it counts as well."""
    team.deliver(old := team.commit("ben"))
    run = team.push(team.commit("ada"), old)
    team.deploy(run)
    judge(team, run, findings=[{**FINDING, "beside": False}])
    text = only(team.tell()).text
    assert "Sure: not very" in text
    assert "nothing served beside it to compare with" in text


def test_nobody_is_very_surely_the_one_where_the_release_before_reports_the_same(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.deliver(old := team.commit("ben"))
    ((r1,),) = team.query("select id from releases where environment = 'prod'")
    seen = errors.InRelease("01e", "prod", "", r1, time.time(), time.time() + 60, 144, 0)
    monkeypatch.setattr(errors, "in_releases", lambda *_: [seen])
    run = team.push(new := team.commit("ada"), old)
    team.deploy(run)
    suspected(team, new, commit=new, author="Ada Okafor", email="ada@example.org", confidence="high")
    judge(team, run)
    text = only([one for one in team.tell() if one.kind == "bad"]).text
    assert "Sure: not very" in text
    assert "r1, which served before it, reports the same error" in " ".join(text.split())


def test_a_question_is_told_with_its_answer_and_as_new_where_it_is_new(team: Team) -> None:
    team.deliver(old := team.commit("ben"))
    run = team.push(team.commit("ada"), old)
    team.deploy(run)
    counted = {"new_count": 4, "new_of": 7, "old_count": 0, "evidence": 9e9}
    ledger = {**counted, "what": "failures of ledger", "old_of": 20, "says": "-4 instead of 0"}
    front = {**counted, "what": "failures of front", "old_of": 0, "says": "status 404", "new_question": True}
    judge(team, run, findings=[front, ledger])
    text = only(team.tell()).text
    assert "    failures of ledger: 4 of 7 (-4 instead of 0), beside 0 of 20 in the same time\n" in text
    new = "the question is new: there is nothing to compare it with, and it may itself be wrong"
    assert f"    failures of front: 4 of 7 (status 404); {new}\n" in text
    assert "See if `front` in shipway.yml asks the right thing" in text


def test_a_bad_verdict_waits_two_seconds_for_the_old_release_and_no_longer(team: Team) -> None:
    bad(team, team.commit("ben"), team.commit("ada"))
    message = only([one for one in team.tell() if one.kind == "bad"])
    with team.database.read() as conn:
        judged = facts.last(conn, "verdict.bad", "shop")
    assert judged is not None
    assert judged.at + 2.0 <= message.next_try <= message.created + 2.0


@pytest.mark.parametrize(
    ("kind", "data", "says"),
    [
        (
            "revert.ready",
            {"branch": "revert-1234567"},
            "or take it back: `git fetch shipway revert-1234567 && git merge FETCH_HEAD && git push shipway HEAD:",
        ),
        ("revert.left_out", {"reason": "main has it no more"}, "or `git revert "),
    ],
)
def test_it_is_told_once_the_old_release_is_back_and_its_revert_is_ready_or_cannot_be(
    team: Team, kind: str, data: dict[str, str], says: str
) -> None:
    run = bad(team, old := team.commit("ben"), team.commit("ada"))
    team.deploy(team.ask(old, "shipway", "rollback"), kind="rollback")
    assert "bad" in [one.kind for one in team.tell()]
    team.fact(kind, environment="prod", commit=run.commit, run=run.id, data=data)
    message = only([one for one in team.tell() if one.kind == "bad"])
    assert message.next_try <= time.time()
    assert says in message.text


@pytest.mark.parametrize(
    ("on_top", "offered"), [({}, True), ({"shelf.py": "new\n"}, True), ({"web.py": "mended\n"}, False)]
)
def test_to_take_a_bad_commit_back_is_offered_as_far_as_it_can_be_merged(
    team: Team, on_top: dict[str, str], offered: bool
) -> None:
    """A fix may be there by the time that somebody is told."""
    old, new = team.commit("ben", {"web.py": "old\n"}), team.commit("ada", {"web.py": "bad\n"})
    run, git = bad(team, old, new), Git(team.places.repository(APP))
    revert = git.write_commit(git.tree(old), new, SHIPWAY, time.time(), "Take it back")
    git.create_branch(name := holds.revert_branch(new), revert)
    newer = team.commit("cho", on_top)[:7] if on_top else ""
    team.deploy(team.ask(old, "shipway", "rollback"), kind="rollback")
    team.fact("revert.ready", environment="prod", commit=new, run=run.id, data={"branch": name, "commit": revert})
    text = " ".join(only([one for one in team.tell() if one.kind == "bad"]).text.split())
    mend = (
        f"If {newer}, which comes after it, does not mend it, mend it and push again"
        if newer
        else "Next Mend it and push again"
    )
    assert mend in text
    assert (", or take it back: `git fetch shipway revert-" in text) is offered
    assert ("If somebody has pushed since, that may conflict: push a fix instead." in text) is offered
    assert (f"{mend}: the commit that takes it back conflicts with that." in text) is not offered


def test_what_is_taken_back_already_is_no_fix_that_may_not_mend_it(team: Team) -> None:
    old, new = team.commit("ben", {"web.py": "old\n"}), team.commit("ada", {"web.py": "bad\n"})
    run, git = bad(team, old, new), Git(team.places.repository(APP))
    revert = git.write_commit(git.tree(old), new, SHIPWAY, time.time(), "Take it back")
    git.create_branch(name := holds.revert_branch(new), revert)
    merged = team.commit("cho", {"web.py": "old\n"}, merges=revert)
    team.deploy(team.ask(old, "shipway", "rollback"), kind="rollback")
    team.fact("revert.ready", environment="prod", commit=new, run=run.id, data={"branch": name, "commit": revert})
    assert merged[:7] not in only([one for one in team.tell() if one.kind == "bad"]).text


def test_a_verdict_waits_for_where_its_new_error_leads(
    team: Team, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tell, "PATIENCE", 120.0)  # longer than this takes on a busy machine
    team.channel("ada@example.org", mailbox.url())
    run = bad(team, old := team.commit("ben"), new := team.commit("ada"))
    came = {"error": "01e", "number": 3, "title": "ZeroDivisionError: division by zero", "release": None}
    team.fact("error.new", environment="prod", commit=new, data=came)
    team.fact("revert.ready", environment="prod", commit=new, data={"branch": "take-back"})
    team.deploy(team.ask(old, "shipway", "rollback"), kind="rollback")
    team.tell()
    team.send()
    assert mailbox.mails == []
    place = Evidence("web.py", 12, "share", "line", tuple(HUNK[1:]), source="return total / people")
    who = Suspicion("It did.", run.commit, "Ada Okafor", "ada@example.org", confidence="high", evidence=(place,))
    team.fact("error.suspected", environment="prod", commit=new, data={**came, **asdict(who)})
    team.tell()
    team.send()
    (mail,) = mailbox.wait(1)
    assert "web.py:12  return total / people" in str(mail)


def test_an_error_that_is_found_meanwhile_does_not_end_the_wait(team: Team) -> None:
    run = bad(team, team.commit("ben"), team.commit("ada"))
    waiting = only(team.tell())
    error(team, run.commit)
    message = only([one for one in team.tell() if one.kind == "bad"])
    assert "New error: ZeroDivisionError: division by zero" in message.text
    assert message.next_try >= waiting.next_try


def test_what_condemned_it_stays_in_the_message_however_much_else_was_found(team: Team) -> None:
    team.deliver(old := team.commit("ben"))
    run = team.push(team.commit("ada"), old)
    team.deploy(run)
    judge(team, run, findings=[FINDING, *({**FINDING, "what": f"failures of probe {n}"} for n in range(15))])
    for number in range(6):
        said = {"error": f"e{number}", "number": number, "title": f"KeyError: {number}"}
        team.fact("error.new", environment="prod", commit=run.commit, data=said)
    text = next(one.text for one in team.tell() if one.kind == "bad")
    assert "    failed requests: 37 of 74" in text
    assert "    and 3 more" in text


def test_a_run_that_a_bad_verdict_ended_is_told_once(team: Team) -> None:
    run = bad(team, team.commit("ben"), team.commit("ada"))
    team.stop(run, "deploy", "signals.bad", "worse", "you")
    assert [one.kind for one in team.tell()] == ["bad"]


@pytest.mark.parametrize("order", [("dev", "test", "prod"), ("prod", "dev", "test")], ids="-".join)
def test_what_no_channel_took_yet_says_where_a_commit_is_bad_that_is_worst(
    team: Team, order: tuple[str, ...]
) -> None:
    bad_in(team, order)
    message = next(one for one in team.tell() if not one.answers)
    assert (message.kind, message.environment) == ("bad", "prod")
    assert "prod: r2 is being taken back" in message.subject
    assert "environments/prod" in message.text


@pytest.mark.parametrize(
    ("order", "mails"),
    [(("dev", "test", "prod"), ["dev", "prod"]), (("prod", "dev"), ["prod"]), (("dev", "test"), ["dev"])],
    ids=str,
)
def test_a_commit_that_is_bad_in_many_environments_is_one_mail_and_one_more_if_it_is_worse(
    team: Team, mailbox: Mailbox, order: tuple[str, ...], mails: list[str]
) -> None:
    """And one when it is mended: all in one thread."""
    team.channel("ada@example.org", mailbox.url())
    old = bad_in(team, order, between=team.send)
    for name in order:
        team.deploy(team.ask(old, "shipway", "rollback"), name, kind="rollback")
        team.fact("commit.quarantined", environment=name, commit=team.head)
        team.tell()
        team.send()
    bad = team.head
    team.deploy(team.push(team.commit("ada"), bad))
    team.tell()
    team.send()
    *said, end = mailbox.wait(len(mails) + 1)
    assert all(
        f"{name}: r2 is being taken back" in mail["Subject"] for mail, name in zip(said, mails, strict=True)
    )
    assert "Your fix serves" in end["Subject"]
    assert end["In-Reply-To"] == said[0]["Message-ID"]
    assert all(mail["In-Reply-To"] == said[0]["Message-ID"] for mail in said[1:])
    assert {one.state for one in team.tell()} == {"sent"}


def test_a_webhook_hears_of_every_environment_under_one_id_and_of_nothing_twice(team: Team, hook: Hook) -> None:
    team.channel("ada@example.org", hook.url())
    old = bad_in(team, ("dev", "prod"), between=team.send)
    for name in ("prod", "dev", "prod"):
        team.deploy(team.ask(old, "shipway", "rollback"), name, kind="rollback")
        team.fact("commit.quarantined", environment=name, commit=team.head)
        team.tell()
        team.send()
    assert len({body["id"] for body in hook.bodies}) == 1
    assert [(body["update"], body["title"].partition(",")[0]) for body in hook.bodies] == [
        (False, "[shop] dev: r2 is being taken back"),
        (True, "[shop] prod: r2 is being taken back"),
        (True, "[shop] prod: r2 taken back"),
    ]


def test_one_that_is_bad_everywhere_within_seconds_is_one_message_of_the_worst(
    team: Team, mailbox: Mailbox
) -> None:
    """Found in dev first, while its run goes on: told with what is found in prod, or when its run is over."""
    team.channel("ada@example.org", mailbox.url())
    team.deliver(old := team.commit("ben"))
    run = team.push(team.commit("ada"), old)
    for name in ENVIRONMENTS:
        team.deploy(run, name, judged="yes")
        judge(team, run, name)
        team.tell()
        time_passes(team, 3.0)
        team.send()
    assert "Also     It was bad in dev and test as well.\n" in only(team.tell()).text
    assert "prod: r2 is being taken back" in only(mailbox.wait(1))["Subject"]
    assert only(team.tell()).state == "sent"


@pytest.mark.parametrize("then", ["goes on", "is over", "is well in prod", "is watched in prod"])
def test_one_that_is_bad_in_dev_waits_only_while_it_may_be_bad_in_prod(team: Team, then: str) -> None:
    team.deliver(old := team.commit("ben"))
    run = team.push(team.commit("ada"), old)
    team.deploy(run, "dev", judged="yes")
    if then.endswith("in prod"):
        team.deploy(run, "prod", judged="yes")
    if then == "is well in prod":
        verdict(team, run, "good")
    judge(team, run, "dev")
    assert only(team.tell()).next_try > time.time() + tell.PATIENCE
    if then != "goes on":
        team.fail(run, "dev is bad")
    soon = only(team.tell()).next_try <= time.time() + tell.PATIENCE
    assert soon == (then in ("is over", "is well in prod"))


def test_that_it_is_bad_in_prod_is_heard_though_what_took_the_first_message_is_dead(
    team: Team, hook: Hook, mailbox: Mailbox
) -> None:
    team.channel("ada@example.org", hook.url())
    team.channel("ada@example.org", mailbox.url())

    def dies() -> None:
        team.send()
        hook.status = 503

    bad_in(team, ("dev", "prod"), between=dies)
    for minutes in (16, 19):
        team.later = minutes * 60.0
        team.send()
    assert "prod: r2 is being taken back" in only(mailbox.wait(1))["Subject"]


def test_what_is_less_bad_is_no_second_mail_also_where_the_first_was_waiting(team: Team, mailbox: Mailbox) -> None:
    bad_in(team, ("prod", "dev"))
    team.channel("ada@example.org", mailbox.url())
    for _ in range(2):
        team.send()
    assert "prod: r2 is being taken back" in only(mailbox.wait(1))["Subject"]
    assert [one.state for one in team.tell()] == ["sent"]


def test_one_that_was_mended_and_is_bad_in_prod_later_is_told_again(team: Team, mailbox: Mailbox) -> None:
    team.channel("ada@example.org", mailbox.url())
    bad_in(team, ("test",), between=team.send)
    bad = team.head
    team.deploy(team.push(team.commit("ada"), bad))
    team.tell()
    team.send()
    again = team.ask(bad, "ada@example.org")
    team.deploy(again)
    judge(team, again)
    team.tell()
    time_passes(team)
    team.send()
    assert ["prod: r2 is being taken back" in mail["Subject"] for mail in mailbox.wait(3)] == [False, False, True]


def bad_in(team: Team, order: tuple[str, ...], between: Callable[[], None] = lambda: None) -> str:
    """One push that is bad wherever it comes; the commit that served before."""
    team.deliver(old := team.commit("ben"))
    run = team.push(team.commit("ada"), old)
    for name in order:
        team.deploy(run, name)
        judge(team, run, name)
        team.tell()
        time_passes(team)
        between()
    return old


def time_passes(team: Team, seconds: float = tell.ELSEWHERE + 1) -> None:
    """What waits for the old release, and for whether it is worse elsewhere, has waited."""
    team.later += seconds


@pytest.mark.parametrize("first", ["the error", "the verdict"])
def test_an_error_that_is_new_in_a_bad_release_is_named_with_it_and_not_told_after_it(
    team: Team, first: str
) -> None:
    team.deliver(old := team.commit("ben"))
    new = team.commit("ada")
    run = team.push(new, old)
    team.deploy(run)
    who = {"commit": new, "author": "Ada Okafor", "email": "ada@example.org", "confidence": "high"}
    for what in ("error", "verdict") if first == "the error" else ("verdict", "error"):
        judge(team, run) if what == "verdict" else suspected(team, new, **who)
        team.tell()
    told = team.tell()
    assert [one.kind for one in told] == ["bad"]
    assert "    New error: TypeError: unsupported operand\n" in told[-1].text
    assert only(told).cause.startswith("bad ")


def error_then_bad(
    team: Team, between: Callable[[], None], then: Callable[[], None] = lambda: None
) -> tuple[str, str]:
    """A release whose error is told first, is judged bad, and is taken back; what served before, and it."""
    team.deliver(old := team.commit("ben"))
    run = team.push(new := team.commit("ada"), old)
    team.deploy(run)
    suspected(team, new, commit=new, author="Ada Okafor", email="ada@example.org", confidence="high")
    team.tell()
    between()
    judge(team, run)
    team.tell()
    then()
    eventually(lambda: not team.outbox._busy.total(), "nothing is on its way", 60)
    time_passes(team)
    team.send()
    team.deploy(team.ask(old, "shipway", "rollback"), kind="rollback")
    team.tell()
    team.send()
    return old, new


def test_what_was_told_as_an_error_and_is_bad_then_is_one_message_that_is_updated(team: Team, hook: Hook) -> None:
    team.channel("ada@example.org", hook.url())
    _, new = error_then_bad(team, team.send)
    team.deploy(team.push(team.commit("ada"), new))
    team.tell()
    team.send()
    assert len({body["id"] for body in hook.bodies}) == 1
    assert [(body["update"], body["ended"]) for body in hook.bodies] == [
        (False, False),
        (True, False),
        (True, False),
        (False, True),
    ]
    assert [one.kind for one in team.tell()] == ["error", "bad", "updated", "fixed"]


def test_a_mail_of_an_error_has_one_answer_once_it_is_taken_back(team: Team, mailbox: Mailbox) -> None:
    team.channel("ada@example.org", mailbox.url())
    error_then_bad(team, team.send)
    first, second = mailbox.wait(2)
    assert second["In-Reply-To"] == first["Message-ID"]
    assert "taken back" in second["Subject"]
    assert len(team.tell()) == 2


def test_an_error_that_is_on_its_way_when_it_is_judged_bad_is_answered(team: Team, hook: Hook) -> None:
    team.channel("ada@example.org", hook.url())
    hook.awake.clear()

    def sets_out() -> None:
        team.outbox.look()
        eventually(lambda: hook.bodies, "the error is on its way", 60)

    error_then_bad(team, sets_out, then=hook.awake.set)
    assert len({body["id"] for body in hook.bodies}) == 1
    assert [body["update"] for body in hook.bodies][:2] == [False, True]
    assert [one.kind for one in team.tell()][:2] == ["error", "bad"]


def test_an_error_of_somebody_else_in_a_bad_release_is_told_to_them(team: Team) -> None:
    """A change can bring an older defect to light."""
    bens = team.commit("ben")
    team.deliver(bens)
    run = team.push(team.commit("ada"), bens)
    team.deploy(run)
    judge(team, run)
    suspected(team, run.commit, commit=bens, author="Ben Weber", email="ben@example.org", confidence="high")
    assert [(one.person, one.kind) for one in team.tell()] == [
        ("ada@example.org", "bad"),
        ("ben@example.org", "error"),
    ]


def test_what_is_deployed_again_and_bad_again_is_told_again(team: Team) -> None:
    old, new = team.commit("ben"), team.commit("ada")
    bad(team, old, new)
    again = team.ask(new, "ben")
    with team.database.write() as conn:
        given = {"values": {"POOL": "1"}, "secrets": b"", "secret_names": []}
        configurations.add(conn, APP, "prod", **given, who="ben", what="set POOL")
    team.deploy(again, configured="yes")
    judge(team, again)
    assert [one.kind for one in team.tell()] == ["bad", "bad"]


def bad_with_values(team: Team, **values: str) -> Run:
    """A release of Ada's commit, with values that are set with it, that is judged bad; each value by whom."""
    team.deliver(old := team.commit("cho"))
    given: dict[str, str] = {}
    with team.database.write() as conn:
        for name, who in values.items():
            given[name] = "1"
            common = {"secrets": b"", "secret_names": [], "who": who, "what": f"set {name}"}
            configurations.add(conn, APP, "prod", values=dict(given), **common)  # type: ignore[arg-type]
        for version in range(1, len(values)):
            releases.make(
                conn, application=APP, environment="prod", digest="0" * 64, commit=old, configuration=version
            )
    run = team.push(team.commit("ada", subject="Greet"), old)
    team.deploy(run, configured="yes")
    return run


def test_who_set_a_value_beside_a_bad_commit_is_told_their_part_and_the_author_theirs(team: Team) -> None:
    run = bad_with_values(team, GREETING="ben", LIMIT="ada@example.org")
    judge(team, run)
    told = {one.person: one for one in team.tell()}
    assert sorted(told) == ["ada@example.org", "ben"]
    assert {one.names_nobody for one in told.values()} == {True}
    short = run.commit[:7]
    ben = f"Not known. You set GREETING. ada@example.org set LIMIT. {short}, by Ada Okafor, is new there as well. "
    for words in (ben, "Next     Have it as it was before: `shipway env --unset GREETING --env prod`."):
        assert words in told["ben"].text
    ada = "You are the only author of what is new in prod. You set LIMIT. ben set GREETING. Nothing says which of"
    for words in (
        f"Not known. {ada}",
        f"`git revert {short}`. Or have what you set as it was before: `shipway env --unset LIMIT --env prod`.",
    ):
        assert words in told["ada@example.org"].text
    for one in told.values():
        assert "Values   GREETING, by ben; LIMIT, by ada@example.org\n" in one.text


@pytest.mark.parametrize(
    ("before", "suspected"),
    [
        ("good", False),  # a person rolled it back, for whatever reason
        ("bad", True),
        ("never judged", True),  # whoever rolled it back may have seen what no judge has
        ("older code", True),
    ],
)
def test_a_value_that_has_served_well_is_no_suspect_beside_a_bad_commit(
    team: Team, before: str, *, suspected: bool
) -> None:
    """A rollback takes it away, and the next deployment brings it back."""
    team.deliver(old := team.commit("cho"))
    with team.database.write() as conn:
        given = {"values": {"POOL": "1"}, "secrets": b"", "secret_names": []}
        configurations.add(conn, APP, "prod", **given, who="ben", what="set POOL")
    with_it = team.ask(old, "ben")
    team.deploy(with_it, configured="yes")
    if before in ("good", "bad"):
        with team.database.write() as conn:
            served = deployments.get(conn, team.deployment(with_it))
            verdicts.record(conn, served, release=2, share=100, kind=before, reason="It is.", findings=())
    if before == "older code":
        team.deliver(old := team.commit("cho"))
    else:
        team.deploy(team.ask(old, "ben", "rollback"), kind="rollback")
    known = {one.id for one in team.tell()}
    run = team.push(team.commit("ada"), old)
    team.deploy(run, at="1")
    judge(team, run)
    told = [one for one in team.tell() if one.id not in known]
    people = ["ada@example.org", "ben"] if suspected else ["ada@example.org"]
    assert sorted(one.person for one in told) == people
    assert [one.names_nobody for one in told] == [suspected] * len(people)
    assert ("POOL" in told[0].text) == suspected


@pytest.mark.parametrize(("served", "suspected"), [("older", True), ("newer", False)])
def test_by_what_code_a_value_is_proved_is_said_by_git_and_not_by_when_it_was_deployed(
    team: Team, served: str, *, suspected: bool
) -> None:
    """Somebody deployed an older commit in between: its release is younger, and its code is not."""
    older, newer = team.commit("cho"), team.commit("cho")
    team.deliver(older)
    team.deliver(newer, older)
    given: dict[str, Any] = {"secrets": b"", "secret_names": [], "who": "ben", "what": "set POOL"}
    with team.database.write() as conn:
        for pool in ("1", "2", "1"):
            configurations.add(conn, APP, "prod", values={"POOL": pool}, **given)
    first, last = (older, newer) if served == "older" else (newer, older)
    with_it = team.ask(first, "ben")
    team.deploy(with_it, at="1")
    with team.database.write() as conn:
        proved = deployments.get(conn, team.deployment(with_it))
        verdicts.record(conn, proved, release=3, share=100, kind="good", reason="It is.", findings=())
    team.deploy(team.ask(last, "ben"), at="2")
    run = team.push(team.commit("ada", on=newer), newer)
    team.deploy(run, at="3")
    judge(team, run)
    told = team.tell()
    assert ("ben" in [one.person for one in told]) == suspected
    assert any("POOL" in one.text for one in told) == suspected


def test_who_set_a_value_and_wrote_the_bad_commit_is_surely_the_one(team: Team) -> None:
    judge(team, bad_with_values(team, GREETING="ada@example.org"))
    message = only(team.tell())
    assert message.person == "ada@example.org"
    assert "Sure: very. You are the only author of what is new in prod. You set GREETING.\n" in message.text


def test_where_an_error_leads_to_the_commit_only_its_author_hears_with_the_values_that_changed(team: Team) -> None:
    run = bad_with_values(team, GREETING="ben")
    suspected(team, run.commit, commit=run.commit, author="Ada Okafor", email="ada@example.org", confidence="high")
    judge(team, run)
    message = only(team.tell())
    assert message.person == "ada@example.org"
    assert "Sure: very." in message.text
    assert "Values   GREETING, by ben\n" in message.text
    assert "Next     Mend it and push again" in message.text


def test_one_deployment_that_is_bad_at_two_shares_and_quarantined_is_told_once(team: Team) -> None:
    run = bad(team, team.commit("ben"), team.commit("ada"))
    team.quarantine(run.commit)
    judge(team, run, share=100)
    assert [one.kind for one in team.tell()] == ["bad"]


def test_a_trial_that_was_bad_is_told_as_taken_back_once_it_is_undone(team: Team) -> None:
    team.deliver(old := team.commit("ben"))
    run = team.push(team.commit("ada"), old)
    team.deploy(run, ending="running")
    judge(team, run)
    assert "is being taken back" in only(team.tell()).subject
    with team.database.write() as conn:
        deployments.end(conn, deployments.get(conn, team.deployment(run)), "failed", "37 of 74 requests failed")
    message = only(team.tell())
    assert "prod: r2 taken back" in message.subject
    assert re.search(rf"prod serves r1 \({old[:7]}\) with all requests again since [\d:]+ UTC\.", message.text)
    assert "as before" not in message.text


NO_WAY_BACK = "r2 changed the data irreversibly, so r1 cannot serve."
FORWARD = "Mend it forward: push a commit on top."


@pytest.mark.parametrize("tried", ["on a share", "with everything"])
@pytest.mark.parametrize("told", ["together", "one by one"])
def test_a_release_that_is_stuck_is_not_told_as_taken_back(team: Team, tried: str, told: str) -> None:
    team.deliver(old := team.commit("ben"))
    run = team.push(team.commit("ada"), old)
    team.deploy(run, ending="stuck" if tried == "on a share" else "done")
    judge(team, run)
    if told == "one by one":
        team.tell()
    team.quarantine(run.commit)
    data = {"deployment": team.deployment(run), "reason": NO_WAY_BACK, "hint": FORWARD}
    team.fact("release.stuck", environment="prod", commit=run.commit, run=run.id, data=data)
    team.stop(run, "deploy", "signals.bad", "worse", "you")
    message = only(team.tell())
    assert message.kind == "bad"
    assert "prod: r2 is bad and stays, you decide: half its requests failed" in message.subject
    assert "stays as it is in prod, you decide: 37 of 74 requests failed." in message.text
    assert "r2 is frozen at 100 %: r2 has all requests; its data change cannot be taken back; you" in message.text
    assert f"Next     {FORWARD}" in message.text
    assert "back on" not in message.text
    assert "being taken back" not in message.text
    assert message.next_try <= time.time()


def test_a_release_that_nobody_could_judge_and_that_cannot_go_back_is_told_to_its_author(team: Team) -> None:
    """It was not bad: why it came to nothing is said, that it stays, and what a person can decide."""
    team.deliver(old := team.commit("ben"))
    run = team.push(team.commit("ada"), old)
    team.deploy(run, ending="running")
    why = "r2 could not be judged in 24 s. The routers said nothing."
    with team.database.write() as conn:
        going = deployments.get(conn, team.deployment(run))
        deployments.enter(conn, going, "try", {"share": 50})
        data = {"release": 2, "reason": NO_WAY_BACK, "hint": FORWARD, "by": 2, "why": why}
        deployments.note(conn, going, "release.stuck", {**data, "error": "signals.not_judged"}, who="shipway")
        deployments.end(conn, going, "stuck", f"{why} r2 is frozen at 50 %.")
    team.stop(run, "deploy", "rollbacks.left_frozen", f"{why} r2 is frozen at 50 %.", "you")
    message = only(team.tell())
    assert (message.person, message.kind) == ("ada@example.org", "undone")
    assert message.subject == "[shop] prod: r2 stays, you decide: could not be judged in 24 s"
    assert f"{run.commit[:7]} stays as it is in prod, you decide: {why}" in message.text
    assert "Sure: not very" in message.text
    assert "r2 is frozen at 50 %: r2 has half of the requests, r1 the other half" in message.text
    assert f"{FORWARD} Or decide: `shipway rollback --env prod --to r2 --why REASON`" in message.text
    assert "`shipway rollback --env prod --to r1 --past r2 --why REASON`" in message.text
    assert "bad" not in message.text


def test_the_author_of_a_release_that_gave_no_answers_is_told(team: Team) -> None:
    """There is no bad verdict, and nothing is held; yet users were hurt."""
    team.deliver(old := team.commit("ben"))
    run = team.push(team.commit("ada"), old)
    team.deploy(run, ending="done")
    data = {"deployment": team.deployment(run), "release": 2, "reason": "5 requests wait and none was answered"}
    team.fact("release.silent", environment="prod", commit=run.commit, run=run.id, data=data)
    message = only(team.tell())
    assert message.person == "ada@example.org"
    assert message.subject == "[shop] prod: r2 is being taken back, it gave no answers"
    assert "gave no answers: 5 requests wait" in message.text
    assert "is being taken back" in message.text


def test_who_asked_for_commits_of_others_is_not_told_that_it_brought_none(team: Team) -> None:
    team.deliver(team.commit("cho"))
    team.commit("ben", {"pay.py": "1\n"})
    run = team.ask(team.commit("ada", {"web.py": "2\n"}), "cho")
    team.deploy(run)
    judge(team, run, share=100)
    message = only(team.tell())
    assert message.person == "cho"
    assert "Not known. You asked for it. It brought 2 commits, and nothing says whose" in message.text


@pytest.mark.parametrize("kind", ["error.new", "error.regressed"])
@pytest.mark.parametrize("others", [False, True])
def test_of_several_authors_of_a_bad_release_the_suspect_of_its_new_error_hears(
    team: Team, others: bool, kind: str
) -> None:
    team.deliver(old := team.commit("cho"))
    bens = team.commit("ben", {"pay.py": "1\n"})
    adas = team.commit("ada", {"web.py": "2\n"})
    run = team.push(adas, old)
    team.deploy(run)
    who = {"author": "Ben Weber", "email": "ben@example.org", "confidence": "high", "reason": "wrote line 1."}
    suspected(team, adas, kind, commit=bens, **who)
    if others:
        suspected(team, adas, error="02e", commit=adas, author="Ada Okafor", email="ada@example.org")
    judge(team, run, share=100)
    message = only([one for one in team.tell() if one.kind == "bad"])
    assert message.person == ("cho" if others else "ben@example.org")
    came = "new" if kind == "error.new" else "back"
    assert (f"Sure: very. An error that is {came} in it: wrote line 1." in message.text) is not others


def test_a_release_whose_rollback_has_moved_the_requests_is_not_told_as_being_taken_back(team: Team) -> None:
    """Nothing else may happen after that: no quarantine for a value, no revert."""
    bad(team, old := team.commit("ben"), team.commit("ada"))
    assert "is being taken back" in only([one for one in team.tell() if one.kind == "bad"]).subject
    team.deploy(team.ask(old, "shipway", "rollback"), kind="rollback")
    assert "prod: r2 taken back" in only([one for one in team.tell() if one.kind == "bad"]).subject


@pytest.mark.parametrize("late", [0.0, 180.0])
def test_a_deployment_that_gave_its_requests_back_is_not_told_as_being_taken_back(team: Team, late: float) -> None:
    run = bad(team, team.commit("ben"), team.commit("ada"))
    with team.database.write() as conn:
        conn.exec_driver_sql(f"UPDATE facts SET at = at - {late} WHERE kind = 'verdict.bad'")
    assert "is being taken back" in only([one for one in team.tell() if one.kind == "bad"]).subject
    with team.database.write() as conn:
        begun = deployments.get(conn, team.deployment(run))
        first = releases.numbered(conn, APP, "prod", 1)
        assert first is not None
        releases.serve(conn, first, deployment=begun.id, epoch=begun.epoch, warm_until=None)
        deployments.switched_back(conn, begun)
    assert "prod: r2 taken back" in only([one for one in team.tell() if one.kind == "bad"]).subject


def test_the_same_mistake_found_by_two_ways_in_is_told_once(team: Team) -> None:
    team.deliver(commit := team.commit("ada"))
    who = {"commit": commit, "author": "Ada Okafor", "email": "ada@example.org", "confidence": "high"}
    suspected(team, commit, **who)
    suspected(team, commit, error="02e", **who)
    text = only(team.tell()).text
    assert "the release goes on serving" in text
    assert text.count("TypeError: unsupported operand") == 1


@pytest.mark.parametrize(
    ("title", "where"),
    [
        (next(one for one in PAYLOADS if one.startswith("\x1b[31m")), "prod"),
        ("KeyError: a\tb", "prod"),
        ("Refused: " + "a long word " * 20, "a-place-with-a-name-" * 6),
    ],
    ids=["hostile", "tab", "too long for a subject"],
)
@pytest.mark.parametrize("back", [False, True])
def test_the_same_mistake_is_told_once_whatever_becomes_of_its_title_in_a_subject(
    team: Team, title: str, where: str, back: bool
) -> None:
    team.deliver(commit := team.commit("ada"))
    who = {"commit": commit, "author": "Ada Okafor", "email": "ada@example.org", "confidence": "high"}
    for kind in ("error.new", "error.regressed")[: 1 + back]:
        for way in ("01e", "02e"):
            suspected(team, commit, kind, where, **who, error=way, title=title)
        ago(team, 2 * 24 * 3600.0)
    assert len(team.tell()) == 1 + back


@pytest.mark.parametrize("later", [0.0, 1200.0])
def test_the_same_mistake_in_two_environments_is_told_once(team: Team, later: float) -> None:
    """Also what was found by the second way in, of which nobody was told."""
    team.deliver(commit := team.commit("ada"))
    who = {"commit": commit, "author": "Ada Okafor", "email": "ada@example.org", "confidence": "high"}
    for where in ("test", "prod"):
        suspected(team, commit, environment=where, **who)
        suspected(team, commit, environment=where, error="02e", **who)
        only(team.tell())
        ago(team, later)


@pytest.mark.parametrize("later", [0.0, 1200.0])
def test_an_error_of_what_was_bad_in_one_environment_is_no_news_in_the_next(team: Team, later: float) -> None:
    team.deliver(old := team.commit("ben"))
    run = team.push(team.commit("ada"), old)
    who = {"commit": run.commit, "author": "Ada Okafor", "email": "ada@example.org", "confidence": "high"}
    for where in ("test", "prod"):
        team.deploy(run, where)
        suspected(team, run.commit, environment=where, **who)
        if where == "test":
            judge(team, run, where)
        ago(team, later)
    message = only(team.tell())
    assert (message.kind, message.environment) == ("bad", "test")


def test_an_error_that_is_back_days_after_its_commit_was_bad_is_told(team: Team) -> None:
    team.deliver(old := team.commit("ben"))
    run = team.push(team.commit("ada"), old)
    who = {"commit": run.commit, "author": "Ada Okafor", "email": "ada@example.org", "confidence": "high"}
    team.deploy(run)
    suspected(team, run.commit, **who)
    judge(team, run)
    ago(team, 2 * 24 * 3600.0)
    suspected(team, run.commit, "error.regressed", **who)
    assert [(one.kind, "an error again" in one.subject) for one in team.tell()] == [
        ("bad", False),
        ("error", True),
    ]


def test_whose_an_error_is_stays_known_where_nothing_leads_to_them(team: Team) -> None:
    """In another environment more is new, and it can be anybody's."""
    team.deliver(commit := team.commit("ada"))
    who = {"commit": commit, "author": "Ada Okafor", "email": "ada@example.org", "confidence": "high"}
    suspected(team, commit, environment="test", **who)
    suspected(team, commit, commit=None, reason="2 commits are about equally likely.")
    assert only(team.tell()).person == "ada@example.org"


def ago(team: Team, seconds: float) -> None:
    """All that happened was this long ago."""
    team.tell()
    with team.database.write() as conn:
        conn.exec_driver_sql(f"UPDATE facts SET at = at - {seconds}")
        conn.exec_driver_sql(f"UPDATE messages SET created = created - {seconds}")


@pytest.mark.parametrize("how", ["tried", "good", "never judged", "rolled back", "of another release"])
def test_an_error_of_what_is_still_watched_is_not_said_to_be_past_that(team: Team, how: str) -> None:
    team.deliver(old := team.commit("ben"))
    run = team.push(team.commit("ada"), old)
    kind = "rollback" if how == "rolled back" else "deploy"
    team.deploy(run, kind=kind, judged="" if how == "never judged" else "yes")
    if how == "good":
        verdict(team, run, "good")
    served = "" if how == "of another release" else run.commit
    suspected(team, served, commit=run.commit, author="Ada Okafor", email="ada@example.org", confidence="high")
    text = team.tell()[-1].text
    assert bool(re.search(r"Done     It serves, and is watched until [\d:]+ UTC\.\n", text)) == (how == "tried")
    assert ("the release goes on serving" in text) == (how != "tried")


def test_an_error_of_what_is_taken_back_is_not_said_to_serve_on(team: Team) -> None:
    bens = team.commit("ben")
    run = bad(team, bens, team.commit("ada"))
    error = {"commit": bens, "author": "Ben Weber", "email": "ben@example.org", "confidence": "high"}
    suspected(team, run.commit, **error)
    assert "Its traffic is being taken back" in team.tell()[-1].text
    team.deploy(team.ask(bens, "shipway", "rollback"), kind="rollback")
    suspected(team, run.commit, error="02e", title="KeyError: 1", **error)
    assert f"prod serves r1 ({bens[:7]}) as before" in team.tell()[-1].text


def test_what_was_bad_is_its_authors_whatever_serves_when_it_is_told(team: Team) -> None:
    """By then the release before is back, and what comes next serves already."""
    team.deliver(old := team.commit("cho"))
    run = team.ask(team.commit("ada"), "cho")
    team.deploy(run)
    judge(team, run, share=100)
    team.deploy(team.ask(old, "shipway", "rollback"), kind="rollback")
    team.deploy(team.push(team.commit("ben"), run.commit))
    assert [one.person for one in team.tell() if one.kind == "bad"] == ["ada@example.org"]


def error(team: Team, commit: str, kind: str = "error.new", **data: object) -> None:
    """The two facts of the errors stage: the error, and a few seconds later that no commit is suspected."""
    told = {"error": "01g", "number": 7, "title": "ZeroDivisionError: division by zero"}
    team.fact(kind, environment="prod", commit=commit, data={**told, "release": 2})
    team.fact("error.suspected", environment="prod", commit=commit, data={**told, "commit": None, **data})


def test_no_line_of_a_message_steers_a_terminal_or_turns_its_words_around(team: Team) -> None:
    commit = team.commit("ada", subject="Share \x1b]0;the\x07 bill")
    who = {"commit": commit, "author": "Ada\u202e", "email": "ada@example.org", "evidence": "web\x1b[2J.py"}
    error(team, commit, suspect=who, title="Key\x1b[31m\u202eError:\nNext  Run this", lines=["\x1b[2Jboo"])
    message = only(team.tell())
    assert message.text.splitlines()[0] == "New error: Key [31m Error: Next  Run this."
    assert not [letter for letter in message.text + message.subject if letter in "\x1b\x07\u202e"]


@pytest.mark.parametrize(
    ("count", "says"),
    [
        (1, "Seen     Once, asked by Shipway's own checks: no visitor is known to have met it.\n"),
        (12, "Seen     12 times, 1 of them asked by Shipway's own checks.\n"),
    ],
)
def test_an_error_that_checks_of_shipway_met_is_told_with_how_many_of_them(
    team: Team, monkeypatch: pytest.MonkeyPatch, count: int, says: str
) -> None:
    place = errors.Place("01e", "prod", None, 1.0, 2.0, count, 1, None)
    monkeypatch.setattr(errors, "places", lambda *_: [place])
    team.deliver(commit := team.commit("ada"))
    suspected(team, commit, commit=commit, author="Ada Okafor", email="ada@example.org")
    assert says in only(team.tell()).text


HUNK = ["@@ -12 +12 @@", "-    return total / len(guests)", "+    return total / guests"]


def suspected(
    team: Team, served: str, kind: str = "error.new", environment: str = "prod", **about: object
) -> None:
    """The two facts of the errors stage: the error, and a few seconds later whom it is by."""
    error = {
        "error": about.get("error", "01e"),
        "number": 3,
        "title": about.get("title", "TypeError: unsupported operand"),
        "place": "web.py in share",
    }
    told = team.tell()
    team.fact(kind, environment=environment, commit=served, data={**error, "release": None})
    assert team.tell() == told
    team.fact("error.suspected", environment=environment, commit=served, data={**error, **about})


def test_an_error_of_a_release_on_trial_says_which_share_that_has(team: Team) -> None:
    team.deliver(good := team.commit("ben"))
    run = team.push(team.commit("ada"), good)
    team.deploy(run, "prod", ending="running", judged="yes")
    team.fact("deployment.try", run=run.id, environment="prod", commit=run.commit, data={"share": 10})
    suspected(team, run.commit, commit=run.commit, email="ada@example.org", reason="It did.", evidence=[])
    text = team.tell()[-1].text
    assert f"({good[:7]}) as before. r2, which has the error, is tried with 10 % of the requests.\n" in text


def on_trial(team: Team) -> Run:
    """A release that has 10 % of the requests, and two errors that are new in it."""
    team.deliver(good := team.commit("ben"))
    run = team.push(team.commit("ada"), good)
    team.deploy(run, "prod", ending="running", judged="yes")
    team.fact("deployment.try", run=run.id, environment="prod", commit=run.commit, data={"share": 10})
    who = {"commit": run.commit, "author": "Ada Okafor", "email": "ada@example.org", "confidence": "high"}
    suspected(team, run.commit, **who)
    suspected(team, run.commit, **who, error="02e", title="KeyError: 'bill'")
    return run


def test_an_error_of_a_release_on_trial_waits_for_the_verdict_and_is_one_message_with_it(
    team: Team, hook: Hook
) -> None:
    team.channel("ada@example.org", hook.url())
    run = on_trial(team)
    assert [one.kind for one in team.tell()] == ["error", "error"]
    team.send()
    assert hook.bodies == []
    judge(team, run)
    told = only(team.tell())
    assert told.kind == "bad"
    assert "New error: TypeError: unsupported operand\n" in told.text
    assert "New error: KeyError: 'bill'\n" in told.text
    with team.database.read() as conn:
        assert [one.data["why"] for one in facts.after(conn, 0) if one.kind == "message.left_out"] == [
            f"told with {told.cause}"
        ]
    time_passes(team)
    team.send()
    assert len(hook.bodies) == 1


def test_an_error_of_a_release_on_trial_is_told_where_nothing_is_decided(team: Team, hook: Hook) -> None:
    team.channel("ada@example.org", hook.url())
    on_trial(team)
    team.tell()
    team.later += tell.DEPLOYED
    team.send()
    assert ["a new error" in body["title"] for body in hook.bodies] == [True, True]


def starting(team: Team) -> tuple[Run, dict[str, Any]]:
    """A release that is being deployed and has an error at its start; with where that leads."""
    team.deliver(old := team.commit("ben"))
    run = team.push(new := team.commit("ada", subject="Read the eggs"), old)
    team.deploy(run, "prod", ending="running")
    place = Evidence("web.py", 12, "share", "line", tuple(HUNK[1:]), source="return total / people")
    who = Suspicion("It did.", new, "Ada Okafor", "ada@example.org", confidence="high", evidence=(place,))
    return run, asdict(who)


def undo(team: Team, run: Run) -> None:
    """What the story does with a release that died at its start."""
    with team.database.write() as conn:
        begun = deployments.get(conn, team.deployment(run))
        deployments.end(
            conn, begun, "failed", "web ended with code 1", "Traceback\nTypeError: unsupported operand"
        )
    team.fail(run, "prod failed")


@pytest.mark.parametrize("first", ["the error", "the end", "the end, while the error is looked into"])
def test_an_error_of_a_release_that_dies_at_its_start_is_one_message_with_that(
    team: Team, hook: Hook, first: str
) -> None:
    team.channel("ada@example.org", hook.url())
    run, who = starting(team)
    came = {"error": "01e", "number": 3, "title": "TypeError: unsupported operand", "release": None}
    if first == "the error":
        suspected(team, run.commit, **who)
        assert only(team.tell()).kind == "error"
        team.send()
        assert hook.bodies == []
    if "looked into" in first:
        team.fact("error.new", environment="prod", commit=run.commit, data=came)
    undo(team, run)
    assert only(team.tell()).kind == "undone"
    if first == "the end":
        suspected(team, run.commit, **who)
    if "looked into" in first:
        team.send()
        assert hook.bodies == []
        team.fact("error.suspected", environment="prod", commit=run.commit, data={**came, **who})
    told = only(team.tell())
    assert (told.kind, told.cause) == ("undone", f"stopped shop {run.commit}")
    assert "does not serve, web ended with code 1" in told.subject
    for words in (
        "    New error: TypeError: unsupported operand\n",
        "    web.py:12  return total / people\n",
        "An error that is new in it: It did. Look at web.py:12.",
    ):
        assert words in told.text
    team.send()
    assert len(hook.bodies) == 1


def test_of_several_authors_of_a_release_that_died_at_its_start_the_suspect_of_its_error_hears(team: Team) -> None:
    team.deliver(old := team.commit("cho"))
    mine = team.commit("ada", {"pay.py": "1\n"})
    run = team.push(team.commit("ben"), old)
    team.deploy(run, "prod", ending="running")
    suspected(team, run.commit, commit=mine, author="Ada Okafor", email="ada@example.org", confidence="high")
    undo(team, run)
    told = only(team.tell())
    assert (told.person, told.kind) == ("ada@example.org", "undone")


def test_an_error_of_a_deployment_that_never_ends_is_told_within_a_minute_also_by_the_next_server(
    team: Team, hook: Hook
) -> None:
    team.channel("ada@example.org", hook.url())
    run, who = starting(team)
    suspected(team, run.commit, **who)
    message = only(team.tell())
    assert "r2, which has the error, is being deployed." in message.text
    assert 0 < message.next_try - time.time() <= 60
    team.outbox = team.another_outbox()
    team.outbox.clock = lambda: time.time() + 61
    team.send()
    assert "has a new error" in hook.bodies[0]["title"]


def test_an_error_is_told_as_soon_as_its_release_serves_after_all(team: Team, hook: Hook) -> None:
    team.channel("ada@example.org", hook.url())
    run, who = starting(team)
    suspected(team, run.commit, **who)
    team.tell()
    with team.database.write() as conn:
        begun = deployments.get(conn, team.deployment(run))
        release = releases.get(conn, begun.release)
        releases.serve(conn, release, deployment=begun.id, epoch=begun.epoch, warm_until=None)
        deployments.end(conn, begun, "done")
    assert "the release goes on serving" in only(team.tell()).text
    team.send()
    assert len(hook.bodies) == 1


@pytest.mark.parametrize("then", ["is bad in prod", "comes through"])
def test_an_error_in_an_environment_before_waits_for_what_its_commit_is_in_the_last(
    team: Team, hook: Hook, then: str
) -> None:
    team.channel("ada@example.org", hook.url())
    team.deliver(old := team.commit("ben"))
    run = team.push(new := team.commit("ada"), old)
    team.deploy(run, "dev")
    who = {"commit": new, "author": "Ada Okafor", "email": "ada@example.org", "confidence": "high"}
    suspected(team, new, environment="dev", **who)
    team.tell()
    team.send()
    assert hook.bodies == []
    team.deploy(run, "test")
    team.deploy(run, "prod")
    if then == "is bad in prod":
        judge(team, run)
        assert only(team.tell()).kind == "bad"
        return
    with team.database.write() as conn:
        runs.end(conn, run, "passed")
    team.tell()
    team.send()
    assert len(hook.bodies) == 1


def test_an_error_of_what_is_watched_waits_a_moment_for_whether_that_is_bad(team: Team, hook: Hook) -> None:
    team.channel("ada@example.org", hook.url())
    team.deliver(old := team.commit("ben"))
    run = team.push(new := team.commit("ada"), old)
    team.deploy(run, judged="yes")
    who = {"commit": new, "author": "Ada Okafor", "email": "ada@example.org", "confidence": "high"}
    suspected(team, new, **who)
    team.tell()
    team.send()
    assert hook.bodies == []
    judge(team, run)
    assert only(team.tell()).kind == "bad"


def test_a_bad_verdict_shows_the_line_of_code_that_its_new_error_went_wrong_at(team: Team) -> None:
    team.deliver(old := team.commit("ben"))
    run = team.push(new := team.commit("ada"), old)
    team.deploy(run)
    place = Evidence("web.py", 12, "share", "line", tuple(HUNK[1:]), source="return total / people")
    who = Suspicion("It did.", new, "Ada Okafor", "ada@example.org", confidence="high", evidence=(place,))
    suspected(team, new, **asdict(who))
    judge(team, run)
    assert "    web.py:12  return total / people\n" in only(team.tell()).text


def printed(team: Team) -> Run:
    """Of Ada's push a failure was printed that leads to Ben's commit."""
    team.deliver(old := team.commit("cho"))
    bens = team.commit("ben")
    run = team.push(new := team.commit("ada"), old)
    team.deploy(run)
    place = Evidence("web.py", 12, "share", "line", tuple(HUNK[1:]), source="return total / people")
    who = Suspicion("It did.", bens, "Ben Weber", "ben@example.org", confidence="high", evidence=(place,))
    data = {"deployment": team.deployment(run), "title": "ZeroDivisionError: division by zero", **asdict(who)}
    team.fact("release.printed", run=run.id, environment="prod", commit=new, data=data)
    return run


def test_a_bad_verdict_shows_the_line_of_code_of_a_failure_that_was_only_printed(team: Team) -> None:
    run = printed(team)
    assert team.tell() == [], "it is no error by itself"
    judge(team, run)
    message = only(team.tell())
    assert message.person == "ben@example.org"
    assert "    It printed: ZeroDivisionError: division by zero\n" in message.text
    assert "    web.py:12  return total / people\n" in message.text
    assert "Sure: very. A failure that it printed: It did. Look at web.py:12." in message.text


def test_a_failure_that_was_printed_leads_where_the_error_that_was_reported_does_not(team: Team) -> None:
    run = printed(team)
    error(team, run.commit)
    judge(team, run)
    message = [one for one in team.tell() if one.kind == "bad"][-1]
    assert message.person == "ben@example.org"
    assert "    web.py:12  return total / people\n" in message.text


def test_a_bad_verdict_that_no_error_explains_leads_to_what_the_release_printed_then(team: Team) -> None:
    run = bad(team, team.commit("ben"), new := team.commit("ada"))
    (link,) = [line for line in team.tell()[-1].text.splitlines() if line.startswith("Log ")]
    place = f"http://127.0.0.1:8440/applications/{APP}/environments/prod/log"
    with team.database.read() as conn:
        started = int(deployments.get(conn, team.deployment(run)).started)
    assert re.fullmatch(rf"Log +{place}\?release=r2&since={started}&until=\d+", link)
    error(team, new)
    assert "Log " not in team.tell()[-1].text


def test_an_error_whose_suspect_is_looked_for_is_told_when_that_is_known(team: Team) -> None:
    commit = team.commit("ada", subject="Share the bill")
    who = {"commit": commit, "author": "Ada Okafor", "email": "ada@example.org", "confidence": "high"}
    evidence = [{"path": "web.py", "line": 12, "function": "share", "how": "line", "hunk": HUNK}]
    suspected(team, commit, **who, reason="It wrote the line that failed.", evidence=evidence)
    message = only(team.tell())
    assert (message.person, message.kind) == ("ada@example.org", "error")
    assert "Share the bill, by Ada Okafor" in message.text
    assert "Sure: very. It wrote the line that failed. Look at web.py:12." in message.text
    assert HUNK[2] in message.text
    assert message.text.count("errors/3") == 1


def test_who_wrote_the_line_that_failed_is_led_to_it_and_not_to_the_first_they_wrote(team: Team) -> None:
    commit = team.commit("ada", subject="Share the bill")
    place = Evidence("web.py", 12, "share", "line", tuple(HUNK[1:]), start=9)
    reason = f"{commit[:7]} {REASONS['line'].format(place)}."
    who = Suspicion(reason, commit, "Ada Okafor", "ada@example.org", confidence="high", evidence=(place,))
    suspected(team, commit, **asdict(who))
    assert "wrote line 12 of web.py. Look at web.py:12." in only(team.tell()).text


def test_the_error_in_the_docs_is_told_as_it_stands_there(team: Team) -> None:
    commit = team.commit("ada", subject="Share the bill")
    team.deliver(commit)
    place = Evidence("web.py", 12, "share", "line", tuple(HUNK[1:]))
    reason = f"{commit[:7]} {REASONS['line'].format(place)}."
    who = Suspicion(reason, commit, "Ada Okafor", "ada@example.org", confidence="high", evidence=(place,))
    suspected(team, commit, **{**asdict(who), "title": "ZeroDivisionError: division by zero"})
    message = only(team.tell())
    told = f"Subject: {message.subject}\n\n{message.text}".replace(commit[:7], "2d8103f")
    docs = Path(__file__).parents[2].joinpath("docs/concepts/tell.md").read_text()
    assert re.sub(r"(When +).*", r"\1", told) in re.sub(r"(When +).*", r"\1", docs)


def test_an_error_that_no_commit_is_suspected_of_is_nobodys(team: Team) -> None:
    suspected(team, team.commit("ada"), commit=None, reason="2 commits are about equally likely.", evidence=[])
    assert only(team.tell()).person == "owner"


def test_an_error_is_told_however_many_others_are_new(team: Team) -> None:
    """What one bad release may report within an hour, several times over."""
    served = team.commit("ada")
    with team.database.write() as conn:
        for number in range(4, 700):
            data = {"error": f"other {number}", "number": number, "title": "Another"}
            facts.record(conn, "error.new", application=APP, environment="prod", commit=served, data=data)
    suspected(team, served, commit=None, reason="2 commits are about equally likely.", evidence=[])
    assert "TypeError: unsupported operand" in only(team.tell()).text


OWNERS = "* @everyone\n/pay/ @shop/payments\n/pay/tax.py cho@example.org\n"


@pytest.mark.parametrize(
    ("files", "people"),
    [
        (["pay/charge.py"], ["@shop/payments"]),
        (["pay/tax.py"], ["cho@example.org"]),
        (["web.py"], ["@everyone"]),
        (["pay/tax.py", "pay/charge.py"], ["@shop/payments", "cho@example.org"]),
        (["pay/tax.py", "pay/charge.py", "web.py"], ["owner"]),
    ],
    ids=" ".join,
)
def test_without_a_suspect_code_owners_hear_if_it_is_clear_who(
    team: Team, files: list[str], people: list[str]
) -> None:
    error(team, team.commit("ada", {"CODEOWNERS": OWNERS}), files=files)
    told = team.tell()
    assert sorted(one.person for one in told) == people
    assert all("Whose change it is, is not known" in one.text for one in told)
    assert not any("Ada" in one.text for one in told)


def test_without_a_stack_the_owners_of_what_the_release_changed_hear(team: Team) -> None:
    old = team.commit("ada", {".github/CODEOWNERS": OWNERS, "web.py": "1\n"})
    team.deliver(old)
    new = team.commit("ada", {"pay/charge.py": "1\n"})
    team.deploy(team.push(new, old))
    error(team, new)
    assert only(team.tell()).person == "@shop/payments"


@pytest.mark.parametrize("line", ["[a @x", "[b-a] @x", "*" + "a*" * 150 + " @x"])
def test_a_line_of_code_owners_that_cannot_be_used_is_left_out(team: Team, line: str) -> None:
    error(team, team.commit("ada", {"CODEOWNERS": f"* @everyone\n{line}\n"}), files=["a" * 250, "a/" * 100])
    assert only(team.tell()).person == "@everyone"


def test_an_error_that_is_back_is_told_again_once_for_each_release(team: Team) -> None:
    old = team.commit("ada", {"CODEOWNERS": "* @everyone\n"})
    team.deliver(old)
    new = team.commit("ada")
    team.deploy(team.push(new, old))
    for kind in ("error.new", "error.regressed", "error.regressed", "error.new"):
        error(team, new, kind, files=["web.py"])
        team.tell()
    assert [one.subject.rpartition(":")[0] for one in team.tell()] == [
        f"[shop] prod: r2 has {one}"
        for one in ("a new error, ZeroDivisionError", "an error again, ZeroDivisionError")
    ]


def test_who_was_told_hears_when_a_commit_that_comes_after_it_serves(team: Team) -> None:
    good = team.commit("ben")
    team.deliver(good)
    for old in (good, team.commit("ada")):
        team.fail_step(team.push(team.commit("ada"), old))
    fix = team.commit("ada")
    run = team.push(fix, good)
    team.deploy(run, "dev")
    assert [one.kind for one in team.tell()] == ["stopped", "stopped"]
    team.deploy(run, "prod")
    *told, message = team.tell()
    assert (message.person, message.kind, len(told)) == ("ada@example.org", "fixed", 2)
    assert message.subject == f"[shop] Your fix serves: {fix[:7]} is in prod"
    assert re.search(r"Done     prod serves r2 .* since [\d:]+ UTC\. dev serves it as well\.\n", message.text)
    assert message.answers == told[-1].id
    team.deploy(team.push(team.commit("ben"), fix), "prod")
    assert len(team.tell()) == 3


def test_of_a_commit_that_comes_through_itself_nothing_is_mended(team: Team, hook: Hook) -> None:
    """A step that fails by chance, tried again: nobody hears of a fix, and what took the message closes it."""
    team.channel("ada@example.org", hook.url())
    team.deliver(good := team.commit("ben"))
    commit = team.commit("ada")
    team.fail_step(team.push(commit, good))
    team.tell()
    team.send()
    again = team.ask(commit, "ada")
    for name in ENVIRONMENTS:
        team.deploy(again, name)
        team.tell()
    team.deliver(team.commit("ada"), commit)
    assert [one.kind for one in team.tell()] == ["stopped", "ended"]
    assert team.tell()[-1].subject == f"[shop] {commit[:7]} is in prod all the same"
    team.send()
    assert [body["ended"] for body in hook.bodies] == [False, True]


def test_what_others_mended_is_not_called_ones_own(team: Team) -> None:
    good = team.commit("ben")
    team.deliver(good)
    broken = team.commit("ada")
    team.fail_step(team.push(broken, good))
    team.deploy(team.push(team.commit("ben"), good), "prod")
    assert f"{broken[:7]} is mended" in team.tell()[-1].subject


def test_what_nobody_is_named_for_is_over_and_no_commit_is_called_mended(team: Team) -> None:
    """Who pushed it was promised to hear; the commit of theirs that was the newest may be innocent."""
    good = team.commit("cho")
    team.commit("ada", {"a.py": "1\n"})
    pushed = team.commit("ben", {"b.py": "1\n"})
    team.fail_step(team.push(pushed, good, who="ben@example.org"), excerpt="out of eggs")
    assert only(team.tell()).names_nobody
    fix = team.commit("ben")
    team.deploy(team.push(fix, good))
    message = team.tell()[-1]
    assert (message.person, message.kind) == ("ben@example.org", "fixed")
    assert message.subject == f"[shop] The trouble with {pushed[:7]} is over: {fix[:7]} is in prod"


@pytest.mark.parametrize("how", ["a value", "both out"])
def test_of_a_commit_that_was_innocent_it_is_not_said_that_it_is_mended(team: Team, hook: Hook, how: str) -> None:
    """What took the message closes it all the same."""
    team.channel("ben", hook.url())
    team.channel("ada@example.org", hook.url())
    team.deliver(served := team.commit("cho"))
    if how == "a value":
        run = team.ask(served, "ben")
        team.deploy(run, ending="failed", reason="web ended with exit status 1", configured="yes")
        team.stop(run, "deploy", "releases.stopped", "web ended with exit status 1", "you")
    else:
        run = team.push(team.commit("ada"), served)
        team.deploy(run, ending="failed", reason="r2 is not healthy, and r1 is not either.")
        team.stop(run, "deploy", "deployments.both_out", "r2 is not healthy, and r1 is not either.", "you")
    person = only(team.tell()).person
    team.send()
    for _ in range(2):
        team.deploy(team.push(team.commit("cho"), run.commit))
        assert [(one.person, one.kind) for one in team.tell()] == [(person, "undone"), (person, "ended")]
    team.send()
    assert [body["ended"] for body in hook.bodies] == [False, True]


@pytest.mark.parametrize("touched", [True, False])
def test_of_a_commit_that_no_request_met_it_is_not_said_where_it_was_bad(team: Team, touched: bool) -> None:
    team.deliver(good := team.commit("ben"))
    team.fail_step(team.push(first := team.commit("ada"), good))
    second = team.push(team.commit("ada"), first)
    if touched:
        team.deploy(second, judged="yes")
        judge(team, second)
        team.quarantine(second.commit)
    else:
        team.fail_step(second)
    team.tell()
    team.deploy(team.push(team.commit("ada"), second.commit))
    rows = [line.split("  ")[0] for line in team.tell()[-1].text.splitlines()]
    assert ("Was bad" in rows, "Hold" in rows) == (touched, touched)
    if touched:
        assert f"Was bad  {second.commit[:7]} in prod\n" in team.tell()[-1].text
        assert f"Hold     {second.commit[:7]} stays in quarantine" in team.tell()[-1].text


def tried(team: Team) -> Run:
    """A commit on top of one that was bad, which serves beside a warm release."""
    team.deliver(good := team.commit("ben"))
    broken = bad(team, good, team.commit("ada"))
    team.deploy(team.ask(good, "shipway", "rollback"), kind="rollback")
    run = team.push(team.commit("ada"), broken.commit)
    team.deploy(run, "prod", judged="yes")
    assert kinds(team) == ["bad"]
    return run


def verdict(team: Team, run: Run, kind: str, share: int = 100) -> None:
    with team.database.write() as conn:
        deployment = deployments.get(conn, team.deployment(run))
        reason = "0 requests were heard"
        verdicts.record(conn, deployment, release=2, share=share, kind=kind, reason=reason, findings=[])


def test_a_fix_that_is_tried_serves_once_it_is_judged_good(team: Team) -> None:
    run = tried(team)
    verdict(team, run, "good")
    team.tell()
    cool(team)
    assert kinds(team) == ["bad", "fixed"]
    assert "Your fix serves" in team.tell()[-1].subject
    assert re.search(r" It was watched for \d+ s and is good\.\n", team.tell()[-1].text)


@pytest.mark.parametrize("how", ["a step", "a start"])
def test_what_never_came_is_mended_as_soon_as_another_serves_which_is_still_tried(team: Team, how: str) -> None:
    team.deliver(good := team.commit("ben"))
    broken = team.push(team.commit("ada"), good)
    if how == "a step":
        team.fail_step(broken)
    else:
        team.deploy(broken, ending="failed", reason="web ended with exit status 1")
        team.stop(broken, "deploy", "releases.stopped", "web ended with exit status 1", "you")
    run = team.push(team.commit("ada"), broken.commit)
    team.deploy(run, "dev", judged="yes")
    assert "fixed" not in kinds(team)
    team.deploy(run, "prod", judged="yes")
    message = team.tell()[-1]
    assert message.subject == f"[shop] Your fix serves: {run.commit[:7]} is in prod"
    assert re.search(r"UTC\. It is watched until [\d:]+ UTC: you hear if it is taken back\.", message.text)
    verdict(team, run, "good")
    cool(team)
    assert kinds(team)[1:] == ["fixed"]


def test_what_was_to_reach_dev_alone_is_mended_once_another_serves_there(team: Team) -> None:
    team.deliver(good := team.commit("ben"))
    with team.database.write() as conn:
        asked = {"application": APP, "push": None, "branch": "main", "commit": team.commit("ada")}
        run = runs.create(conn, **asked, who="ada", purpose="deploy", deliver=["dev"], plan={"nodes": []})
    team.fail_step(run)
    fix = team.push(team.commit("ada"), good)
    team.deploy(fix, "dev")
    assert kinds(team) == ["stopped", "fixed"]
    team.deploy(fix, "prod")
    assert kinds(team) == ["stopped", "fixed"]


def test_who_was_told_of_what_was_bad_too_hears_once_when_all_of_it_is_judged(team: Team) -> None:
    team.deliver(good := team.commit("ben"))
    broken = bad(team, good, team.commit("ada"))
    team.deploy(team.ask(good, "shipway", "rollback"), kind="rollback")
    team.fail_step(team.push(team.commit("ada"), broken.commit))
    fix = team.push(team.commit("ada"), broken.commit)
    team.deploy(fix, "prod", judged="yes")
    assert kinds(team) == ["bad", "stopped"]
    verdict(team, fix, "good")
    assert kinds(team) == ["bad", "stopped", "fixed"]


def test_what_mended_it_first_has_the_credit_though_it_was_replaced_before_it_was_judged(team: Team) -> None:
    run = tried(team)
    newer = team.push(team.commit("ben"), run.commit)
    team.deploy(newer, judged="yes")
    message = only([one for one in team.tell() if one.kind == "fixed"])
    assert message.subject.startswith(f"[shop] {run.commit[:7]} is in prod and could not be judged")
    assert f"; r4 ({newer.commit[:7]}) serves now. " in message.text
    team.fail_step(team.push(team.commit("ada"), newer.commit))
    team.deploy(last := team.push(team.commit("ada"), newer.commit), judged="yes")
    told = [one.commit for one in team.tell() if one.kind == "fixed"]
    assert told == [run.commit, last.commit], "what came later mended only what came after the first"
    verdict(team, last, "good")
    cool(team)
    assert kinds(team) == ["bad", "fixed", "stopped", "fixed"]


@pytest.mark.parametrize("judged", ["good", "not known"])
def test_that_a_quarantine_goes_on_which_was_to_end_with_a_fix_is_said_once(team: Team, judged: str) -> None:
    """Who reads when it ends, if the fix is judged good by then, believes otherwise that it has ended."""
    team.deliver(good := team.commit("ben"))
    broken = team.push(team.commit("ada"), good)
    team.deploy(broken, judged="yes")
    judge(team, broken)
    team.quarantine(broken.commit)
    team.deploy(team.ask(good, "shipway", "rollback"), kind="rollback")
    run = team.push(team.commit("ada"), broken.commit)
    release = team.deploy(run, ending="running", judged="yes")
    verdict(team, run, "good", 50)
    with team.database.write() as conn:
        begun, made = deployments.get(conn, team.deployment(run)), releases.get(conn, release)
        releases.serve(conn, made, deployment=begun.id, epoch=begun.epoch, warm_until=time.time() + 600)
        deployments.switched(conn, begun)
        deployments.end(conn, begun, "done")
    assert f"if {run.commit[:7]} is judged good by then" in team.tell()[-1].text
    verdict(team, run, judged)
    if judged == "good":
        with team.database.write() as conn:
            holds.lift(conn, holds.quarantined(conn, APP, "prod"), by=run.commit, run=run.id)
    assert kinds(team) == ["bad", "fixed", "held"][: 2 if judged == "good" else 3]
    cool(team)
    assert kinds(team) == ["bad", "fixed", "held"][: 2 if judged == "good" else 3]
    if judged == "not known":
        first, message = team.tell()[0], team.tell()[-1]
        says = f"{broken.commit[:7]} stays in quarantine in prod: {run.commit[:7]} could not be judged"
        assert (message.person, message.subject) == (first.person, f"[shop] {says}")
        assert message.answers == first.id
        assert "0 requests were heard." in message.text
        assert f"The next commit on top of {broken.commit[:7]} that is judged good there ends it." in message.text


def test_a_quarantine_that_goes_on_is_told_with_the_reason_of_its_own_environment(team: Team) -> None:
    team.deliver(good := team.commit("ben"))
    broken = team.push(team.commit("ada"), good)
    for name in ("dev", "prod"):
        team.deploy(broken, name, judged="yes")
        judge(team, broken, name)
        team.quarantine(broken.commit, name)
        team.deploy(team.ask(good, "shipway", "rollback"), name, kind="rollback")
    run = team.push(team.commit("ada"), broken.commit)
    for name in ("dev", "prod"):
        release = team.deploy(run, name, ending="running", judged="yes")
        with team.database.write() as conn:
            begun, made = deployments.get(conn, team.deployment(run, name)), releases.get(conn, release)
            verdicts.record(conn, begun, release=3, share=50, kind="good", reason="All is well.", findings=[])
            releases.serve(conn, made, deployment=begun.id, epoch=begun.epoch, warm_until=time.time() + 600)
            deployments.switched(conn, begun)
            deployments.end(conn, begun, "done")
    team.tell()
    for name, kind, reason in (("dev", "not known", "nobody came"), ("prod", "good", "all is well")):
        with team.database.write() as conn:
            begun = deployments.get(conn, team.deployment(run, name))
            verdicts.record(conn, begun, release=3, share=100, kind=kind, reason=reason, findings=[])
            if kind == "good":
                holds.lift(conn, holds.quarantined(conn, APP, name), by=run.commit, run=run.id)
    message = only([one for one in team.tell() if one.kind == "held"])
    assert message.subject.endswith(f"stays in quarantine in dev: {run.commit[:7]} could not be judged")
    assert "nobody came." in message.text
    assert "/environments/dev" in message.text


@pytest.mark.parametrize("who", ["ada", "ben"])
def test_a_fix_that_was_good_with_a_share_serves_as_soon_as_it_has_all_requests(team: Team, who: str) -> None:
    """In which environments it was bad, since when it serves, until when it is watched, what is held; once."""
    team.deliver(good := team.commit("ben"))
    broken = team.push(team.commit("ada"), good)
    for name in ("prod", "dev"):
        team.deploy(broken, name, judged="yes")
        judge(team, broken, name)
        team.quarantine(broken.commit, name)
        team.deploy(team.ask(good, "shipway", "rollback"), name, kind="rollback")
    assert kinds(team) == ["bad"]
    run = team.push(team.commit(who), broken.commit)
    release = team.deploy(run, "prod", ending="running", judged="yes")
    verdict(team, run, "good", 50)
    assert kinds(team) == ["bad"]
    with team.database.write() as conn:
        begun, made = deployments.get(conn, team.deployment(run)), releases.get(conn, release)
        releases.serve(conn, made, deployment=begun.id, epoch=begun.epoch, warm_until=time.time() + 600)
        deployments.switched(conn, begun)
        deployments.end(conn, begun, "done")
        holds.lift(conn, holds.quarantined(conn, APP, "dev"), by=run.commit, run=run.id)
    message = team.tell()[-1]
    own = "Your fix serves" if who == "ada" else f"{broken.commit[:7]} is mended"
    assert message.subject == f"[shop] {own}: {run.commit[:7]} is in prod"
    assert f"Was bad  {broken.commit[:7]} in dev and prod\n" in message.text
    serves = r"prod serves r\d \(\w+\) with all requests since [\d:]+ UTC. It was good with 50 % of them"
    hears = ": you hear if it is taken back" if who == "ada" else ""
    assert re.search(rf"Done     {serves}, and it is watched until [\d:]+ UTC{hears}\.\n", message.text)
    ended = f"The quarantine of {broken.commit[:7]} has ended in dev."
    ends = f"The quarantine of {broken.commit[:7]} ends in prod at [\\d:]+ UTC, if {run.commit[:7]} is judged good"
    assert re.search(f"Hold     {ended} {ends} by then\\.\n", message.text)
    verdict(team, run, "good")
    team.tell()
    cool(team)
    assert kinds(team) == ["bad", "fixed"]
    judge(team, run)
    assert kinds(team) == ["bad", "fixed", "bad"]


@pytest.mark.parametrize("what", ["ben's is the newest", "its error comes again", "it is mended"])
def test_only_a_fix_of_somebody_is_called_theirs(team: Team, what: str) -> None:
    old, new = team.commit("cho"), team.commit("ada")
    run = bad(team, old, new)
    team.fact("error.new", environment="prod", commit=new, data={"error": "01e", "title": "KeyError: 'cents'"})
    team.deploy(team.ask(old, "shipway", "rollback"), kind="rollback")
    assert kinds(team)[0] == "bad"
    fix = team.commit("ada")
    fix = team.commit("ben", {"other.py": "1\n"}) if what.startswith("ben") else fix
    release = team.deploy(team.push(fix, run.commit))
    if what.startswith("its"):
        seen = {"first_seen": 1.0, "last_seen": 1.0, "count": 1}
        error = {"id": "01e", "application": APP, "number": 1, "fingerprint": "", "place": "shop.py"}
        error |= {"title": "KeyError: 'cents'", "level": "error", "state": "open"}
        with team.database.write() as conn:
            conn.execute(insert(tables.errors).values(**error, **seen))
            in_it = {"error": "01e", "environment": "prod", "named": release, "release": release}
            conn.execute(insert(tables.error_releases).values(**in_it, **seen))
    message = next(one for one in team.tell() if one.kind in ("fixed", "again"))
    serves = f"{fix[:7]} is in prod"
    says = {
        "ben's is the newest": f"{new[:7]} is mended: {serves}",
        "its error comes again": f"{serves}, and has an error of {new[:7]} still",
        "it is mended": f"Your fix serves: {serves}",
    }
    assert message.subject == f"[shop] {says[what]}"
    assert ("too: KeyError: 'cents'." in message.text) == what.startswith("its")
    if what.startswith("its"):
        for _ in range(2):
            team.deploy(team.push(team.commit("ada"), fix))
        assert kinds(team)[-2:] == ["again", "fixed"], "it is not over with that, and is over with what mends it"


@pytest.mark.parametrize("reached", [True, False])
def test_who_mended_what_another_was_told_of_hears_that_it_serves(team: Team, reached: bool) -> None:
    """Where a channel is theirs: else the owner, who hears what the other is told, would read it twice."""
    if reached:
        with team.database.write() as conn:
            theirs = {"whose": "ben@example.org", "service": "JSON", "private": False, "who": "owner"}
            channels.add(conn, seal=lambda _id: b"", **theirs)  # type: ignore[arg-type]
    run = bad(team, team.commit("cho"), team.commit("ada"))
    team.quarantine(run.commit)
    kinds(team)
    fix = team.push(team.commit("ben"), run.commit)
    for _ in range(2):
        team.deploy(fix)
        team.tell()
    told = [(one.person, one.subject) for one in team.tell() if one.kind == "fixed"]
    serves = f"{fix.commit[:7]} is in prod"
    theirs = [("ben@example.org", f"[shop] Your commit serves: {serves}, and {run.commit[:7]} is mended")]
    assert told == [("ada@example.org", f"[shop] {run.commit[:7]} is mended: {serves}"), *theirs[: int(reached)]]
    holding = [one.person for one in team.tell() if one.kind == "fixed" and "Hold  " in one.text]
    assert holding == ["ada@example.org"], "who was told of no trouble hears nothing of when that ends"


def kinds(team: Team) -> list[str]:
    """Without what only a channel hears that can change what it took."""
    return [one.kind for one in team.tell() if one.kind not in NOISE]


@pytest.mark.parametrize("judged", [True, False])
def test_a_fix_of_which_nothing_was_heard_is_not_called_good(team: Team, judged: bool) -> None:
    run = tried(team)
    if judged:
        verdict(team, run, "not known")
        team.tell()
    cool(team)
    message = team.tell()[-1]
    assert (message.kind, len(team.tell())) == ("fixed", 2)
    assert f"{run.commit[:7]} is in prod and could not be judged" in message.subject
    assert ("0 requests were heard" if judged else "nobody has judged it") in message.text
    assert "mended" not in message.subject
    assert "Nothing." not in message.text


@pytest.mark.parametrize("how", ["bad", "silent"])
def test_a_fix_that_is_taken_back_is_not_told_to_serve(team: Team, how: str) -> None:
    run = tried(team)
    if how == "silent":
        data = {"deployment": team.deployment(run), "release": 2, "reason": "none was answered"}
        team.fact("release.silent", environment="prod", commit=run.commit, run=run.id, data=data)
    verdict(team, run, "bad" if how == "bad" else "not known")
    team.tell()
    cool(team)
    assert kinds(team)[0] == "bad"
    assert "fixed" not in kinds(team)


def cool(team: Team) -> None:
    with team.database.write() as conn:
        now = releases.now_serving(conn, APP, "prod")
        assert now is not None
        releases.cool(conn, now)


def test_a_rollback_mends_nothing(team: Team) -> None:
    good = team.commit("ben")
    team.deliver(good)
    team.fail_step(team.push(team.commit("ada"), good))
    team.deploy(team.ask(good, "ben", "rollback"), kind="rollback")
    assert [one.kind for one in team.tell()] == ["stopped"]


def test_one_message_for_a_person_and_a_cause_whatever_follows(team: Team) -> None:
    """A second step, a retry by hand, three environments, and all of it again: no second message."""
    commit = team.commit("ada")
    for _ in range(3):
        run = team.push(commit)
        for name in ("test", "lint"):
            team.step(run, name)
            team.tell()
        for name in ("dev", "test", "prod"):
            team.deploy(run, name, ending="failed", reason="not healthy")
        team.fail(run)
        team.tell()
    assert only(team.tell()).kind == "stopped"


def test_facts_are_handled_once_by_whoever_comes_next(team: Team) -> None:
    team.fail_step(team.push(team.commit("ada")))
    team.tell()
    written = team.query("select count(*) from facts where kind = 'message.written'")
    again = type(team.teller)(team.database, team.places, team.teller.address)
    again.look()
    assert team.query("select count(*) from facts where kind = 'message.written'") == written == [(1,)]
    with team.database.read() as conn:
        handled = team.query("select fact from positions where name = 'told'")[0][0]
        newest = facts.after(conn, handled, kinds=["step.failed", "step.suspected"])
    assert newest == []


def test_what_happened_before_an_upgrade_is_not_told(team: Team) -> None:
    team.fail_step(team.push(team.commit("ada")))
    with team.database.write() as conn:
        conn.exec_driver_sql("delete from positions")
        conn.exec_driver_sql("insert into positions select 'told', max(id) from facts")
    assert team.tell() == []


def test_a_fact_that_cannot_be_understood_keeps_no_other_from_being_told(team: Team) -> None:
    team.fact("run.failed", run="nobody knows it", data={})
    team.fail_step(team.push(team.commit("ada")))
    for _ in range(2):
        with pytest.raises(Exception, match="No row was found"):
            team.teller.look()
    assert only(team.tell()).application == APP


def test_the_owner_hears_once_of_a_disk_that_is_nearly_full_and_that_it_is_over(team: Team) -> None:
    for kind, says in (("machine.little_room", "1.2 GB (4 %)"), ("machine.room_again", "9.0 GB (30 %)")):
        with team.database.write() as conn:
            facts.record(conn, kind, data={"free": 1, "total": 30, "says": says})
    little, again = team.tell()
    assert (little.person, again.person) == ("owner", "owner")
    assert little.subject == "Shipway needs its owner: only 1.2 GB (4 %) of the disk of its data are free"
    assert "Reports of errors and telemetry are refused" in little.text
    assert "What serves goes on serving." in little.text
    assert again.subject == "Shipway is well again: 9.0 GB (30 %) of the disk of its data are free again"
    assert len(team.tell()) == 2


def test_a_merge_is_taken_back_as_a_merge(team: Team) -> None:
    base = team.commit("cho")
    side = team.commit("ada", {"pay.py": "1\n"})
    team.commit("ben", {"web.py": "2\n"}, on=base)
    merge = team.commit("cho", subject="Merge the till", merges=side)
    team.fail_step(team.push(merge, base))
    message = only(team.tell())
    assert f"{merge[:7]} Merge the till, merged by Cho Tanaka <cho@example.org>" in message.text
    assert f"`git revert -m 1 {merge[:7]}`" in message.text


def test_nothing_is_to_be_reverted_where_it_is_not_known_what_it_was(team: Team) -> None:
    base = team.commit("cho")
    team.commit("ada", {"pay.py": "1\n"})
    last = team.commit("ben", {"web.py": "2\n"}, subject="Say more")
    team.fail_step(team.push(last, base))
    message = only(team.tell())
    assert "Not known." in message.text
    assert f"{last[:7]} Say more, on main" in message.text
    assert "git revert" not in message.text
    assert f"`git log {base[:7]}..{last[:7]}` shows what is new." in message.text


def test_an_error_of_a_release_that_is_not_ours_names_no_commit(team: Team) -> None:
    team.deliver(team.commit("ada"))
    for kind in ("error.new", "error.suspected"):
        data = {"error": "e1", "number": 1, "title": "hello 123", "release": "1.2.3"}
        team.fact(kind, environment="dev", data=data)
    message = only(team.tell())
    assert message.subject == "[shop] dev: a new error, hello 123"
    assert "None" not in message.text
    assert "revert" not in message.text


@pytest.mark.parametrize("who", ["ben", "", "unknown"])
def test_who_set_a_bad_value_hears_and_no_author(team: Team, who: str) -> None:
    """The commit served well before; what is set comes again with the next deployment."""
    head = team.commit("ada")
    team.deliver(head)
    with team.database.write() as conn:
        given = {"values": {"FAIL": "1"}, "secrets": b"", "secret_names": ["KEY"]}
        configurations.add(conn, APP, "prod", **given, who=who, what="set secret KEY", names=["KEY"])
    run = team.ask(head, "shipway")
    team.deploy(run, ending="failed", configured="yes")
    with team.database.read() as conn:
        tried = deployments.get(conn, team.deployment(run))
    with team.database.write() as conn:
        verdicts.record(conn, tried, release=2, share=10, kind="bad", reason="9 of 9 failed.", findings=[])
    message = only(team.tell())
    known = who == "ben"
    assert message.person == ("ben" if known else "owner")
    assert ("Sure: very. You set FAIL" in message.text, "It is not known who set FAIL" in message.text) == (
        known,
        not known,
    )
    assert "FAIL, KEY. No commit is to blame" in message.text
    assert "FAIL and KEY stay as they are set and come with the next deployment." in message.text
    typed = "`shipway env --unset FAIL --env prod` and `shipway secrets --unset KEY --env prod`"
    assert f"Next     Have it as it was before: {typed}." in message.text
    assert "prod: r2 taken back" in message.subject
    assert "revert" not in message.text


def test_each_who_set_a_value_of_a_bad_release_hears_once_and_nobody_is_surely_it(team: Team) -> None:
    team.deliver(head := team.commit("ada"))
    set_by = [
        ("cho", {"POOL": "5"}),
        ("ben", {"POOL": "5", "LIMIT": "9"}),
        ("ada", {"POOL": "1", "LIMIT": "9"}),
        ("dan", {"POOL": "1", "LIMIT": "9", "COLOUR": "red"}),
        ("dan", {"POOL": "1", "LIMIT": "9"}),
    ]
    with team.database.write() as conn:
        for who, values in set_by:
            configurations.add(conn, APP, "prod", values=values, secrets=b"", secret_names=[], who=who, what="")
        releases.make(conn, application=APP, environment="prod", digest="0" * 64, commit=head, configuration=4)
    run = team.ask(head, "shipway")
    team.deploy(run, ending="failed", configured="yes")
    judge(team, run)
    told = {one.person: one.text for one in team.tell()}
    assert sorted(told) == ["ada", "ben"]
    assert (
        "Not known. You set POOL. ben set LIMIT. Nothing says which of these it was. No commit is" in told["ada"]
    )
    assert "Next     Have it as it was before: `shipway env --unset LIMIT --env prod`." in told["ben"]


def test_a_secret_that_was_set_anew_is_found_however_often_others_were(team: Team) -> None:
    given: dict[str, Any] = {"values": {}, "secrets": b"", "secret_names": ["KEY", "TOKEN"], "who": "ben"}
    with team.database.write() as conn:
        for version in range(1, 504):
            name = "KEY" if version in (3, 502) else "TOKEN"
            configurations.add(conn, APP, "prod", **given, what=f"set secret {name}", names=[name])
        configurations.add(conn, APP, "dev", **given, what="set secret TOKEN", names=["TOKEN"])
    with team.database.read() as conn:
        found = [configurations.differing(conn, APP, "prod", *pair) for pair in ((2, 3), (501, 502), (503, 503))]
    assert found == [["KEY"], ["KEY"], []]


def test_of_many_problems_the_first_are_told_and_how_many_more_there_are(team: Team) -> None:
    run = team.push(team.commit("ada"), nodes=[])
    problems = [f"  shipway.yml:{line}:1: x{line} is not a known key" for line in range(1, 27)]
    said = "\n".join(["shipway.yml has 26 problems:", *problems])
    team.stop(run, "plan", "config.invalid", said, "you")
    text = only(team.tell()).text
    assert "shipway.yml has 26 problems:" in text
    assert "x10 is not" in text
    assert "x11 is not" not in text
    assert "and 16 more: the page of the run shows them all" in text
    assert f"/runs/shop:{run.number}" in text
