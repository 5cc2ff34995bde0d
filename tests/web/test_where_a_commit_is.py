"""`shipway where` and `shipway wait`: in which environments a commit is, and if not, why not."""

from __future__ import annotations

import threading
from subprocess import CompletedProcess
from typing import Any
from unittest.mock import create_autospec

import pytest
from sqlalchemy import event

from shipway.pushes.git import Git
from shipway.state import facts, holds
from shipway.state.runs import Run
from shipway.web import meant, whereabouts
from shipway.web.commits import Commits
from shipway.web.words import headline
from web.judged import BAD, Trials, fine
from web.scene import ENVIRONMENTS, Scene
from web.server import Site


def where(site: Site, commit: str) -> dict[str, tuple[str, str]]:
    found = site.get(f"/api/v1/applications/topup/commits/{commit}/where").json
    assert [one["serves"] for one in found["environments"]] == [
        one["state"] == "serves" for one in found["environments"]
    ]
    return {one["name"]: (one["state"], one["reason"]) for one in found["environments"]}


def test_a_commit_that_serves_also_as_part_of_a_newer_one(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    first, second = scene.push("topup", "One"), scene.push("topup", "Two")
    scene.deliver(second)
    assert set(where(site, second.commit).values()) == {("serves", "r1 serves")}
    assert set(where(site, first.commit[:9]).values()) == {
        ("serves", f"r1 serves, as part of {second.commit[:7]}")
    }
    assert where(site, "main") == where(site, second.commit)


def test_what_runs_are_to_do_is_not_read_for_a_commit_that_serves_everywhere(scene: Scene) -> None:
    """That is long, and there may be two hundred of them: it took half of the time."""
    scene.application("topup")
    first, second = scene.push("topup", "One"), scene.push("topup", "Two")
    scene.deliver(second)
    asked: list[str] = []
    event.listen(scene.database._engine, "before_cursor_execute", lambda *told: asked.append(str(told[2])))
    with scene.database.read() as conn:
        found = whereabouts.where(conn, Commits(scene.places), "topup", first.commit, ENVIRONMENTS)
    assert {one.state for one in found} == {"serves"}
    assert any("FROM runs" in each for each in asked)
    assert not any('runs."plan"' in each for each in asked)


def test_a_commit_that_is_under_way(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    assert where(site, run.commit)["prod"] == ("pending", "run 1 waits for its turn")
    scene.begin(run)
    scene.step(run, "test", "running")
    assert where(site, run.commit)["prod"] == ("pending", "run 1 is under way: test")
    scene.end_step(run, "test", "passed")
    scene.artifact(run)
    scene.begin_deployment(run, "dev")
    assert where(site, run.commit)["dev"] == ("pending", "it is being deployed: about to begin")
    assert where(site, run.commit)["prod"] == ("pending", "run 1 is under way: the deployment to dev")


def test_a_commit_is_where_its_own_run_is_though_a_newer_one_waits(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.green(run)
    newer = scene.push("topup", "Two")
    scene.begin_deployment(run, "dev")
    assert where(site, run.commit)["dev"] == ("pending", "it is being deployed: about to begin")
    assert where(site, run.commit)["prod"] == ("pending", "run 1 is under way: the deployment to dev")
    assert where(site, newer.commit)["prod"] == ("pending", "run 2 waits for its turn")


def test_a_commit_that_was_stopped(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.green(run)
    scene.deploy(run, "dev")
    scene.fail_deployment(scene.begin_deployment(run, "test"), "web did not get healthy.")
    scene.end(run, "failed", "web did not get healthy.")
    assert where(site, run.commit) == {
        "dev": ("serves", "r1 serves"),
        "test": ("stopped", "its deployment failed: web did not get healthy."),
        "prod": ("stopped", "run 1 failed: web did not get healthy."),
    }


def test_a_reason_that_is_another_commits_names_that_one(site: Site) -> None:
    """One that failed to be deployed, one that was judged bad, and one whose run failed before that."""
    scene = site.scene
    with scene.history():
        told = Trials(scene, "topup")
        run = scene.push("topup", "Two")
        scene.end(run, "superseded")
        bad, deployment = told.comes(30, "Count it twice")
        named = f"as part of {bad.commit[:7]}: "
        assert where(site, run.commit)["prod"][1].startswith(f"{named}it is being deployed: ")
        told.share(deployment, 10)
        told.condemned(bad, deployment, 10)
        told.undone(bad, deployment, f"r2 was taken back: {BAD}", "signals.bad_verdict")
        assert where(site, run.commit)["prod"][1].startswith(f"{named}r2 was judged bad at 10 %, and ")
        assert where(site, bad.commit)["prod"][1].startswith("r2 was judged bad at 10 %, and ")
        scene.roll_back("topup", "test", told.first)
        worse = scene.push("topup", "Three")
        scene.green(worse)
        scene.deploy(worse, "dev")
        scene.fail_deployment(scene.begin_deployment(worse, "test"), "web did not get healthy.")
        scene.end(worse, "failed", "web did not get healthy.")
    failed = "its deployment failed: web did not get healthy."
    assert where(site, run.commit)["test"] == ("stopped", f"as part of {worse.commit[:7]}: {failed}")
    assert where(site, worse.commit)["test"] == ("stopped", failed)


@pytest.mark.parametrize(
    ("reason", "brief"),
    [
        ("r4 is not healthy: it answers / with 500.", "r4 is not healthy: it answers / with 500"),
        (f"r4 was taken back at 10 % of the requests: {BAD}", "r4 was taken back at 10 % of the requests"),
        (f"run 3 failed: 1a2b3c4 is quarantined in prod: {BAD}", "run 3 failed: 1a2b3c4 is quarantined in prod"),
        ("shipway.yml: 2 problems:\n  one\n  two", "shipway.yml: 2 problems"),
        (
            f"Nothing is known of orders for 40 s (web.1: HTTP 500): {BAD}",
            "Nothing is known of orders for 40 s (web.1: HTTP 500)",
        ),
        ("many words " * 20, f"{'many words ' * 10}…"),
    ],
)
def test_a_list_has_a_reason_in_a_few_words(reason: str, brief: str) -> None:
    assert headline(reason) == brief


def test_what_was_rolled_back_in_a_frozen_environment_says_that_it_is_frozen(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    before = scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Two")
    scene.deliver(run)
    scene.roll_back("topup", "prod", before)
    with scene.database.write() as conn:
        holds.freeze(conn, "topup", "prod", why="Month end", who="mira", until=None)
    took = f"ben rolled prod back to r1, {before.commit[:7]}"
    assert where(site, run.commit)["prod"] == (
        "stopped",
        f"{took}; mira froze prod until somebody thaws it: Month end",
    )
    with scene.database.read() as conn:
        found = whereabouts.where(conn, Commits(scene.places), "topup", run.commit, ["prod"])
    assert found[0].brief == f"{took}; mira froze prod: Month end"
    (row,) = site.get("/api/v1/overview").json["applications"]
    assert row["why"] == f"{took}; mira froze prod: Month end"


@pytest.mark.parametrize("later", ["test", "deployment"])
def test_what_a_freeze_stopped_does_not_name_what_failed_later(site: Site, later: str) -> None:
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Two")
    scene.green(run)
    scene.deploy(run, "dev")
    scene.deploy(run, "test")
    with scene.database.write() as conn:
        freeze, _ = holds.freeze(conn, "topup", "prod", why="Month end", who="mira", until=None)
    frozen = "mira froze prod until somebody thaws it: Month end"
    scene.remark(
        run, "run.stopped", environment="prod", id="releases.frozen", at="deploy", message=frozen, hint=""
    )
    scene.end(run, "failed", frozen)
    before = where(site, run.commit)["prod"]
    assert before == ("stopped", f"run 2 was blocked: {frozen}")
    newer = scene.push("topup", "Three")
    if later == "test":
        scene.begin(newer)
        scene.step(newer, "test", "failed")
        scene.end(newer, "failed", "test failed")
    else:
        with scene.database.write() as conn:
            holds.thaw(conn, freeze, who="mira")
        scene.green(newer)
        scene.fail_deployment(scene.begin_deployment(newer, "prod"), "web did not get healthy.")
        scene.end(newer, "failed", "web did not get healthy.")
        reopened = "prod was frozen when it came there, and is open again"
        before = ("stopped", f"run 2 was blocked: {reopened}: shipway deploy {run.commit[:7]} --env prod")
    assert where(site, run.commit)["prod"] == before
    assert where(site, newer.commit)["prod"][1].endswith(("test failed", "web did not get healthy."))


def test_a_commit_that_was_rolled_back(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    before = scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Two")
    scene.deliver(run)
    scene.roll_back("topup", "prod", before)
    found = where(site, run.commit)
    assert found["test"][0] == "serves"
    assert found["prod"] == ("stopped", f"ben rolled prod back to r1, {before.commit[:7]}")
    later = scene.push("topup", "Three")
    waits = f"as part of {later.commit[:7]}: run 4 waits for its turn"
    assert where(site, run.commit)["prod"] == ("pending", waits)
    scene.begin(later)
    scene.end(later, "failed", "test failed")
    assert where(site, run.commit)["prod"] == found["prod"], "one that never came there did not take it away"


def test_what_took_it_away_stays_so_when_the_old_commit_is_deployed_with_another_configuration(
    site: Site,
) -> None:
    scene = site.scene
    scene.application("topup")
    before = scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Two")
    scene.deliver(run)
    scene.roll_back("topup", "prod", before)
    scene.configure("topup", "prod", {"TILL": "7"}, [])
    scene.deploy_again("topup", "prod", before)
    says = f"ben rolled prod back to r1, {before.commit[:7]}, and r3 serves now"
    assert where(site, run.commit)["prod"] == ("stopped", says)


def test_who_rolled_back_by_hand_is_why_and_not_what_was_judged_before(site: Site) -> None:
    scene = site.scene
    with scene.history():
        told = Trials(scene, "topup")
        good, came = told.comes(80, "Count the till")
        told.serves(came)
        scene.end(good)
        bad, deployment = told.comes(30, "Count it twice")
        told.share(deployment, 10)
        told.condemned(bad, deployment, 10)
        told.undone(bad, deployment, f"r3 was taken back: {BAD}", "signals.bad_verdict")
        served = where(site, good.commit)["prod"]
        scene.until(10)
        scene.roll_back("topup", "prod", told.first)
    assert served == ("serves", "r2 serves")
    by_hand = f"ben rolled prod back to r1, {told.first.commit[:7]}"
    assert where(site, good.commit)["prod"] == ("stopped", by_hand)
    place = "/api/v1/applications/topup/environments/prod/releases/r3/verdicts"
    assert site.get(place).json["after"] is None, "r2 had the requests again, and r1 took them from that"
    judged = "r3 was judged bad at 10 %, r2 had all requests again, and r1 serves now"
    assert where(site, bad.commit)["prod"][1].startswith(judged)
    with scene.history():
        mend, came = told.comes(5, "Count it once")
        told.serves(came)
        scene.end(mend)
        scene.until(2)
        scene.roll_back("topup", "prod", told.first)
    assert {where(site, run.commit)["prod"] for run in (good, bad, mend)} == {("stopped", by_hand)}


def test_a_fix_that_was_judged_good_but_not_to_the_end_is_not_said_to_be_judged_otherwise(site: Site) -> None:
    scene = site.scene
    with scene.history():
        told = Trials(scene, "topup")
        bad, deployment = told.comes(80, "Count it twice")
        told.share(deployment, 10)
        told.condemned(bad, deployment, 10)
        told.undone(bad, deployment, f"r2 was taken back: {BAD}", "signals.bad_verdict")
        fix, came = told.comes(30, "Count it once")
        told.share(came, 10)
        told.judge(came, 10, fine(1310))
        told.serves(came)
        scene.end(fix)
    reason = where(site, bad.commit)["prod"][1]
    assert reason.endswith("and r3 was judged good at 10 %, but not to the end with all requests")


def test_a_commit_that_was_reverted_serves_no_more(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Two")
    scene.deliver(run)
    back = scene.push("topup", f'Revert "Two"\n\nThis reverts commit {run.commit}.')
    scene.deliver(back)
    assert where(site, run.commit)["prod"] == ("stopped", f"reverted by {back.commit[:7]}, which serves")
    assert where(site, back.commit)["prod"] == ("serves", "r3 serves")
    found = site.get(f"/api/v1/applications/topup/commits/{run.commit}").json
    assert (found["says"], found["states"]) == (
        f"It serves nowhere: reverted by {back.commit[:7]}.",
        [f"Reverted by {back.commit[:7]}"],
    )
    later = scene.push("topup", "Three")
    scene.deliver(later)
    part = f"which serves as part of {later.commit[:7]}"
    assert where(site, run.commit)["prod"] == ("stopped", f"reverted by {back.commit[:7]}, {part}")
    again = scene.push("topup", f'Reapply "Two"\n\nThis reverts commit {back.commit}.')
    scene.deliver(again)
    assert where(site, run.commit)["prod"] == ("serves", f"r5 serves, as part of {again.commit[:7]}")


def test_what_says_that_it_reverts_is_read_once_for_all_commits(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """git reads each commit since for that: for an old one of ninety thousand a tenth of a second."""
    read = create_autospec(Git.reverts, side_effect=Git.reverts)
    monkeypatch.setattr(Git, "reverts", read)
    scene = site.scene
    scene.application("topup")
    pushed = [scene.push("topup", subject) for subject in ("One", "Two", "Three", "Four")]
    scene.deliver(pushed[-1])
    for one in pushed[:-1]:
        assert where(site, one.commit)["prod"][0] == "serves"
    assert read.call_count == 1
    back = scene.push("topup", f'Revert "Two"\n\nThis reverts commit {pushed[1].commit}.')
    scene.deliver(back)
    assert where(site, pushed[1].commit)["prod"][0] == "stopped"
    assert where(site, pushed[2].commit)["prod"][0] == "serves"
    assert [without for _, without, *_ in (call.args for call in read.call_args_list)] == [[], [pushed[-1].commit]]


def test_who_reverts_a_merge_takes_back_what_it_brought(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    first = scene.push("topup", "One")
    scene.deliver(first)
    side = scene.push("topup", "Two", branch="idea", deliver=())
    onto = scene.push("topup", "Three")
    merge = scene.push("topup", "", commit=scene.commit("topup", "Merge idea", merges=side.commit))
    scene.deliver(merge)
    assert where(site, side.commit)["prod"][0] == "serves"
    told = f"This reverts commit {merge.commit}, reversing\nchanges made to {onto.commit}."
    back = scene.push("topup", f'Revert "Merge idea"\n\n{told}')
    scene.deliver(back)
    for taken in (side, merge):
        assert where(site, taken.commit)["prod"] == ("stopped", f"reverted by {back.commit[:7]}, which serves")
    for kept in (first, onto):
        assert where(site, kept.commit)["prod"][0] == "serves"
    again = scene.push("topup", f'Reapply "Merge idea"\n\nThis reverts commit {back.commit}.')
    scene.deliver(again)
    assert where(site, side.commit)["prod"][0] == "serves"


def test_a_commit_is_reverted_by_what_shipway_made_ready_however_that_is_called(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.deliver(run)
    back = scene.push("topup", "Take it back")
    with scene.database.write() as conn:
        made = {"branch": "revert", "commit": back.commit}
        facts.record(conn, "revert.ready", application="topup", commit=run.commit, who="shipway", data=made)
    assert where(site, run.commit)["prod"][0] == "serves", "it is ready, and serves nowhere"
    scene.deliver(back)
    assert where(site, run.commit)["prod"] == ("stopped", f"reverted by {back.commit[:7]}, which serves")


def test_a_commit_on_a_branch_that_is_not_delivered(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "Try", branch="idea", deliver=())
    scene.green(run)
    scene.end(run)
    assert where(site, run.commit)["prod"] == ("stopped", "idea is not delivered to prod")
    says = "What is pushed to idea is not delivered to {}, so nothing took it there. {}:"
    this, first = f"shipway deploy {run.commit[:7]} --env", "dev comes first. This takes it there, by hand"
    assert on_its_way(site, run, "prod") == (says.format("prod", first), f"{this} dev")
    assert on_its_way(site, run, "dev") == (says.format("dev", "This does, by hand"), f"{this} dev")
    scene.deploy(run, "dev")
    assert on_its_way(site, run, "test") == (says.format("test", "This does, by hand"), f"{this} test")
    site.send("POST", "/api/v1/applications/topup/environments/test/freeze", {"why": "The fair"})
    frozen, command = on_its_way(site, run, "test")
    assert ("The fair" in frozen, command) == (True, "")
    tried = scene.push("topup", "Try again", branch="idea", deliver=["dev"])
    scene.green(tried)
    scene.fail_deployment(scene.begin_deployment(tried, "dev"), "web did not get healthy.")
    scene.end(tried, "failed", "web did not get healthy.")
    assert where(site, tried.commit) == {
        "dev": ("stopped", "its deployment failed: web did not get healthy."),
        "test": ("stopped", "idea is not delivered to test"),
        "prod": ("stopped", "idea is not delivered to prod"),
    }


def on_its_way(site: Site, run: Run, environment: str) -> tuple[str, str]:
    """What would take it there."""
    path = f"/api/v1/applications/topup/commits/{run.commit}/why?environment={environment}"
    found = site.get(path).json["next"]
    return found["says"], found["command"]


def test_waiting_ends_when_it_serves(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    address = f"/api/v1/applications/topup/commits/{run.commit}/wait"
    assert site.get(f"{address}?seconds=0").json["state"] == "pending"
    answers: list[str] = []
    waiting = threading.Thread(target=lambda: answers.append(site.get(address).json["state"]))
    waiting.start()
    scene.deliver(run)
    waiting.join(30)
    assert answers == ["serves"]
    assert site.get(f"{address}?environment=dev").json["state"] == "serves"


@pytest.mark.parametrize("written", ["feature/ABC-1/deep", "feature%2FABC-1%2Fdeep"])
def test_a_branch_with_slashes_is_found_wherever_a_commit_is_asked_for(site: Site, written: str) -> None:
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    commit = scene.push("topup", "Two", branch="feature/ABC-1/deep", deliver=()).commit
    for base in ("/api/v1/applications/topup/commits", "/api/v1/commits/topup"):
        for about in ("", "/where", "/wait?seconds=0", "/why?environment=prod"):
            answer = site.get(f"{base}/{written}{about}")
            assert (answer.status, answer.json["commit"]) == (200, commit), (base, about)
    assert commit in site.get(f"/applications/topup/commits/{written}").text
    assert site.get("/api/v1/applications/topup/commits/no/where/where").json["error"]["message"] == (
        "topup has no commit 'no/where'."
    )


def test_of_a_name_that_is_none_the_nearest_are_proposed(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    commit = scene.push("topup", "One").commit
    scene.push("topup", "Two", branch="Fix/ABC-1", deliver=())
    slip = ("0" if commit[4] != "0" else "1").join((commit[:4], commit[5:9]))
    guesses = {"mian": "main", "fix/abc1": "Fix/ABC-1", slip: commit[:9]}
    for said, near in guesses.items():
        hint = site.get(f"/api/v1/applications/topup/commits/{said}/where").json["error"]["hint"]
        assert hint.startswith(f"Did you mean {near}? If not: it may not have been pushed yet"), hint
    for said in ("zzz", "x" * 2000):
        assert "Did you mean" not in site.get(f"/api/v1/applications/topup/commits/{said}").json["error"]["hint"]


def test_of_many_names_the_newest_that_are_about_as_long_as_what_was_said_are_compared(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.application("topup")
    git = Git(scene.places.repository("topup"))
    monkeypatch.setattr(meant, "MOST_COMPARED", 2)
    for name in ("aaaa", "bbbb", "main"):
        scene.now += 60
        scene.commit("topup", "Two", branch=name)
    assert meant.near(git, "mian") == ["main"], "not the first by their names"
    for name in ("dependabot/npm/left-pad", "dependabot/npm/right-pad", "x" * 61):
        scene.now += 60
        scene.commit("topup", "Three", branch=name)
    assert meant.near(git, "mian") == ["main"], "what is far longer takes no place"
    assert meant.near(git, "x" * 60) == []


def test_what_was_meant_is_looked_for_once_and_only_where_it_is_shown(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = site.scene
    for application in ("topup", "ledger"):
        scene.application(application)
        scene.push(application, "One")
    looked: list[str] = []
    monkeypatch.setattr(meant, "near", lambda _git, said: looked.append(said) or [])
    for shown in ("/applications/topup/commits/abcdef0", "/c/abcdef0"):
        assert site.get(shown).status == 404
    assert looked == []
    for word in ("", "/where", "/wait?seconds=0", "/why"):
        assert site.get(f"/api/v1/applications/topup/commits/abcdef0{word}").status == 404
        assert looked.pop() == "abcdef0"
        assert looked == []


@pytest.mark.parametrize("word", ["where", "wait", "why"])
def test_a_branch_that_ends_in_a_word_of_the_address_is_found(site: Site, word: str) -> None:
    scene = site.scene
    scene.application("topup")
    first = scene.push("topup", "One")
    scene.deliver(first)
    name = f"fix/{word}"
    commit = scene.push("topup", "Two", branch=name, deliver=()).commit
    for base in ("/api/v1/applications/topup/commits", "/api/v1/commits/topup"):
        whole = site.get(f"{base}/{name}")
        assert (whole.status, whole.json["commit"], whole.json["subject"]) == (200, commit, "Two"), base
        assert site.get(f"{base}/{name}/{word}?seconds=0").json["commit"] == commit
        missing = site.get(f"{base}/no/{word}")
        assert (missing.status, missing.json["error"]["message"]) == (404, "topup has no commit 'no'.")
    assert commit in site.get(f"/applications/topup/commits/{name}").text
    scene.push("topup", "Three", branch=f"{first.commit[:7]}/{word}", deliver=())
    short = site.get(f"/api/v1/applications/topup/commits/{first.commit[:7]}/{word}?seconds=0").json
    assert (short["commit"], "subject" in short) == (first.commit, False), "no branch stands in the way of a hash"
    named = site.get(f"/api/v1/applications/topup/commits/refs/heads/{first.commit[:7]}/{word}").json
    assert named["subject"] == "Three"


def test_waiting_ends_when_it_is_stopped_and_says_why(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.begin(run)
    scene.end(run, "failed", "test failed")
    answer = site.get(f"/api/v1/applications/topup/commits/{run.commit}/wait").json
    assert answer == {
        "commit": run.commit,
        "state": "stopped",
        "reason": "run 1 failed: test failed",
        "brief": "run 1 failed: test failed",
        "stuck": None,
        "held": "",
        "judging": "",
    }
    assert site.get("/api/v1/applications/topup/commits/main/wait?environment=moon").status == 404


def test_git_is_asked_once_which_commits_have_another(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks through all of history for it, and commits never change."""
    scene.application("topup")
    first, second = scene.commit("topup", "One"), scene.commit("topup", "Two")
    asked: list[set[str]] = []
    ask = Git.containing

    def counted(git: Git, older: str, among: set[str]) -> set[str]:
        asked.append(set(among))
        return ask(git, older, among)

    monkeypatch.setattr(Git, "containing", counted)
    commits = Commits(scene.places)
    assert commits.containing("topup", second, {first, second}) == {second}
    third = scene.commit("topup", "Three")
    for _ in range(2):
        assert commits.containing("topup", second, {first, second, third}) == {second, third}
    assert asked == [{first, second}, {third}]


@pytest.mark.parametrize("which", ["oldest", "newest"])
def test_git_is_asked_about_all_environments_at_once(
    site: Site, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """They may be thousands of commits apart, and each question then takes as long as it takes to walk them."""
    scene = site.scene
    scene.application("topup")
    made = {}
    for way in (("dev", "test", "prod"), ("dev", "test"), ("dev",)):
        made[way[-1]] = scene.push("topup", f"As far as {way[-1]}", deliver=way)
        scene.deliver(made[way[-1]], way)
    run = made["prod"] if which == "oldest" else made["dev"]
    asked: list[str] = []
    ask = Git._done

    def counted(git: Git, verb: str, *options: str, **more: Any) -> CompletedProcess[bytes]:
        asked.extend([verb] if "--first-parent" not in options else [])  # milestones, once an hour
        return ask(git, verb, *options, **more)

    monkeypatch.setattr(Git, "_done", counted)
    states = {name: state for name, (state, _) in where(site, run.commit).items()}
    assert states == {name: "serves" if name in run.deliver else "stopped" for name in ("dev", "test", "prod")}
    assert asked == ["log", "rev-list", *(["log"] if which == "oldest" else [])]
