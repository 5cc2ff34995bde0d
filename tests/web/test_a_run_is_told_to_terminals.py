"""What `git push` and `shipway push` show: each thing once, when it is true, ending with the outcome."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import asdict, replace

import pytest

from shipway.environments.configure import change
from shipway.environments.secrets import Vault
from shipway.releases.gate import READY, Frozen, GateClosed
from shipway.signals.verdict import Finding, Kind, Verdict
from shipway.state import decisions, deployments, messages, releases, verdicts
from shipway.state.decisions import Decision
from shipway.state.runs import Run
from shipway.story import condemn
from shipway.story.trial import BadVerdict, TakenBack
from shipway.web import journey, next_move
from shipway.web.commits import Commits
from shipway.web.narration import LONGEST_LOG_LINE, Telling, _read, watch
from shipway.web.pages import graph
from shipway.web.words import clock
from web.judged import Trials, fine, waiting_for
from web.past import EXCERPT, TRACEBACK
from web.scene import Scene
from web.server import Site
from web.telling import say, took


def told(scene: Scene, *runs: str) -> list[str]:
    async def all_lines() -> list[str]:
        return [line async for line in watch(scene.database, Commits(scene.places), scene.places, runs, 8080, {})]

    return asyncio.run(all_lines())


def test_a_good_run_ends_with_its_addresses(scene: Scene) -> None:
    with scene.history():
        scene.application("topup")
        run = scene.push("topup", "First")
        scene.deliver(run)
    assert told(scene, run.id) == [
        f"▸ run 1 of topup, commit {run.commit[:7]}",
        "  ✓ install       3.4 s",
        "  ✓ lint          1.1 s",
        "  ✓ test           12 s",
        "  ✓ build         9.7 s",
        "  ✓ dev           1.3 s  http://topup--dev.localhost:8080",
        "  ✓ → test        1.3 s  http://topup--test.localhost:8080",
        "  ✓ prod          1.3 s  http://topup.localhost:8080",
        f"✓ {run.commit[:7]} serves in dev, test and prod, 30 s",
    ]


def test_a_failed_step_is_explained(scene: Scene) -> None:
    with scene.history():
        scene.application("topup")
        run = scene.push("topup", "First")
        scene.begin(run)
        scene.step(run, "install")
        scene.step(run, "test", "failed", excerpt=EXCERPT)
        scene.end(run, "failed", "test failed")
    assert told(scene, run.id)[1:] == [
        "  ✓ install       3.4 s",
        "  ✗ test           12 s  exit status 1",
        "    │ >       assert account.balance == 70",
        "    │ E       assert 40 == 70",
        "    │ E        +  where 40 = Account(balance=40).balance",
        "    │ tests/test_charge.py:31: AssertionError",
        "    │ FAILED tests/test_charge.py::test_a_charge_is_taken_once - assert 40 == 70",
        "✗ run 1 failed after 16 s: test failed",
        "  dev, test and prod were left as before",
    ]


def test_a_failed_deployment_is_explained(scene: Scene) -> None:
    with scene.history():
        scene.application("topup")
        run = scene.push("topup", "First")
        scene.green(run)
        scene.deploy(run, "dev")
        undone = scene.begin_deployment(run, "test")
        scene.now += 30
        scene.fail_deployment(undone, "web did not get healthy within 30 s.", TRACEBACK)
        scene.remark(run, "run.stopped", at="deploy", message="x", hint="Look at the log.")
        scene.end(run, "failed", "web did not get healthy within 30 s.")
    lines = told(scene, run.id)
    assert "  ✗ → test         30 s  web did not get healthy within 30 s." in lines
    assert "    │ ModuleNotFoundError: No module named 'psycopg'" in lines
    assert lines[-2:] == ["  test and prod were left as before", "  Look at the log."]


def test_what_a_closed_gate_stopped_is_not_told_as_a_failure(scene: Scene) -> None:
    with scene.history():
        scene.application("topup")
        run = scene.push("topup", "First")
        scene.green(run)
        scene.deploy(run, "dev")
        says = "ben froze test until somebody thaws it: Month end"
        scene.remark(run, "run.stopped", id=Frozen.id, at="deploy", message=says, hint="Deploy again.")
        scene.end(run, "failed", says)
    *_, ended, before, hint = told(scene, run.id)
    assert (ended.partition(" after ")[0], ended.partition(": ")[2]) == ("- run 1 was blocked", says)
    assert (before, hint) == ("  test and prod were left as before", "  Deploy again.")


def test_a_command_that_takes_back_stands_on_a_line_of_its_own(scene: Scene) -> None:
    """However long it is: what is wrapped cannot be copied."""
    command = f"git fetch shipway {'revert-' * 9}x && git merge FETCH_HEAD && git push shipway HEAD:main"
    with scene.history():
        scene.application("topup")
        run = scene.push("topup", "First")
        scene.remark(
            run, "run.stopped", id=GateClosed.id, at="deploy", message="x", hint=f"Mend it. {READY}: {command}"
        )
        scene.end(run, "failed", "x")
    assert told(scene, run.id)[-2:] == [f"  Mend it. {READY}:", f"      {command}"]


@pytest.mark.parametrize("first", [10, 50])
def test_what_was_tried_and_taken_back_is_not_said_to_be_as_before(scene: Scene, first: int) -> None:
    """People met it: that is said with how many requests failed, as far as they were counted."""
    failed = asdict(replace(FEW_FAILED, new_count=5))
    with scene.history():
        scene.application("topup")
        run = scene.push("topup", "First")
        scene.green(run)
        scene.deploy(run, "dev")
        scene.deploy(run, "test")
        tried = scene.begin_deployment(run, "prod")
        with scene.database.write() as conn:
            deployments.enter(conn, tried, "try", {"share": first, "why": "few come"})
            verdicts.record(conn, tried, release=1, share=10, kind="bad", reason="It fails.", findings=[failed])
        scene.fail_deployment(tried, "r1 was taken back at 10 % of the requests: It fails.", "")
        scene.end(run, "failed", "r1 was taken back at 10 % of the requests: It fails.")
    lines = told(scene, run.id)
    assert (
        f"  · prod       {first} % of the requests go to it, because few come; judged for 1 m 00 s at least"
        in lines
    )
    counted = {
        10: f"5 requests to the new one had failed by {clock(scene.now)}",
        50: "at least 5 requests to the new one failed: what came while its share was larger is not counted",
    }
    says = f"what served in prod before has all requests again; {counted[first]}"
    at = next(at for at, line in enumerate(lines) if line.startswith("  what served in prod"))
    assert " ".join(line.strip() for line in lines[at:]) == says


def test_a_push_that_was_taken_back_ends_with_why_who_was_told_and_what_to_do(scene: Scene) -> None:
    why, says = "3 of 9 requests failed.", "r2 was taken back at 10 % of the requests"
    with scene.history():
        scene.application("topup")
        scene.deliver(scene.push("topup", "First"))
        run = scene.push("topup", "Second")
        scene.green(run)
        scene.deploy(run, "dev")
        scene.deploy(run, "test")
        tried = scene.begin_deployment(run, "prod")
        with scene.database.write() as conn:
            deployments.enter(conn, tried, "try", {"share": 10})
            condemn.judge(conn, tried, 10, Verdict("bad", why))
        about = {"application": "topup", "environment": "prod", "commit": run.commit, "run": run.id}
        took(scene, say(scene, "ben@example.org", "bad", "bad", "r2 taken back", **about))
        say(scene, "owner", "bad", "bad", "r2 taken back", **about)
        nowhere = say(scene, "ada@example.org", "bad", "bad", "r2 taken back", **about)
        with scene.database.write() as conn:
            messages.nowhere(conn, nowhere)
        scene.fail_deployment(tried, f"{says}: {why}")
        scene.remark(run, "run.stopped", id=BadVerdict.id, at="deploy", message=says, hint="Judge it.")
        scene.end(run, "failed", f"{says}: {why}")
    lines = told(scene, run.id)
    end = next(at for at, line in enumerate(lines) if line.startswith("✗ run 2 was rolled back after"))
    assert lines[end].endswith(f": {says}")
    assert lines[end + 1 :] == [
        f"  {why}",
        "  what served in prod before has all requests again",
        "  ben@example.org was told",
        "  owner is to be told",
        "  ada@example.org could not be told: no channel leads there; `shipway channels ada@example.org` adds",
        "      one",
        "  Judge it.",
        "  Ada Okafor can mend it. Push a commit on top of it that mends it.",
    ]


def test_a_push_that_a_person_took_back_ends_with_their_reason_and_how_it_comes_again(scene: Scene) -> None:
    says = "cho took r2 back while it was tried."
    with scene.history():
        scene.application("topup")
        first = scene.deliver(scene.push("topup", "First"))
        run = scene.push("topup", "Second")
        scene.green(run)
        tried = scene.begin_deployment(run, "prod")
        with scene.database.write() as conn:
            deployments.enter(conn, tried, "try", {"share": 10})
            chosen = releases.of_commit(conn, "topup", "prod", first.commit)[0]
            decision = Decision("cho", "Not before lunch", chosen.number, None, "prod")
            decisions.record(conn, decision, run, chosen, [releases.get(conn, tried.release)])
        scene.fail_deployment(tried, says)
        again = f"`shipway deploy {run.commit[:7]} --env prod` tries it again."
        scene.remark(run, "run.stopped", id=TakenBack.id, at="deploy", message=says, hint=again)
        scene.end(run, "failed", says)
    lines = told(scene, run.id)
    assert lines[-5].startswith("✗ run 2 was rolled back after")
    assert (lines[-4], lines[-1]) == ("  “Not before lunch”.", f"  {again}")


def test_what_a_release_command_did_is_not_said_to_be_as_before(scene: Scene) -> None:
    with scene.history():
        scene.application("topup")
        run = scene.push("topup", "First")
        scene.green(run)
        undone = scene.begin_deployment(run, "dev")
        with scene.database.write() as conn:
            deployments.enter(conn, undone, "release")
        scene.fail_deployment(undone, "web did not get healthy within 30 s.", "")
        scene.end(run, "failed", "web did not get healthy within 30 s.")
    assert told(scene, run.id)[-3:] == [
        "  dev, test and prod were left as before",
        "  the release command had run in dev: what it did to the data there stays",
        "  `shipway data --env dev` has the copy made before it",
    ]


def test_what_a_release_command_printed_is_shown_when_it_was_good_too(scene: Scene) -> None:
    with scene.history():
        scene.application("topup")
        run = scene.push("topup", "First")
        scene.green(run)
        begun = scene.begin_deployment(run, "dev")
        with scene.database.write() as conn:
            deployments.enter(conn, begun, "release")
            deployments.released(conn, begun, "2 migrations\nbalances kept")
            deployments.released(conn, begun, "2 migrations\nbalances kept")
    with scene.database.read() as conn:
        lines = Telling(8080, {}).news(journey.read(conn, run.id), scene.now)
    shown = lines.index("  · dev        the release command printed")
    assert lines[shown + 1 : shown + 3] == ["    │ 2 migrations", "    │ balances kept"]
    assert sum("2 migrations" in line for line in lines) == 1


def test_a_value_that_was_bad_and_stays_set_is_said_with_what_changes_it(site: Site) -> None:
    scene = site.scene
    with scene.history():
        scene.application("ledger")
        first = scene.deliver(scene.push("ledger", "First"))
        scene.configure("ledger", "prod", {"POOL": "1"}, [])
        run = scene.begin_rollback("ledger", "prod", first)
        bad = scene.begin_deployment(run, "prod", digest=first.digest)
        with scene.database.write() as conn:
            condemn.judge(conn, bad, 10, Verdict("bad", "9 of 9 failed."))
        scene.fail_deployment(bad, "r2 was taken back at 10 % of the requests: 9 of 9 failed.")
        scene.end(run, "failed", "r2 was taken back at 10 % of the requests: 9 of 9 failed.")
    said = "what was set stays set, and POOL comes with the next deployment to prod; as before: "
    said += "`shipway env --unset POOL --env prod`"
    assert said in " ".join(" ".join(told(scene, run.id)).split())
    assert site.get("/api/v1/runs/ledger:2").json["deployments"][0]["stays"] == said
    assert "as before: <code>shipway env --unset POOL --env prod</code>." in site.get("/runs/ledger:2").text
    scene.configure("ledger", "prod", {}, [])
    assert site.get("/api/v1/runs/ledger:2").json["deployments"][0]["stays"] == ""


def test_a_new_configuration_is_told_as_that_and_not_as_a_commit_that_came(site: Site) -> None:
    """The commit serves before it and after it, whatever becomes of what was set."""
    scene = site.scene
    with scene.history():
        scene.application("ledger")
        first = scene.deliver(scene.push("ledger", "First"))
        scene.configure("ledger", "prod", {"POOL": "20"}, [])
        run = scene.begin_configuration("ledger", "prod", first)
        assert heading(site, run) == "Under way"
        scene.deploy(run, "prod")
        scene.end(run)
        assert heading(site, run) == "The new configuration serves in prod"
        page = text(site.get(f"/runs/ledger:{run.number}").text)
        assert f"ada gave a new configuration to {run.commit[:7]} First on main" in page
        assert told(scene, run.id)[-1].startswith(
            f"✓ {run.commit[:7]} serves in prod with its new configuration, "
        )
        assert "ada gave it a new configuration in prod." in text(
            site.get(f"/applications/ledger/commits/{run.commit}").text
        )
        scene.configure("ledger", "prod", {"POOL": "25"}, [])
        bad = scene.begin_configuration("ledger", "prod", first)
        tried = scene.begin_deployment(bad, "prod")
        assert heading(site, bad) == "The new configuration is on its way to prod"
        place = "/applications/ledger/environments/prod"
        assert "r3 is on its way to prod" in text(site.get(place).text)
        with scene.database.write() as conn:
            deployments.enter(conn, tried, "try", {"share": 10})
        page = site.get(place).text
        for part in ('id="says"', "<figure", 'class="slim"'):
            apart = "The same commit as r2, but POOL 20 → 25"
            assert apart in text(page.partition(part)[2].partition("</figure>")[0]), "it looks like the other"
        scene.fail_deployment(tried, "r3 was taken back")
        scene.remark(bad, "run.stopped", id=BadVerdict.id, at="deploy", message="r3 was taken back")
        scene.end(bad, "failed", "r3 was taken back")
        assert heading(site, bad) == "The new configuration was rolled back from prod"
        life = site.get(f"/applications/ledger/commits/{run.commit}").text
        picture = life.partition('id="voyage"')[2].partition("</figure>")[0]
        assert ("prod serving" in picture, "#i-failed" in picture) == (True, False), "the commit serves as before"
        assert life.partition(">prod</a></b>")[2].partition("<p ")[2].startswith('class="small quiet">r2</p>')
        for one in (run, bad):
            page = site.get(f"/runs/ledger:{one.number}").text
            assert ('<summary class="btn main' in page, "First failure" in page) == (False, False), (
                "nothing that has to be done"
            )
        scene.deploy(scene.begin_configuration("ledger", "prod", first), "prod")
    assert heading(site, run) == "The new configuration went to prod"


def heading(site: Site, run: Run) -> str:
    page = site.get(f"/runs/{run.application}:{run.number}").text
    return text(re.findall("<h1>(.*?)</h1>", page)[0])


def text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", "", page)).strip()


def test_what_was_set_and_comes_along_with_a_push_is_said(scene: Scene) -> None:
    """Where somebody deploys by hand the command says it before it begins."""
    with scene.history():
        scene.application("ledger")
        scene.deliver(scene.push("ledger", "First"))
        scene.configure("ledger", "prod", {"POOL": "20"}, ["KEY"])
        run = scene.push("ledger", "Second")
        artifact = scene.deliver(run)
        again = scene.push("ledger", "Third")
        scene.deliver(again)
        scene.configure("ledger", "prod", {"POOL": "25"}, ["KEY"])
        by_hand = scene.deploy_again("ledger", "prod", artifact)
    lines = told(scene, run.id)
    comes = "  · prod       what is set and not in r1 comes along: KEY (secret) is set, POOL not set → 20"
    assert lines[lines.index(comes) + 1].startswith("  ✓ prod")
    assert not [line for one in (again, by_hand) for line in told(scene, one.id) if "comes along" in line]


def test_what_comes_along_with_a_value_is_said_at_once_and_not_the_value_itself(scene: Scene) -> None:
    scene.application("ledger")
    artifact = scene.deliver(scene.push("ledger", "First"))
    vault = Vault(scene.places)
    for values in ({"POOL": "20"}, {"OTHER": "1"}):
        change(scene.database, vault, "ledger", "prod", who="ada", values=values)
    run = scene.begin_configuration("ledger", "prod", artifact)
    comes = "what is set and not in r1 comes along: POOL not set → 20"
    assert _read(scene.database, vault, run.id)[1] == {"prod": comes}
    scene.deploy(run, "prod")
    scene.end(run)
    assert f"  · prod       {comes}" in told(scene, run.id)


def test_of_a_value_that_a_freeze_stopped_it_is_said_that_it_stays_set(scene: Scene) -> None:
    scene.application("ledger")
    artifact = scene.deliver(scene.push("ledger", "First"))
    run = scene.begin_configuration("ledger", "prod", artifact)
    says = "ben froze prod until somebody thaws it: Month end"
    scene.remark(run, "run.stopped", id=Frozen.id, at="deploy", message=says, hint="Thaw it.")
    scene.end(run, "failed", says)
    stays = "  what was set stays set, and comes with the next deployment to prod"
    assert told(scene, run.id)[-3:] == ["  prod was left as before", stays, "  Thaw it."]


def test_a_new_configuration_names_the_commit_that_got_it(scene: Scene) -> None:
    """It waited for another deployment, and what that brought serves."""
    scene.application("ledger")
    artifact = scene.deliver(scene.push("ledger", "First"))
    run = scene.begin_configuration("ledger", "prod", artifact)
    newer = scene.deliver(scene.push("ledger", "Second"))
    begun = scene.deploy(run, "prod")
    with scene.database.read() as conn:
        now = journey.read(conn, run.id)
    brought = replace(now.deployments["prod"], id=begun.id, commit=newer.commit)
    passed = replace(now, run=replace(run, state="passed"), deployments={"prod": brought})
    lines = Telling(8080, {}).news(passed, time.time())
    assert lines[-1].startswith(f"✓ {newer.commit[:7]} serves in prod with its new configuration")


def test_what_serves_already_is_said(scene: Scene) -> None:
    scene.application("topup")
    run = scene.push("topup", "First")
    scene.begin(run)
    for name in run.deliver:
        scene.remark(run, "deployment.unneeded", environment=name, reason="r1 serves already")
    scene.end(run)
    lines = told(scene, run.id)
    assert sum("(r1 serves already)" in line for line in lines) == 3
    assert "serves in dev, test and prod already: nothing had to move" in lines[-1]


def test_a_branch_that_goes_nowhere_is_said(scene: Scene) -> None:
    scene.application("topup")
    run = scene.push("topup", "Try", branch="idea", deliver=())
    scene.green(run)
    scene.end(run)
    ended, by_hand, command = told(scene, run.id)[-3:]
    assert ended.startswith("✓ run 1 passed; idea is not delivered anywhere")
    assert (by_hand, command) == ("  by hand it comes to dev:", f"      shipway deploy {run.commit[:7]} --env dev")


def test_a_run_that_could_not_start_gives_the_reason(scene: Scene) -> None:
    scene.application("topup")
    run = scene.push("topup", "First", deliver=())
    scene.end(run, "failed", "shipway.yml:3:1: no field called `proceses`; did you mean `processes`?")
    assert "no field called `proceses`" in told(scene, run.id)[-1]


def test_every_problem_of_a_file_has_its_own_line(scene: Scene) -> None:
    scene.application("topup")
    run = scene.push("topup", "First", deliver=())
    scene.end(run, "failed", "shipway.yml has 2 problems:\nshipway.yml:3:1: one\nshipway.yml:9:1: two")
    assert [line.strip() for line in told(scene, run.id)[-2:]] == ["shipway.yml:3:1: one", "shipway.yml:9:1: two"]


def test_what_is_wrapped_stands_deeper_than_where_it_begins(scene: Scene) -> None:
    scene.application("topup")
    run = scene.push("topup", "First", deliver=())
    scene.end(run, "failed", f"shipway.yml has a problem:\n  shipway.yml:3:1: {'no such field ' * 12}")
    first, *wrapped = [line for line in told(scene, run.id) if "no such field" in line]
    assert wrapped
    assert {len(line) - len(line.lstrip()) for line in wrapped} == {len(first) - len(first.lstrip()) + 2}


def test_a_file_that_calls_the_application_otherwise_is_a_warning(scene: Scene) -> None:
    scene.application("topup")
    run = scene.push("topup", "First")
    with scene.database.read() as conn:
        now = journey.read(conn, run.id)
    assert len(Telling(8080, {}).news(now, 0.0)) == 1
    other = replace(run, plan={**run.plan, "project": {"name": "other"}})
    warning = " ".join(Telling(8080, {}).news(replace(now, run=other), 0.0)[1:])
    assert warning.startswith("  ! its shipway.yml says `name: other`")


def test_a_commit_without_shipway_yml_is_said_to_be_recognised(scene: Scene) -> None:
    scene.application("topup")
    run = scene.push("topup", "First")
    with scene.database.read() as conn:
        now = journey.read(conn, run.id)
    recognised = replace(run, plan={**run.plan, "written": False, "project": {"build": {"kind": "static"}}})
    said = Telling(8080, {}).news(replace(now, run=recognised), 0.0)
    assert said[1:] == ["  · no shipway.yml is committed: recognised as static by its files"]


def test_several_runs_follow_one_another(scene: Scene) -> None:
    scene.application("topup")
    first, second = scene.push("topup", "One"), scene.push("topup", "Two")
    for run in (first, second):
        scene.deliver(run)
    starts = [line for line in told(scene, first.id, second.id) if line.startswith("▸")]
    assert [line.split()[2] for line in starts] == ["1", "2"]


def test_nothing_an_application_writes_can_steer_the_terminal(scene: Scene) -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b[0m\r\x07bell\x9b31m\u2028 end " + "x" * 300
    scene.application("topup")
    run = scene.push("topup", "First")
    scene.begin(run)
    scene.step(run, "test", "failed", excerpt=hostile)
    scene.end(run, "failed", hostile)
    lines = told(scene, run.id)
    assert all(len(line) <= LONGEST_LOG_LINE for line in lines if "│" in line)
    assert all(character.isprintable() for line in lines for character in line)
    assert any("redbell" in line for line in lines)


def test_each_thing_is_told_once_and_as_soon_as_it_is_so(scene: Scene) -> None:
    scene.application("topup")
    run = scene.push("topup", "First")
    telling = Telling(8080, {})

    def news(clock: float) -> list[str]:
        with scene.database.read() as conn:
            return telling.news(journey.read(conn, run.id), clock)

    assert len(news(0)) == 1
    assert news(1) == []
    assert news(4) == ["  … waiting for its turn"]
    assert news(8) == []
    scene.begin(run)
    scene.step(run, "install", "running")
    assert news(9) == []
    assert news(20) == ["  … install"]
    assert news(40) == []
    scene.end_step(run, "install", "passed")
    assert len(news(41)) == 1
    assert news(41) == []


def test_a_step_and_an_environment_of_one_name_are_told_apart(scene: Scene) -> None:
    with scene.history():
        scene.application("topup")
        run = scene.push("topup", "First")
        telling = Telling(8080, {})

        def now() -> journey.Journey:
            with scene.database.read() as conn:
                return journey.read(conn, run.id)

        scene.begin(run)
        scene.step(run, "test", "running")
        telling.news(now(), 0)
        assert telling.news(now(), 4) == ["  … test"]
        scene.end_step(run, "test", "passed")
        scene.artifact(run)
        scene.begin_deployment(run, "test")
        assert telling.news(now(), 5) == ["  ✓ test           12 s"]
        assert telling.news(now(), 9) == ["  … → test"]
        names = [box.name for column in graph.columns(now()) for box in column]
        assert (names.count("test"), names[-3:]) == (1, ["dev", "→ test", "prod"])


def test_a_rollback_says_that_traffic_is_back_before_it_is_done(scene: Scene) -> None:
    scene.application("topup")
    first = scene.deliver(scene.push("topup", "First"))
    scene.deliver(scene.push("topup", "Second"))
    run = scene.begin_rollback("topup", "prod", to=first)
    telling = Telling(8080, {})

    def news() -> list[str]:
        with scene.database.read() as conn:
            now = journey.read(conn, run.id)
        return [line.split(" after ")[0] for line in telling.news(now, 0)]

    deployment = scene.begin_deployment(run, "prod", kind="rollback", digest=first.digest)
    assert news() == [f"▸ run 3 of topup, commit {first.commit[:7]}"]
    with scene.database.write() as conn:
        deployments.switched(conn, deployment)
    assert news() == ["  traffic is back on r1"]
    assert news() == []
    with scene.database.write() as conn:
        deployments.end(conn, deployment, "done")
    (line,) = news()
    assert line.startswith("  ✓ prod")


def test_a_deployment_does_not_say_that_traffic_is_back(scene: Scene) -> None:
    scene.application("topup")
    run = scene.push("topup", "First")
    scene.deliver(run)
    assert not [line for line in told(scene, run.id) if "traffic" in line]


def test_watching_over_http_is_the_same_and_ends_with_the_outcome(site: Site) -> None:
    site.scene.application("topup")
    run = site.scene.push("topup", "First")
    site.scene.deliver(run)
    lines = site.get("/api/v1/runs/topup:1/watch").text.splitlines()
    assert lines[:-1] == told(site.scene, run.id)
    assert lines[-1] == "outcome: passed"


FEW_FAILED = Finding("failed requests", 0, 12, 1, 108, 0.7)


def looking(requests: int, kind: Kind = "not known", *more: Finding) -> Verdict:
    failed = replace(FEW_FAILED, new_of=requests)
    return replace(waiting_for(requests), kind=kind, findings=(failed, *more))


def test_a_share_that_is_held_is_told_with_what_the_judge_sees_and_seldom(scene: Scene) -> None:
    trials = Trials(scene, "topup")
    run, deployment = trials.comes(0, "Count calls twice")
    trials.share(deployment, 10)
    so_far = {("topup", "prod"): (deployment.id, looking(12))}
    telling = Telling(8080, so_far)
    with scene.database.read() as conn:
        began = next(at for at, _ in deployments.shares(conn, deployment))

    def news(after: float) -> str:
        with scene.database.read() as conn:
            return " ".join(line.strip() for line in telling.news(journey.read(conn, run.id), began + after))

    assert news(4).endswith("10 % of the requests go to it; judged for 1 m 00 s at least")
    assert news(5) == (
        f"… prod       10 % since {clock(began)}: 0 of 12 requests failed, 1 of 108 of the old one. "
        f"12 requests are too few to tell; 50 are enough. {next_move.says(looking(12))}"
    )
    assert news(20) == "", "nothing has changed"
    so_far["topup", "prod"] = (deployment.id, looking(80, "good"))
    assert news(21).endswith(f"0 of 80 requests failed, 1 of 108 of the old one. {next_move.says(looking(80))}")
    so_far["topup", "prod"] = (deployment.id, looking(81, "good"))
    assert (news(25), news(27)) == ("", "")
    assert "0 of 81 requests" in news(32)
    so_far["topup", "prod"] = (deployment.id, looking(900, "good"))
    assert news(45) == "", "the longer it is held the more seldom"
    assert "0 of 900 requests" in news(48)
    so_far["topup", "prod"] = ("another", looking(1))
    assert news(600) == "", "of another deployment"


def test_nothing_is_told_of_a_share_once_there_is_a_verdict_on_it(scene: Scene) -> None:
    """Nor once its next move may be made: the line of the verdict comes next."""
    trials = Trials(scene, "topup")
    run, deployment = trials.comes(0, "Count calls twice")
    trials.share(deployment, 50)

    def told(after: float, seen: Verdict) -> str:
        with scene.database.read() as conn:
            now = journey.read(conn, run.id)
        lines = Telling(8080, {("topup", "prod"): (deployment.id, seen)}).news(now, time.time() + after)
        return " ".join(" ".join(lines).split())

    assert "at the latest" not in told(60, replace(looking(80, "good"), waits=None))
    assert "… prod" not in told(60, replace(looking(80, "good"), waits=None))
    assert "… prod" in told(60, looking(80, "good"))
    trials.judge(deployment, 50, fine(80))
    said = told(60, looking(80, "good"))
    assert "good at 50 %" in said
    assert "… prod" not in said
    assert "come next" not in said


def test_a_share_that_is_held_is_told_with_its_own_numbers(scene: Scene) -> None:
    """And with none while nothing was counted of it: those of the share before are of another time."""
    trials = Trials(scene, "topup")
    run, deployment = trials.comes(0, "Count calls twice")
    trials.share(deployment, 50)
    before, here = (
        replace(FEW_FAILED, new_of=300, share=10),
        replace(FEW_FAILED, new_of=70, evidence=0.0, share=50),
    )
    with scene.database.read() as conn:
        now = journey.read(conn, run.id)
        began = next(at for at, _ in deployments.shares(conn, deployment))
    for seen, counted in (((before, here), "0 of 70 requests"), ((before,), "50 % of the requests come next")):
        verdict = replace(looking(70, "good"), findings=seen)
        telling = Telling(8080, {("topup", "prod"): (deployment.id, verdict)})
        said = " ".join(line.strip() for line in telling.news(now, began + 5))
        assert f"50 % since {clock(began)}: {counted}" in said


def test_a_release_that_is_compared_again_is_told_while_its_run_goes_on(scene: Scene) -> None:
    trials = Trials(scene, "topup")
    run, deployment = trials.comes(0, "Count calls twice", strategy="blue_green")
    trials.serves(deployment)
    trials.asked(deployment, 25)
    telling = Telling(8080, {("topup", "prod"): (deployment.id, looking(12))})

    def news(after: float) -> list[str]:
        with scene.database.read() as conn:
            return telling.news(journey.read(conn, run.id), time.time() + after)

    assert "it kept 25 % of the requests, and the one before was asked" in " ".join(" ".join(news(0)).split())
    assert next_move.ASKING in " ".join(" ".join(news(6)).split())
    trials.answered(deployment, fine(4210))
    assert [line.split(maxsplit=2)[2] for line in news(60)] == [
        "the one before did no better: all requests went to it again"
    ]
    assert news(70) == []
