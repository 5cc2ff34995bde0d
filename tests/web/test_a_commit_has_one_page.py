"""The page of a commit and the same as data: its whole life, each sentence from a fact, found by a short hash."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from html import escape
from typing import Any

import pytest

from shipway.incidents import sure
from shipway.incidents.suspects import Evidence, Suspicion
from shipway.pushes.git import Git
from shipway.releases import freeze, gate
from shipway.signals.verdict import Verdict
from shipway.state import configurations, deployments, errors, facts, holds, messages, releases, runs
from shipway.state.messages import Draft
from shipway.story import condemn
from shipway.web import why
from shipway.web.life import by_fact, gathering
from shipway.web.life.moment import Moment
from shipway.web.words import length
from web.judged import BAD, DOUBT, FAILING, Trials, bad, good, on_trial, taken_back
from web.past import EVENT, afternoon
from web.scene import Scene
from web.server import Site

BACK = "r2 was judged bad at 10 %, and r1 has all requests again"


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Releases before the judge, and an afternoon: nobody changes them."""
    scene = Scene.empty(tmp_path_factory.mktemp("past"))
    with scene.history():
        for tell in (bad, taken_back, on_trial):
            tell(scene)
    afternoon(scene)
    site = Site.start(scene)
    yield site
    site.stop()
    scene.database.close()


def head(site: Site, application: str) -> str:
    """The newest commit of an application."""
    with site.scene.database.read() as conn:
        found = runs.newest_push(conn, application, "main")
    assert found is not None
    return found.commit


def life(site: Site, application: str) -> dict[str, Any]:
    found: dict[str, Any] = site.get(f"/api/v1/applications/{application}/commits/{head(site, application)}").json
    return found


def titles(site: Site, application: str) -> list[str]:
    return [moment["title"] for moment in life(site, application)["moments"]]


def test_the_whole_life_of_a_bad_release_stands_in_its_order(past: Site) -> None:
    told = titles(past, "bad")
    digest = next(each for each in told if each.startswith("Artifact"))
    assert told == [
        "Pushed to main",
        "Run 2 passed its steps, and was rolled back from prod",
        digest,
        "r2 serves in dev",
        "r2 serves in test",
        "r2 was rolled back from prod",
        "Judged bad at 10 % in prod",
        "Quarantined in prod",
        "ben@example.org was told",
        "A commit that takes it back is ready",
    ]
    found = life(past, "bad")
    assert found["states"] == ["Rolled back from prod", "Quarantined in prod"]
    assert found["says"] == f"It serves in dev and test. Not in prod: {BACK}."


def test_that_the_one_before_was_asked_is_on_the_time_line(site: Site) -> None:
    with site.scene.history():
        good(site.scene)
    told = [one for one in life(site, "good")["moments"] if one["kind"].startswith("deployment ")]
    asked, answered = told
    assert asked["title"] == "It looked bad in prod"
    assert asked["says"] == f"{DOUBT} It kept 25 % of the requests, and the one before was asked."
    assert answered["title"] == "The one before did no better in prod"
    assert answered["says"] == "All requests went to it again."


def test_why_no_commit_takes_it_back_is_on_the_time_line(site: Site) -> None:
    with site.scene.history():
        told = Trials(site.scene, "till")
        run, deployment = told.comes(30, "Count the till")
        told.share(deployment, 10)
        why_not = {"reason": "r1 is of the same commit", "same": True}
        with site.scene.database.write() as conn:
            deployments.note(conn, deployment, "revert.left_out", why_not, who="shipway")
        site.scene.end(run)
    last = life(site, "till")["moments"][-1]
    assert (last["title"], last["says"]) == ("No commit is to blame", "r1 is of the same commit.")


def test_all_that_says_why_a_commit_is_where_it_is_is_on_its_time_line() -> None:
    ways = (by_fact.STATES, by_fact.OWN, by_fact.WITH_ANOTHER)
    for kind in why.SENTENCES:
        assert sum(kind in way for way in ways) == 1, f"{kind} is in none of STATES, OWN and WITH_ANOTHER, or two"
    assert set(by_fact.STATES) <= set(why.SENTENCES)


def places(site: Site, application: str) -> dict[str, str]:
    """The word beside each environment, in the part of the page that says where the commit is."""
    page = site.get(f"/applications/{application}/commits/{head(site, application)}").text
    card = page.partition('id="where"')[2].partition("</section>")[0]
    found = re.findall(r"<b><a [^>]*>(\w+)</a></b><span [^>]*>(?:<svg.*?</svg>)(.*?)</span>", card)
    return dict(found)


def test_what_is_in_quarantine_somewhere_is_said_to_be_so_there_and_nowhere_else(past: Site) -> None:
    assert places(past, "bad") == {"dev": "Serving", "test": "Serving", "prod": "Quarantined"}
    assert places(past, "search")["prod"] == "Rolled back"
    assert life(past, "search")["states"] == ["Rolled back from prod"]


def test_what_serves_in_spite_of_its_quarantine_says_why(site: Site) -> None:
    scene = site.scene
    with scene.history():
        told = Trials(scene, "late")
        run, deployment = told.comes(60, "Round up", strategy="blue_green")
        told.serves(deployment)
        scene.end(run)
        told.condemned(run, deployment, 100)
    why = "was judged bad at 100 %, and r1 is getting all requests again"
    found = life(site, "late")
    assert found["states"] == ["Going back in prod", "Quarantined in prod", "Still serving in prod"]
    told = "In prod r2 was judged bad at 100 %, and r1 is getting all requests again."
    assert found["says"] == f"It serves in dev, test and prod. {told}"
    assert places(site, "late")["prod"] == "Serving"
    assert f">r2 still: it {why}</p>" in site.get(f"/applications/late/commits/{head(site, 'late')}").text
    where = site.get(f"/api/v1/applications/late/commits/{head(site, 'late')}/where").json["environments"]
    assert [one["reason"] for one in where] == ["r2 serves", "r2 serves", f"r2 serves still: it {why}"]


def test_what_was_rolled_back_is_called_that_on_every_page(site: Site) -> None:
    with site.scene.history():
        told = Trials(site.scene, "till")
        run = told.goes_bad(30, "Count the till")
        served, came = told.comes(20, "Count it once")
        told.serves(came)
        site.scene.end(served)
        site.scene.until(10)
        site.scene.roll_back("till", "prod", told.first)
    page, commit = site.get("/runs/till:2").text, run.commit[:7]
    assert f"<code>{commit}</code> was rolled back from prod</h1>" in page
    (picture,) = re.findall('aria-label="(Steps: [^"]*)', page)
    assert "prod rolled" in picture, "it says the same as the word beside it"
    assert "Rolled back after" in page
    assert (text := site.get("/runs?application=till").text).count("Rolled back") == 2
    assert '<h1 id="says" data-live>Nothing of till is under way</h1>' in text
    listed = site.get("/api/v1/runs?application=till").json["runs"]
    assert [one["number"] for one in listed if one["taken_back"]] == [3, 2]
    page, commit = site.get("/runs/till:3").text, served.commit[:7]
    assert f"<code>{commit}</code> went to dev, test and prod, and was rolled back from prod</h1>" in page
    assert "Rolled back</span>" in page
    assert "Rolled back after" not in page, "how long it served is not how long its run took"
    ran = [one["title"] for one in life(site, "till")["moments"] if one["kind"] == "run"]
    assert ran == ["Run 3 passed in 30 s, and was rolled back from prod"]
    for number in (2, 3):
        found = {one["title"]: one["about"] for one in site.get(f"/api/v1/search?q=till+{number}").json["results"]}
        assert found[f"till {number}"].partition(",")[0] == "rolled back"
    crumb = '<a href="/runs?application=till">till</a>'
    assert all(
        crumb in site.get(place).text for place in ("/runs/till:2", f"/applications/till/commits/{run.commit}")
    )


def test_a_share_of_the_requests_is_not_yet_prod(site: Site) -> None:
    with site.scene.history():
        told = Trials(site.scene, "till")
        run, deployment = told.comes(60, "Count the till")
        told.share(deployment, 10)
        site.scene.until(10)
        address = f"/applications/till/commits/{run.commit}"
        tried = site.get(address).text
        told.serves(deployment)
    assert "after the push" not in tried
    assert re.search(r"<dt>To prod</dt><dd>1 m \d\d s after the push</dd>", site.get(address).text)


def test_what_goes_back_is_not_on_its_way(site: Site) -> None:
    scene = site.scene
    with scene.history():
        told = Trials(scene, "till")
        run, deployment = told.comes(30, "Count the till")
        told.share(deployment, 10)
        told.condemned(run, deployment, 10)
        with scene.database.write() as conn:
            deployments.give_up(conn, deployment, "r2 was judged bad", "")
    found, page = life(site, "till"), site.get(f"/applications/till/commits/{run.commit}").text
    assert found["states"] == ["Going back in prod", "Quarantined in prod"]
    going = "r2 was judged bad at 10 %, and r1 is getting all requests again"
    assert found["says"] == f"It serves in dev and test. Going back in prod: {going}."
    assert places(site, "till")["prod"] == "Going back"
    assert f"it is going back: {going}" in page
    assert "r2 is going back in prod" in [one["title"] for one in found["moments"]]
    assert "undoing it" not in page.partition('id="where"')[2].partition("</section>")[0]


def test_bytes_went_only_where_they_were_asked_for(site: Site) -> None:
    with site.scene.history():
        told = Trials(site.scene, "till")
        run, _deployment = told.comes(30, "Count the till")
    says = [one["says"] for one in life(site, "till")["moments"] if one["kind"] == "artifact"]
    assert says == ["18.2 MB, built once. The same bytes went to dev and test."]
    page = site.get(f"/applications/till/commits/{run.commit}").text
    assert "Nobody was told so far." in page


def test_what_was_mended_is_nobodys_turn_and_says_what_became_of_it(site: Site) -> None:
    scene = site.scene
    with scene.history():
        told = Trials(scene, "till")
        run = told.goes_bad(300, "Count the till")
        back = scene.push("till", f'Revert "Count the till"\n\nThis reverts commit {run.commit}.')
        scene.deliver(back)
        told.mended(run, back)
    found = site.get(f"/api/v1/applications/till/commits/{run.commit}").json
    assert found["says"] == f"It serves nowhere: reverted by {back.commit[:7]}."
    assert found["states"][0] == f"Reverted by {back.commit[:7]}"
    page = site.get(f"/applications/till/commits/{run.commit}").text
    assert 'id="turn"' not in page
    subjects = [one["subject"] for one in found["told"]]
    assert f"{run.commit[:7]} is mended by others" in subjects
    answer = site.get(f"/api/v1/messages?application=till&commit={run.commit}").json
    assert f"{run.commit[:7]} is mended by others" in [one["subject"] for one in answer["messages"]]


def test_what_serves_as_part_of_its_fix_has_that_for_a_state_and_its_own_quarantine(site: Site) -> None:
    scene = site.scene
    with scene.history():
        told = Trials(scene, "till")
        run = told.goes_bad(300, "Count the till")
        again = scene.push("till", "", commit=run.commit, steps={})
        scene.begin(again)
        for name in ("dev", "test"):
            scene.remark(again, "deployment.unneeded", environment=name, reason="r2 serves there")
        scene.remark(again, "run.stopped", id="releases.quarantined", message="It is quarantined.", hint="")
        scene.end(again, "failed", "It is quarantined.")
        fix = scene.push("till", "Count it once")
        scene.deliver(fix)
    found = site.get(f"/api/v1/applications/till/commits/{run.commit}").json
    serves = f"Serving in prod as part of {fix.commit[:7]}"
    assert found["states"] == [serves, "By itself quarantined in prod"]
    page = site.get(f"/applications/till/commits/{run.commit}").text
    picture = page.partition('id="voyage"')[2].partition("</figure>")[0]
    assert ">run 2<" in picture, "that which moved it, not the one that was stopped after it"


def test_what_happened_in_several_environments_is_said_once(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.green(run)
    scene.deploy(run, "dev")
    why = "web did not get healthy within 30 s: it does not listen on its PORT."
    scene.fail_deployment(scene.begin_deployment(run, "test"), why)
    scene.end(run, "failed", why)
    assert life(site, "topup")["says"] == f"It serves in dev. Not in test and prod: {why}"
    part = scene.push("topup", "Two")
    scene.deliver(part)
    found = site.get(f"/api/v1/applications/topup/commits/{run.commit}").json
    assert found["says"] == f"It serves in dev, test and prod as part of {part.commit[:7]}."


def test_what_is_under_way_is_said_once_for_all_that_wait_for_it(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    assert life(site, "topup")["says"] == "On its way to dev, test and prod: run 1 waits for its turn."
    scene.green(run)
    scene.begin_deployment(run, "dev")
    assert life(site, "topup")["says"] == "On its way to dev, test and prod: about to begin."


def test_what_mended_it_is_said_once(site: Site) -> None:
    scene = site.scene
    with scene.history():
        told = Trials(scene, "mend")
        run, deployment = told.comes(600, "Round up", strategy="blue_green")
        told.serves(deployment)
        scene.end(run)
        told.condemned(run, deployment, 100)
        told.reverted(run)
        offered = site.get("/api/v1/applications/mend/environments/prod/releases/r2/verdicts").json
        scene.roll_back("mend", "prod", told.first, who="shipway")
        mend = scene.push("mend", "Round down")
        scene.deliver(mend)
        with scene.database.write() as conn:
            held = holds.quarantined(conn, "mend", "prod")
            holds.lift(conn, held, by=mend.commit, run=mend.id)
    says = site.get(f"/api/v1/applications/mend/commits/{run.commit}").json["says"]
    mended = f"In prod {mend.commit[:7]} has mended {run.commit[:7]}, and ended its quarantine."
    assert says == f"It serves in dev, test and prod as part of {mend.commit[:7]}. {mended}"
    over = site.get("/api/v1/applications/mend/environments/prod/releases/r2/verdicts").json
    assert offered["revert"].startswith("revert-")
    assert (over["quarantine"]["in_force"], over["revert"]) == (False, None), "nothing has to be taken back"


def test_the_same_reason_is_said_once(past: Site) -> None:
    page = past.get(f"/applications/topup/commits/{head(past, 'topup')}").text
    card = page.partition('id="where"')[2].partition("</section>")[0]
    assert (card.count("run 5 failed"), card.count("For the same reason")) == (1, 2)
    page = past.get(f"/applications/ledger/commits/{head(past, 'ledger')}").text
    card = page.partition('id="where"')[2].partition("</section>")[0]
    assert (card.count("did not get healthy"), card.count("For the same reason")) == (1, 1)


def test_the_same_reason_of_another_commit_is_said_once(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.end(run, "superseded")
    later = scene.push("topup", "Two")
    scene.green(later)
    scene.deploy(later, "dev")
    scene.fail_deployment(scene.begin_deployment(later, "test"), "web did not get healthy.")
    scene.end(later, "failed", "web did not get healthy.")
    card = site.get(f"/applications/topup/commits/{run.commit}").text.partition('id="where"')[2]
    card = card.partition("</section>")[0]
    assert (card.count("did not get healthy"), card.count("For the same reason")) == (1, 1)


def test_facts_of_a_commit_are_asked_for_with_its_application(past: Site) -> None:
    commit = life(past, "topup")["commit"]
    refused = past.get(f"/api/v1/facts?commit={commit}")
    assert (refused.status, "application=NAME" in refused.json["error"]["hint"]) == (400, True)
    assert past.get(f"/api/v1/facts?application=topup&commit={commit}").json["facts"]


def test_every_sentence_leads_to_the_fact_it_came_from(past: Site) -> None:
    for application in ("bad", "blue-green", "trying", "topup", "ledger", "mailer"):
        found = life(past, application)
        for moment in found["moments"]:
            assert moment["fact"] is not None, (application, moment["title"])
            fact = past.get(f"/api/v1/facts/{moment['fact']}").json
            assert fact["application"] == application
        page = past.get(f"/applications/{application}/commits/{found['commit'][:8]}").text
        assert all(f'href="/api/v1/facts/{moment["fact"]}"' in page for moment in found["moments"])


def test_the_curve_the_numbers_and_the_way_back_are_shown(past: Site) -> None:
    page = past.get(f"/applications/bad/commits/{head(past, 'bad')}").text
    assert "Its share of the requests to prod, and what failed" in page
    assert re.search(r"<dt>Hurt</dt><dd>9 of 18 requests to r2 in prod</dd>", page), "as judged: no look is kept"
    assert "after the decision</text>" in page
    counts = "r2 9 of 18 requests, the release before 0 of 172 requests"
    assert f"Failed requests, both serving: {counts}; speaks against it" in page
    assert "git fetch shipway revert-" in page
    assert 'class="turn"' in page
    (back,) = life(past, "bad")["came_back"]
    assert (back["environment"], back["release"], back["person"]) == ("prod", 2, "ben@example.org")
    assert back["decided"] <= min(back["told"], back["elsewhere"])
    assert back["hurt"] == {"failed": 9, "requests": 18}
    moments = {moment["title"]: moment for moment in life(past, "bad")["moments"]}
    shares = moments["r2 was rolled back from prod"]["shares"]
    assert [(move["share"], move["back"]) for move in shares] == [(10, False), (0, True)]


def test_a_release_that_another_run_took_back_says_who_and_to_what(past: Site) -> None:
    assert "shipway rolled prod back to r1" in titles(past, "blue-green")
    assert "ben rolled prod back to r1" in titles(past, "search")


def test_the_evidence_against_a_commit_is_on_its_page(past: Site) -> None:
    with past.scene.database.read() as conn:
        commit = next(
            run.commit
            for run in runs.recent(conn, application="topup", branch="main")
            if run.purpose == "push" and run.state == "passed"
        )
    found = past.get(f"/api/v1/applications/topup/commits/{commit}").json
    assert [one["environment"] for one in found["suspected_of"]] == ["prod"]
    page = past.get(f"/applications/topup/commits/{commit[:9]}").text
    assert "Why it is this commit" in page
    assert "-RATES = rates()" in page


def turn(site: Site, application: str) -> str:
    page = site.get(f"/applications/{application}/commits/{head(site, application)}").text
    return page.partition('id="turn"')[2].partition("</section>")[0]


def test_it_is_said_whose_turn_it_is_and_what_helps_unless_nobody_has_to_act(past: Site) -> None:
    bad = turn(past, "bad")
    assert "Ben Weber can mend it" in bad
    assert "Judged bad in prod. Failed requests: 9 of 18 of the new release" in bad
    way = f"git fetch shipway revert-{head(past, 'bad')[:7]} && git merge FETCH_HEAD && git push shipway HEAD:main"
    assert f">{escape(way)}<" in bad
    failed = turn(past, "topup")
    assert "Ada Okafor can mend it" in failed
    assert '<code>test</code> failed. <a href="/runs/topup:5?step=test#log">Its log</a>' in failed
    assert "web did not get healthy" in turn(past, "ledger")
    back = turn(past, "search")
    assert "ben rolled prod back to r1" in back
    assert f"shipway deploy {head(past, 'search')[:7]} --env prod" in back
    assert [turn(past, name) for name in ("trying", "mailer", "storefront")] == [""] * 3


def test_nobody_is_named_who_was_not_told_that_it_is_theirs(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One of two")
    scene.begin(run)
    scene.step(run, "test", "failed", excerpt="out of eggs")
    scene.end(run, "failed", "test failed")
    assert "can mend it" in turn(site, "topup")
    text = "test failed.\n\nCommit   One of two\nWhy you  Not known. You pushed it. It has several authors."
    about = {"application": "topup", "commit": run.commit, "run": run.id, "names_nobody": True}
    with scene.database.write() as conn:
        messages.write(conn, Draft("root", "stopped topup", "stopped", "[topup] test failed", text, 0.0, **about))
    said = turn(site, "topup")
    assert "can mend it" not in said
    assert "Whose change it was, is not known: root was told." in said
    why = site.get(f"/api/v1/applications/topup/commits/{run.commit}/why?environment=dev").json
    assert why["next"]["whose"] == ""
    with scene.database.write() as conn:
        messages.write(conn, Draft("ada", "stopped topup", "stopped", "[topup] test failed", text, 0.0, **about))
    assert "root and ada were told." in turn(site, "topup")


@pytest.mark.parametrize("what", ["index", "machine", "not judged", "heard too short", "taken back", "both out"])
def test_what_is_not_of_the_commit_is_not_its_authors_turn(site: Site, what: str) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.begin(run)
    ids = {"not judged": "signals.not_judged", "taken back": "signals.taken_back", "machine": "hosts.lost"}
    ids |= {"both out": "deployments.both_out", "heard too short": "signals.heard_too_short"}
    with scene.database.write() as conn:
        if what == "index":
            runs.begin_step(conn, run, "test", 1)
            runs.end_step(conn, run, "test", 1, "failed", error="artifacts.index_unreachable", actor="owner")
        else:
            actor = "owner" if what == "machine" else "you"
            data = {"id": ids[what], "message": "It went no further.", "hint": "Ask again.", "actor": actor}
            facts.record(conn, "run.stopped", application="topup", run=run.id, commit=run.commit, data=data)
    scene.end(run, "failed", "It went no further.")
    said = turn(site, "topup")
    assert "can mend it" not in said
    assert "on top of it that mends it" not in said
    assert ("`test`" in said or "<code>test</code>" in said) if what == "index" else "Ask again." in said


def test_what_a_freeze_stopped_is_told_as_it_is_by_now(site: Site) -> None:
    """Once the freeze is over, once another run has brought it further, once that has failed, and where the next
    is frozen too; with a command for the environment that is asked about, and none that the gate refuses.
    """
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    artifact, short = scene.green(run), run.commit[:7]
    scene.deploy(run, "dev")
    with scene.database.write() as conn:
        freeze.freeze(conn, "topup", "test", why="Month end", until="", who="ben")
    froze = "ben froze test until somebody thaws it: Month end"
    scene.remark(run, "run.stopped", environment="test", id=gate.Frozen.id, message=froze, hint="Wait.")
    scene.end(run, "failed", froze)

    def told(environment: str = "prod") -> tuple[str, str, str] | None:
        found = site.get(f"/api/v1/applications/topup/commits/{run.commit}/why?environment={environment}").json
        said = turn(site, "topup")
        if found["next"] is None:
            return None
        if "comes first" not in found["next"]["says"]:
            assert found["next"]["says"].replace("`", "") in re.sub("<[^>]+>", "", said)
            assert found["next"]["command"] in said
        return found["reason"], found["next"]["says"], found["next"]["command"]

    blocked, way = "run 1 was blocked: ", "This takes it there:"
    assert (told(), places(site, "topup")["test"]) == ((f"{blocked}{froze}", "Wait.", ""), "Blocked")
    with scene.database.write() as conn:
        freeze.thaw(conn, "topup", "test", who="ben")
    says, command = "test was frozen when it came there, and is open again", f"shipway deploy {short} --env test"
    first = f"test comes first: `shipway why {short} --env test` says how."
    assert (told("test"), told()) == (
        (f"{blocked}{says}: {command}", way, command),
        (f"{blocked}{says}: {command}", first, ""),
    )
    assert f"{says}." in turn(site, "topup")
    assert command in turn(site, "topup")
    coming = scene.begin_deployment(scene.begin_deploy("topup", "test", artifact), "test")
    assert told() is None
    assert turn(site, "topup") == ""
    scene.fail_deployment(coming, "web did not get healthy.")
    with scene.database.read() as conn:
        scene.end(runs.get(conn, coming.run), "failed", "web did not get healthy.")
    assert told("test") == (
        "its deployment failed: web did not get healthy.",
        "Push a commit on top of it that mends it.",
        "",
    )
    scene.deploy_again("topup", "test", artifact)
    says, command = f"{short} serves in test by now, and waits before prod", f"shipway deploy {short} --env prod"
    assert told() == (f"{blocked}{says}: {command}", way, command)
    with scene.database.write() as conn:
        freeze.freeze(conn, "topup", "prod", why="Month end", until="", who="ben")
    froze = "ben froze prod until somebody thaws it: Month end"
    then = f"Once that is over, `{command}` takes {short} there; `shipway thaw --env prod` ends it at once."
    assert told() == (f"{blocked}{froze}", f"{then} Rolling back is possible.", "")
    assert f"{froze}." in turn(site, "topup")
    with scene.database.write() as conn:
        freeze.thaw(conn, "topup", "prod", who="ben")
    assert told() == (f"{blocked}{says}: {command}", way, command)
    scene.deploy_again("topup", "prod", artifact)
    assert told() is None
    assert turn(site, "topup") == ""


def test_one_that_could_not_be_rehearsed_beside_its_way_is_told(site: Site) -> None:
    """It was to go to prod alone, and stopped at test, where it was to be rehearsed."""
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    artifact = scene.green(run)
    asked = scene.begin_deploy("topup", "prod", artifact)
    assert asked.deliver == ["prod"]
    other = f"{run.commit[:7]} cannot be rehearsed: nothing serves in test."
    scene.remark(
        asked, "run.stopped", environment="test", id=gate.NotRehearsed.id, message=other, hint="First there."
    )
    scene.end(asked, "failed", other)
    assert other in site.get(f"/applications/topup/commits/{run.commit}").text
    assert site.get(f"/api/v1/runs/{asked.id}").status == 200


@pytest.mark.parametrize("by_itself", [True, False])
def test_what_a_freeze_stopped_and_a_newer_commit_has_is_never_to_push_that_out(
    site: Site, *, by_itself: bool
) -> None:
    """A newer commit brought it past the gate, and did not get further; only what was there itself may go on."""
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    artifact, short = scene.green(run), run.commit[:7]
    scene.deploy(run, "dev")
    froze = "ben froze test until Monday"
    scene.remark(run, "run.stopped", environment="test", id=gate.Frozen.id, message=froze, hint="Wait.")
    scene.end(run, "failed", froze)
    if by_itself:
        scene.deploy_again("topup", "test", artifact)
    newer = scene.push("topup", "Two")
    scene.green(newer)
    for environment in ("dev", "test"):
        scene.deploy(newer, environment)
    scene.end(newer, "failed", "Somebody stopped it.")

    def next_(environment: str) -> dict[str, str] | None:
        where = f"/api/v1/applications/topup/commits/{run.commit}/why?environment={environment}"
        found: dict[str, str] | None = site.get(where).json["next"]
        return found

    whole = newer.commit[:7]
    way = {"says": "This takes it there:", "command": f"shipway deploy {short} --env prod"}
    along = {"says": f"It goes on with {whole}.", "command": ""}
    assert next_("prod") == {"whose": "", **(way if by_itself else along)}
    assert next_("test") is None
    page = site.get(f"/applications/topup/commits/{run.commit}").text
    part = "" if by_itself else f" as part of {whole}"
    assert f"{short} serves in test by now{part}, and waits before prod." in page
    assert f"shipway deploy {short} --env test" not in page.partition('id="where"')[0]


def test_of_many_moments_the_first_and_the_last_are_shown_and_the_others_folded() -> None:
    moments = [Moment(float(at), "run", "failed" if at % 10 else "passed", f"Run {at}") for at in range(200)]
    entries = gathering.entries(moments)
    assert len({entry.id for entry in entries}) == 200
    parts = gathering.stretches(entries)
    assert [entry.moment for part in parts for entry in part.entries] == moments
    assert [part.folded for part in parts] == [False, *[True] * (len(parts) - 2), False]
    assert sum(len(part.entries) for part in parts if not part.folded) < 40
    assert (parts[1].says, parts[1].bad) == ("25 runs", 22)
    assert [part.folded for part in gathering.stretches(entries[:40])] == [False]


def test_only_the_numbers_and_the_curve_that_matter_are_open(past: Site) -> None:
    page = past.get(f"/applications/bad/commits/{head(past, 'bad')}").text
    folds = re.findall(r'<details [^>]*id="(\w+)-[^"]*" data-fold( open)?>', page)
    assert sorted(folds) == [("curve", " open"), ("numbers", " open"), ("said", "")]


def test_the_same_evidence_stands_once_and_says_in_which_environments(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "Charge once")
    scene.deliver(run)
    for environment in ("dev", "prod"):
        error = scene.report("topup", {**EVENT, "release": run.commit}, environment)
    scene.suspect(error, against(run.commit))
    page = site.get(f"/applications/topup/commits/{run.commit}").text
    assert page.count("-RATES = rates()") == 1
    card = page.partition('id="suspected"')[2].partition("</section>")[0]
    for said in ("topup/ledger.py:88", "return RATES[one]", "topup/ledger.py:12"):
        assert f"<code>{said}</code>" in card, "what ran and what was changed, each in its place"
    assert re.search(r"KeyError: [^<]*CHF[^<]*</a> in dev and prod<", card)
    assert page.count(f"{run.commit[:7]} changed what charge in topup/ledger.py uses.") == 2, (
        "beside and on the line"
    )
    assert len(re.findall(r"<h3><a [^>]*>KeyError: [^<]* since r1 in dev and prod</a></h3>", page)) == 1


def test_how_sure_it_is_stands_once_with_the_first_commit_that_is_suspected(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "Charge once")
    scene.deliver(run)
    for environment in ("dev", "test", "prod"):
        error = scene.report("topup", {**EVENT, "release": run.commit}, environment)
    nobody, against_it = Suspicion("Nobody else changed it."), against(run.commit)
    other = replace(against_it, confidence="low", reason="It led there.")
    said = {"prod": nobody, "test": against_it, "dev": other}
    with scene.database.write() as conn:
        for place in errors.places(conn, error.id):
            errors.suspect(conn, error, place, asdict(said[place.environment]))
    page = site.get(f"/applications/topup/errors/{error.number}").text
    cards = [card.partition("</section>")[0] for card in page.split('id="suspect-')[1:]]
    assert [re.findall("<h2>([^<]+)</h2>", card)[0] for card in cards] == [
        "No commit is suspected",
        "By whose commit",
        "By whose commit",
    ]
    assert ["How sure that is" in card for card in cards] == [False, True, False]
    levels = re.findall("<dt>([^<]+)</dt><dd>([^<]+)</dd>", cards[1])
    assert levels == [(sure.sure(level), meaning) for level, meaning in sure.MEANINGS.items()]
    assert [re.findall('class="sure-of[^"]*">([^<]+)', card) for card in cards] == [
        [],
        [sure.sure(against_it.confidence)],
        ["Sure: not very"],
    ]


def against(commit: str) -> Suspicion:
    hunk = ("-RATES = rates()", '+RATES = {"EUR": 100}')
    reason = f"{commit[:7]} changed what charge in topup/ledger.py uses."
    evidence = (Evidence("topup/ledger.py", 88, "charge", "uses", hunk, "return RATES[one]", 12),)
    return Suspicion(reason, commit, "Ada Okafor", "ada@example.org", "Charge once", "low", evidence)


def test_who_was_told_stands_once_with_all_that_was_told(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "Charge once")
    about = {"application": "topup", "commit": run.commit, "run": run.id}
    with scene.database.write() as conn:
        for person in ("ada@example.org", "ben@example.org"):
            for where in ("dev", "prod"):
                words = f"[topup] it is bad in {where}"
                draft = Draft(person, f"{person} {where}", "bad", words, "Bad.", 0.0, environment=where, **about)
                messages.write(conn, draft)
    page = site.get(f"/applications/topup/commits/{run.commit}").text
    card = page.partition('id="told"')[2].partition("</section>")[0]
    assert [card.count(f"<b>{name}@example.org</b>") for name in ("ada", "ben")] == [1, 1]
    assert card.count("on its way, prod") == 2
    assert "ada@example.org and ben@example.org are to be told" in page
    assert page.count("[topup] it is bad in dev and prod") == 1


def test_what_stopped_a_commit_again_is_not_said_again(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "Charge once")
    scene.deliver(run)
    for _ in range(2):
        again = scene.push("topup", "", commit=run.commit, steps={})
        scene.begin(again)
        scene.remark(
            again, "run.stopped", id="releases.frozen", message="prod is frozen: month end.", hint="Wait."
        )
        scene.end(again, "failed", "prod is frozen: month end.")
    says = {one["title"]: one["says"] for one in life(site, "topup")["moments"]}
    assert says["Run 2 was stopped before it was deployed"] == "prod is frozen: month end. Wait."
    assert says["Run 3 was stopped before it was deployed"] == "For the same reason as run 2."
    assert "Stopped before it was deployed" not in says


def test_a_commit_that_is_under_way_says_how_far_it_is(past: Site) -> None:
    found = life(past, "trying")
    assert found["states"] == ["Under way"]
    assert "r2 is on its way to prod" in [moment["title"] for moment in found["moments"]]


def test_the_picture_is_of_the_branch_that_delivers_it_and_says_so(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "Charge once")
    scene.deliver(run)
    other = scene.push("topup", "", commit=run.commit, branch="later", deliver=())
    scene.begin(other)
    scene.step(other, "lint", "failed")
    scene.end(other, "failed", "lint failed")
    page = site.get(f"/applications/topup/commits/{run.commit}").text
    picture = page.partition('id="voyage"')[2].partition("</figure>")[0]
    assert "The way of the commit on main: pushed commit, run 1 passed" in picture
    assert ">run 2<" not in picture.partition('class="of"')[0]
    assert re.search(
        r'on <code>main</code>, by <a href="/runs/topup:1">.*<code>later</code>.*run 2</a> failed', picture
    )
    assert "ada pushed it to <code>main</code>" in page
    assert site.get(f"/api/v1/applications/topup/commits/{run.commit}").json["states"] == ["Serving in prod"]


def test_a_commit_without_a_run_shows_no_picture(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    below = scene.commit("topup", "One")
    scene.deliver(scene.push("topup", "Two"))
    page = site.get(f"/applications/topup/commits/{below}").text
    assert re.search(r'<figure [^>]*id="voyage"[^>]* hidden ', page)
    assert re.search(r'It serves as part of <a href="/applications/topup/commits/[0-9a-f]{10}">', page)


def test_a_short_hash_is_enough_and_needs_no_application(past: Site) -> None:
    commit = head(past, "ledger")
    sent = past.get(f"/c/{commit[:7]}")
    assert (sent.status, sent.headers["location"]) == (307, f"/applications/ledger/commits/{commit[:10]}")
    assert "Post refunds per line" in past.get(sent.headers["location"]).text


def test_above_every_page_of_an_application_are_its_runs(past: Site) -> None:
    sent = past.get("/applications/ledger")
    assert (sent.status, sent.headers["location"]) == (307, "/runs?application=ledger")
    assert past.get("/applications/nothing").status == 404


def test_several_that_begin_alike_are_listed(past: Site) -> None:
    one, other = head(past, "bad"), head(past, "blue-green")
    same = _alike(past.scene, "storefront")
    page = past.get(f"/applications/storefront/commits/{same[0][:4]}")
    assert page.status == 300
    assert all(commit[:12] in page.text for commit in same)
    answer = past.get(f"/api/v1/applications/storefront/commits/{same[0][:4]}")
    assert (answer.status, answer.json["error"]["id"]) == (409, "commits.ambiguous")
    assert one != other


def test_one_that_is_not_known_says_what_is(past: Site) -> None:
    page = past.get("/applications/ledger/commits/0123456789")
    assert page.status == 404
    assert "ledger has no commit 0123456789" in page.text
    assert "Post refunds per line" in page.text
    elsewhere = past.get(f"/applications/ledger/commits/{head(past, 'mailer')[:8]}")
    assert elsewhere.status == 404
    assert "Send in the reader" in elsewhere.text
    assert past.get("/c/0123456789").status == 404
    assert past.get("/c/%3Cscript%3E").status == 404


def test_a_damaged_repository_is_called_that_and_not_an_unknown_commit(site: Site) -> None:
    site.scene.application("topup")
    site.scene.push("topup", "One")
    repository = site.scene.places.repository("topup")
    for says, damage in (
        ("fatal: not a git repository: &#39;topup.git&#39;", lambda: (repository / "HEAD").write_bytes(b"\0")),
        ("No such file or directory", lambda: repository.rename(repository.with_suffix(".away"))),
    ):
        damage()
        page = site.get("/applications/topup/commits/main", accept="text/html")
        assert page.status == 500
        assert f"<h1>git rev-parse failed in topup.git: {says}</h1>" in page.text
        assert "put it back from a copy, or push all of it again" in page.text
    site.scene.application("till")
    other = site.scene.commit("till", "Never ran")
    assert site.get(f"/c/{other}").headers["location"] == f"/applications/till/commits/{other[:10]}"
    assert site.get("/c/0123456789", accept="text/html").status == 500


def test_only_who_is_signed_in_sees_it(past: Site) -> None:
    for path in (f"/c/{head(past, 'bad')[:7]}", f"/applications/bad/commits/{head(past, 'bad')}"):
        assert past.ask("GET", path).status == 401


def _alike(scene: Scene, application: str) -> list[str]:
    """Two commits of an application that begin with the same four digits."""
    git = Git(scene.places.repository(application))
    first = scene.heads[application, "main"]
    tree, seen = git.tree(first), dict[str, str]()
    for number in range(3000):
        made = git.write_commit(tree, first, "Cho <cho@example.org>", 1.0, f"Try {number}")
        if made[:4] in seen:
            return [seen[made[:4]], made]
        seen[made[:4]] = made
    raise AssertionError("no two are alike")


def test_how_much_it_changed_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    scene = Scene.empty(tmp_path_factory.mktemp("one"))
    Trials(scene, "one")
    git = Git(scene.places.repository("one"))
    assert git.extent(scene.heads["one", "main"])[0] == 1
    scene.database.close()


def test_the_arrow_that_leaves_an_environment_has_its_own_figure(site: Site) -> None:
    """It was taken back in dev as well, after another time."""
    scene = site.scene
    with scene.history():
        scene.until(1000)
        scene.application("topup")
        older = scene.deliver(scene.push("topup", "One"))
        run = scene.push("topup", "Two")
        scene.deliver(run)
        for environment, seconds_ago in (("prod", 300), ("dev", 200)):
            scene.until(seconds_ago)
            scene.roll_back("topup", environment, older)
    moments = life(site, "topup")["moments"]
    had = {one["environment"]: one["says"].rstrip(".") for one in moments if one["kind"] == "rollback"}
    assert len(set(had.values())) == len(had) == 2
    drawn = site.get(f"/applications/topup/commits/{run.commit}").text.partition('class="loop"')[2]
    assert re.findall("it had requests for [^<]*", drawn) == [had["prod"].replace("It", "it", 1)]


def test_a_quarantine_in_several_environments_is_explained_once(site: Site) -> None:
    """Though what ends it is judged until another time in each of them."""
    scene = site.scene
    with scene.history():
        told = Trials(scene, "till")
        scene.until(3000)
        run = scene.push("till", "Price quickly")
        scene.green(run)
        for environment in ("dev", "test"):
            came = scene.deploy(run, environment)
            with scene.database.write() as conn:
                first = releases.numbered(conn, "till", environment, 1)
                assert first is not None
                condemn.condemn(conn, came, first, 100, Verdict("bad", BAD, FAILING))
            scene.roll_back("till", environment, told.first, who="shipway")
        scene.end(run)
        fix = scene.push("till", "Price slowly")
        scene.green(fix)
        for environment, seconds_ago in (("dev", 300), ("test", 200)):
            scene.until(seconds_ago)
            scene.deploy(fix, environment)
    page = re.sub("<[^>]+>", "", site.get(f"/applications/till/commits/{run.commit}").text)
    lead = f"In dev and test {run.commit[:7]} is quarantined until a commit on top of it has served there"
    assert (page.count(lead), page.count("until a commit on top of it")) == (1, 2), "and once where it is"
    assert page.count("r3 has all requests, and is judged until") == 2


def test_what_came_later_does_not_lengthen_the_way(site: Site) -> None:
    """Each stop is of its first requests there, whatever brought it again; what it had of them is of all times."""
    scene = site.scene
    with scene.history():
        scene.until(1000)
        scene.application("topup")
        older = scene.deliver(scene.push("topup", "One"))
        run = scene.push("topup", "Two")
        made = scene.green(run)
        for environment, takes in (("dev", 0), ("test", 3), ("prod", 30)):
            scene.now += takes
            scene.deploy(run, environment)
        scene.end(run)
        address = f"/applications/topup/commits/{run.commit}"
        lasts = re.compile('class="tm"[^>]*>([^<]*)<')
        way = lasts.findall(site.get(address).text)
        assert way[-2:] == ["4.3 s", "31 s"]
        for environment, seconds_ago in (("dev", 700), ("prod", 600)):
            scene.until(seconds_ago)
            scene.configure("topup", environment, {"POOL": "5"}, [])
            asked = scene.begin_configuration("topup", environment, made)
            scene.deploy(asked, environment, digest=made.digest)
            scene.end(asked)
        scene.until(500)
        scene.roll_back("topup", "prod", older)
        scene.until(400)
        scene.deploy_again("topup", "prod", made)
        scene.until(250)
        scene.roll_back("topup", "prod", older)
    page = site.get(address).text
    assert lasts.findall(page) == way
    drawn = page.partition('class="loop"')[2]
    with scene.database.read() as conn:
        first = next(one for one in deployments.recent(conn, "topup", "prod") if one.run == run.id)
    lost = scene.real - 500 + 1.3
    had = lost - (first.switched or 0.0) + 150
    assert set(re.findall("it had requests for ([^<]*)", drawn)) == {length(had)}
    assert life(site, "topup")["moments"][-1]["says"] == f"It had requests for {length(100 + 150)}."


def test_a_run_is_told_with_the_commit_that_it_brought(site: Site) -> None:
    """Whoever sets a value while a newer commit is on its way gets that one with it."""
    scene = site.scene
    scene.application("topup")
    older = scene.push("topup", "One")
    before = scene.deliver(older)
    newer = scene.push("topup", "Two")
    made = scene.green(newer)
    for environment in ("dev", "test"):
        scene.deploy(newer, environment)
    asked = scene.begin_configuration("topup", "prod", before)
    scene.deploy(newer, "prod")
    scene.end(newer)
    scene.configure("topup", "prod", {"POOL": "5"}, [])
    with scene.database.write() as conn:
        release = releases.make(
            conn,
            application="topup",
            environment="prod",
            digest=made.digest,
            commit=newer.commit,
            configuration=configurations.newest(conn, "topup", "prod").version,
        )
        came = deployments.begin(conn, run=asked.id, release=release, kind="deploy", at_least=0)
        releases.serve(conn, release, deployment=came.id, epoch=came.epoch, warm_until=None)
        deployments.switched(conn, came)
        deployments.end(conn, came, "done")
    scene.end(asked)
    assert asked.commit == older.commit
    said = titles(site, "topup")
    assert "r3 serves in prod" in said
    assert [one.split(" passed")[0] for one in said if one.startswith("Run ")] == ["Run 2", "Run 3"]
    of_older = site.get(f"/api/v1/applications/topup/commits/{older.commit}").json["moments"]
    assert not [one for one in of_older if "r3" in one["title"] or one["title"].startswith("Run 3")]


def test_a_commit_that_nothing_came_of_says_how_it_ended(site: Site) -> None:
    """And its run why it is not done again: somebody who looks for the button finds the reason."""
    scene = site.scene
    scene.application("topup")
    first = scene.push("topup", "One")
    scene.begin(first)
    scene.step(first, "install", "cancelled")
    scene.end(first, "cancelled", "ada cancelled it")
    end = site.get("/runs/topup:1").text.partition('id="end-install"')[2].partition("</p>")[0]
    assert "Cancelled" in end
    assert "exit status" not in end
    assert life(site, "topup")["states"] == ["Cancelled"]
    assert (
        "One file, one line added, none removed." in site.get(f"/applications/topup/commits/{first.commit}").text
    )
    page = site.get("/runs/topup:1").text
    assert f"<code>{first.commit[:7]}</code> was cancelled</h1>" in page
    assert "Run again" in page
    newer = scene.push("topup", "Two")
    page = site.get("/runs/topup:1").text
    assert f"main has gone on to {newer.commit[:7]}, so {first.commit[:7]} does not come after it." in page
    assert "Run again" not in page
