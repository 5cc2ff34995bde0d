"""`applications`, `find`, `facts` and `where --json` show what the first page, the palette and a commit do."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import asdict

import pytest

from cli.terminal import Said
from shipway.incidents.suspects import Evidence, Suspicion
from shipway.releases.gate import UNTIL, Frozen
from shipway.signals.verdict import Finding, Verdict
from shipway.state import deployments, errors, facts, holds, runs
from shipway.state.runs import Run
from support.keeping import eventually
from web import judged
from web.judged import COLD, FEW, Trials, fine
from web.scene import Scene
from web.server import Site

Shipway = Callable[..., Said]
TIME = "<time[^>]*>([^<]*)</time>"
BETWEEN = f"<span data-between><span( hidden)?>from {TIME} to </span>{TIME}</span>"


@pytest.fixture
def failed(site: Site) -> Run:
    """Ada's topup serves; the newest commit of Ben's ledger failed its tests."""
    scene = site.scene
    for name in ("ledger", "topup"):
        scene.application(name)
    scene.deliver(scene.push("topup", "Sell credit"))
    run = scene.push("ledger", "Count refunds", who="ben")
    scene.begin(run)
    scene.step(run, "test", "failed", excerpt="assert 40 == 70")
    scene.end(run, "failed", "test failed")
    return run


def test_applications_are_listed_with_the_reason_and_for_whom_was_asked(
    failed: Run, site: Site, shipway: Shipway
) -> None:
    _columns, first, second = shipway("applications").out.splitlines()
    assert first.split()[:3] == ["ledger", "Failed", failed.commit[:7]]
    assert first.rstrip().endswith("test failed: assert 40 == 70")
    assert second.split()[:2] == ["topup", "Serving"]
    assert [one["name"] for one in shipway("applications", "--mine", "--json").json] == ["topup"]
    assert [one["name"] for one in shipway("applications", "--needs", "--json").json] == ["ledger"]
    assert [one["name"] for one in shipway("applications", "--person", "ben", "--json").json] == ["ledger"]
    assert shipway("applications", "--team", "nobody").out == "No application is like that.\n"


def test_anything_is_found_by_a_few_letters(failed: Run, site: Site, shipway: Shipway) -> None:
    found = shipway("find", "count", "refunds", "--json").json
    address = f"/applications/ledger/commits/{failed.commit[:10]}"
    assert (found[0]["kind"], found[0]["address"]) == ("commit", address)
    assert "/runs/ledger:1" in shipway("find", "ledger", "1").out
    nothing = shipway("find", "zebra")
    assert (nothing.out, nothing.code) == ("Nothing is called that.\n", 1)


def test_where_tells_a_program_the_whole_life_of_a_commit(failed: Run, site: Site, shipway: Shipway) -> None:
    found = shipway("where", failed.commit[:9], "--app", "ledger", "--json").json
    assert found == site.get(f"/api/v1/applications/ledger/commits/{failed.commit}").json
    assert [moment["title"] for moment in found["moments"]][:1] == ["Pushed to main"]
    assert found["environments"][-1]["reason"] == "run 1 failed: test failed"


def test_a_fact_that_a_moment_of_a_commit_leads_to_is_shown(failed: Run, site: Site, shipway: Shipway) -> None:
    of = "--app", "ledger"
    life = shipway("where", failed.commit, *of, "--json").json["moments"]
    listed = shipway("facts", "--commit", failed.commit[:9], *of, "--json").json
    assert {moment["fact"] for moment in life} <= {fact["id"] for fact in listed}
    assert [line.split()[0] for line in shipway("facts", "--run", "1", *of).out.splitlines()[1:]] == [
        str(fact["id"]) for fact in listed if fact["run"] == failed.id
    ]
    with site.scene.database.write() as conn:
        facts.record(
            conn, "verdict.bad", run=failed.id, application="ledger", data={"findings": ["37 of 74"] * 50}
        )
    *_, line, cut = shipway("facts", "--run", "1", *of).out.splitlines()
    assert len(line) < 200
    assert f"`shipway facts {line.split()[0]}` shows all of that one" in cut
    assert shipway("facts", line.split()[0]).told.count("37 of 74") == 50
    last = listed[-1]
    assert (last["kind"], last["data"]["reason"]) == ("run.failed", "test failed")
    assert shipway("facts", str(last["id"]), "--json").json == site.get(f"/api/v1/facts/{last['id']}").json
    assert f"fact {last['id']} at " in (told := shipway("facts", str(last["id"])).told)
    assert told.endswith("reason test failed")
    more = shipway("facts", "--commit", failed.commit, "--limit", "1", *of).out
    assert f"--after {listed[0]['id']}` goes on" in more
    for words, said in (
        (("999999",), "There is no fact '999999'."),
        (("--env", "nowhere", *of), "no environment called 'nowhere'"),
        (("--env", "prod", "--app", "nothing"), "no application called 'nothing'"),
    ):
        assert (shipway("facts", *words).code, said in shipway("facts", *words).told) == (2, True)


def test_what_is_suspected_alike_in_several_environments_is_said_once(site: Site, shipway: Shipway) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "Sell credit")
    scene.deliver(run)
    told = {"exception": [{"type": "KeyError", "value": "'CHF'"}], "release": run.commit}
    for environment in ("dev", "test", "prod"):
        error = scene.report("topup", told, environment)
    evidence = Evidence("pay.py", 31, "charge", "uses", ("+return charges",), "charge(once)", 9)
    by = Suspicion(
        "c0ffee1 wrote it.", "c0ffee1" * 5 + "abcde", "Ada", "ada@example.org", "Charge", "high", (evidence,)
    )
    with scene.database.write() as conn:
        dev = next(place for place in errors.places(conn, error.id) if place.environment == "dev")
        errors.suspect(conn, error, dev, {**asdict(by), "confidence": "low"})
    scene.suspect(error, by)
    page = site.get(f"/applications/topup/errors/{error.number}").text
    printed = shipway("errors", str(error.number), "--app", "topup").out
    assert (page.count("+return charges"), printed.count("+return charges")) == (2, 2)
    for said in ("pay.py:31", "charge(once)", "pay.py:9"):  # each in its own place
        assert (page.count(f"<code>{said}</code>"), printed.count(said)) == (2, 2), said
    assert all(f">{said}</span>" in page for said in ("in prod since r1, test since r1", "in dev since r1"))
    assert all(f"{name} r1, seen there once" in printed for name in ("dev", "test", "prod"))
    assert "c0ffee1 Ada" in shipway("errors", "--app", "topup").out


def test_an_error_is_shown_only_where_it_was_seen(site: Site, shipway: Shipway) -> None:
    site.scene.application("topup")
    site.scene.deliver(run := site.scene.push("topup", "Sell credit"))
    told = {"exception": [{"type": "KeyError", "value": "'CHF'"}], "release": run.commit}
    error = site.scene.report("topup", told, "prod")
    said = shipway("errors", str(error.number), "--env", "dev", "--app", "topup")
    assert said.code == 2
    assert f"Error {error.number} was never seen in dev. It was seen in: prod." in said.told
    assert "KeyError" in shipway("errors", str(error.number), "--env", "prod", "--app", "topup").out
    prod = "/applications/topup/environments/prod"
    assert 'environment=prod">one open error</a>' in site.get(prod).text
    site.scene.deliver(site.scene.push("topup", "Sell less"))
    assert 'environment=prod">one open error of r1, which does not serve</a>' in site.get(prod).text


def test_what_checks_of_shipway_met_is_shown_apart(site: Site, shipway: Shipway) -> None:
    site.scene.application("topup")
    site.scene.deliver(run := site.scene.push("topup", "Sell credit"))
    told = {"exception": [{"type": "KeyError", "value": "'CHF'"}], "release": run.commit}
    asked = {"method": "GET", "url": "http://topup/health", "headers": {"User-Agent": "Envoy/HC"}}
    for headers in (asked, asked, {**asked, "headers": {"User-Agent": "curl"}}):
        error = site.scene.report("topup", {**told, "request": headers}, "prod")
    apart = "3 times, 2 of them asked by Shipway&#39;s own checks"
    page, listed = (site.get(f"/applications/topup/errors{which}").text for which in (f"/{error.number}", ""))
    printed = shipway("errors", str(error.number), "--app", "topup").out
    assert f"Seen {apart}, the last one " in page
    assert "2 by checks" in page
    between = re.search(BETWEEN, page)
    assert between is not None
    assert (between[1] is not None) == (between[2] == between[3])  # moments that read the same are said once
    assert "2 by checks" in listed
    assert "3 (2 by checks)" in shipway("errors", "--app", "topup").out
    assert printed.count(apart.replace("&#39;", "'")) == 2
    assert "     2  GET /health, asked by the router's check of health" in printed


def test_why_has_the_numbers_of_what_is_judged_as_judge_has_them(site: Site, shipway: Shipway) -> None:
    """For the commit whose release it is, and one that comes along with it; for none that serves already."""
    told = Trials(site.scene, "topup")
    rider = site.scene.push("topup", "Name the cent")
    run, deployment = told.comes(0, "Count calls twice")
    told.share(deployment, 10)
    now = Verdict("not known", FEW, (Finding("failed requests", 0, 12, 1, 108, 0.7), COLD))
    site.cast.so_far["topup", "prod"] = (deployment.id, now)
    judged = shipway("judge", "r2", "--app", "topup").out
    numbers = judged[judged.index(f"So far not known: {FEW}") :]
    assert "0 of 12" in numbers
    for commit in (run.commit, rider.commit):
        said = shipway("why", commit, "--app", "topup")
        assert said.out.endswith(f"r2 is on trial with 10 % of the requests.\n{numbers}")
        assert said.code == shipway("where", commit, "--app", "topup").code == 1
    first = told.first.commit, "--app", "topup"
    assert "So far" not in shipway("why", *first).out
    assert shipway("why", *first).code == shipway("where", *first).code == 0
    site.cast.so_far.clear()
    assert shipway("why", run.commit, "--app", "topup", "--json").json["judging"] is None


def test_who_waits_or_looks_at_a_run_is_told_what_is_held_against_its_commit(site: Site, shipway: Shipway) -> None:
    scene = site.scene
    with scene.history():
        judged.bad(scene)
        judged.asked(scene)
        scene.application("topup")
        scene.deliver(scene.push("topup", "One"))
        freeze(scene, "topup")
        coming = scene.push("topup", "Two")
        scene.green(coming)
    bad, asked = (newest(scene, name) for name in ("bad", "asked"))
    with scene.database.write() as conn:
        served = deployments.recent(conn, "asked", "prod", 1)[0]
        site.cast.so_far["asked", "prod"] = (served.id, Verdict("not known", FEW))
        runs.end(conn, asked, "passed")
    kept = f"{bad.commit[:7]} is quarantined in prod {UNTIL.format(it='it')}."
    looked = "r2 looked bad, and r1 has most of the requests until it is known why."
    for run, said, where, code in ((bad, kept, "", 1), (asked, looked, "prod: ", 0)):
        waited = shipway("wait", run.commit, "--app", run.application, "--timeout", "0")
        assert (waited.out.count(said.rstrip(".")), waited.code) == (1, code), "said, and not twice"
        shown = shipway("runs", str(run.number), "--app", run.application).out.splitlines()
        assert f"{where}{said}" in shown
    froze = "ben froze {} until somebody thaws it: Month end"
    words = ("--app", "topup", "--timeout", "0")
    assert shipway("wait", coming.commit, *words).out.splitlines()[1:] == [f"{froze.format('prod')}."]
    scene.deploy(coming, "dev")
    scene.remark(
        coming, "run.stopped", id=Frozen.id, at="deploy", environment="test", message=froze.format("test")
    )
    scene.end(coming, "failed", froze.format("test"))
    opened = f"is open again: shipway deploy {coming.commit[:7]} --env test"
    assert (
        f"test was frozen when it came there, and {opened}"
        in shipway("runs", str(coming.number), "--app", "topup").out.splitlines()
    )
    freeze(scene, "topup", "test")
    stopped = shipway("wait", coming.commit, "--env", "test", *words).out
    assert stopped.count("Month end") == 1, "what is the reason is not said again"


def newest(scene: Scene, application: str) -> Run:
    with scene.database.read() as conn:
        return next(run for run in runs.recent(conn, application=application) if run.purpose == "push")


def freeze(scene: Scene, application: str, environment: str = "prod") -> None:
    with scene.database.write() as conn:
        holds.freeze(conn, application, environment, why="Month end", who="ben", until=None)


def test_whether_a_release_is_good_is_answered_by_the_exit_code(site: Site, shipway: Shipway) -> None:
    """A script that goes on where `judge` ends with 0 goes on only where the judge said good."""
    told = Trials(site.scene, "topup")

    def code(release: str) -> int:
        said = shipway("judge", release, "--app", "topup")
        assert said.code == shipway("judge", release, "--app", "topup", "--json").code
        return said.code

    assert code("r1") == 3  # nothing was ever judged of it
    _run, deployment = told.comes(0, "Count calls twice")
    told.share(deployment, 10)
    assert code("r2") == 3
    told.judge(deployment, 10, fine(400))
    assert code("r2") == 3, "it is judged on, and nobody has looked yet"
    for kind, expected in (("not known", 3), ("bad", 1), ("good", 0)):
        site.cast.so_far["topup", "prod"] = (deployment.id, Verdict(kind, FEW))  # type: ignore[arg-type]
        assert code("r2") == expected
    site.cast.so_far.clear()
    told.judge(deployment, 50, Verdict("not known", FEW))
    assert code("r2") == 3
    told.judge(deployment, 50, Verdict("bad", FEW))
    assert code("r2") == 1
    told.judge(deployment, 50, fine(400))
    assert code("r2") == 1


def test_open_says_where_the_page_is_below_what_scripts_use(
    site: Site, shipway: Shipway, monkeypatch: pytest.MonkeyPatch
) -> None:
    Trials(site.scene, "topup")
    page = f"{site.origin}/applications/topup/environments/test"
    here = "open", "--app", "topup", "--env", "test"
    below = f"# Shipway's page of it: {page} (`shipway open --pages` signs you in)"
    first, second = shipway(*here, "--print").out.splitlines()
    assert (first.partition(" http")[0], second) == ("curl -H 'Host: topup--test.localhost'", below)
    found = shipway(*here, "--json").json
    assert found["page"] == page
    for opens, printed in ((False, [found["url"], below]), (True, [below])):
        monkeypatch.setattr("webbrowser.open", lambda _url, opens=opens: opens)
        assert shipway(*here).out.splitlines() == printed
    assert shipway("open", "--pages", "--json").json["page"] is None


def test_judge_without_a_release_takes_the_one_on_trial_and_says_so(site: Site, shipway: Shipway) -> None:
    """Else what was tried last, in vain, is judged still, was judged last, or serves."""

    def took(*words: str) -> tuple[str, int]:
        said = shipway("judge", "--app", "topup", *words)
        assert said.code == shipway("judge", "--app", "topup", *words, "--json").code
        return said.out.splitlines()[0].removeprefix("No release was named: this is "), said.code

    told = Trials(site.scene, "topup")
    assert took() == ("r1, which serves in prod.", 3)
    _run, deployment = told.comes(0, "Count calls twice")
    assert took() == ("r1, which serves in prod.", 3), "it has no request yet"
    told.share(deployment, 10)
    assert took() == ("r2, on trial in prod.", 3)
    told.judge(deployment, 10, fine(400))
    told.serves(deployment, warm_for=600)
    site.cast.so_far["topup", "prod"] = (deployment.id, fine(900))
    assert took() == ("r2, which is judged still in prod.", 0)
    site.cast.so_far.clear()
    assert took() == ("r2, the last that was judged in prod.", 3), "it is judged still, and nobody has looked yet"
    site.cast.so_far["topup", "prod"] = (deployment.id, fine(900))
    told.goes_bad(0, "Count calls thrice")
    assert took() == ("r3, the last that was tried in prod.", 1), "not what serves and is judged on"
    said = shipway("judge", "--app", "topup").out
    assert said.splitlines()[1] == "r2 serves there, and is judged still: `shipway judge r2 --env prod`."
    site.cast.so_far.clear()
    assert took() == ("r3, the last that was tried in prod.", 1)
    assert took("--env", "dev")[0] == "r3, which serves in dev."
    assert shipway("judge", "r1", "--app", "topup").out.startswith("r1 was not judged")
    site.scene.application("fresh")
    fresh = shipway("judge", "--app", "fresh")
    assert (fresh.code, "Nothing serves in prod of fresh, and nothing was judged." in fresh.told) == (2, True)


def test_who_takes_back_what_is_tried_hears_what_serves_again_and_why(site: Site, shipway: Shipway) -> None:
    """Not that the run of the other has failed; and where that serves still, nothing was decided."""
    told = Trials(site.scene, "topup")
    run, tried = told.comes(30, "Two")
    told.share(tried, 10)

    def is_asked() -> bool:
        with site.scene.database.read() as conn:
            return deployments.taken_back_by(conn, tried) is not None

    def end() -> None:
        eventually(is_asked, "it is asked for")
        told.undone(run, tried, "ada took r2 back while it was tried.", "signals.taken_back")

    ending = threading.Thread(target=end)
    ending.start()
    said = shipway("rollback", "--why", "it greets wrongly", "--app", "topup")
    ending.join()
    first, last = said.out.splitlines()
    assert (first, said.code) == (f"r2 ({run.commit[:7]}) is taken back from prod, where it is tried.", 0)
    back = f"r1 ({told.first.commit[:7]}): “it greets wrongly”"
    assert last == f"✓ all requests to prod are back on {back}"
    places = site.get(f"/api/v1/applications/topup/commits/{run.commit}/where").json["environments"]
    assert [one["reason"] for one in places[:2]] == ["r2 serves", "r2 serves"]


def test_a_terminal_names_the_exception_that_took_a_release_back(site: Site, shipway: Shipway) -> None:
    """What it printed, until an error that it reports leads to a commit as well."""
    scene = site.scene
    with scene.history():
        bad = Trials(scene, "topup").goes_bad(80, "Count it twice")

    def shown() -> list[str]:
        """At the end of the push, in `judge` and in `why`."""
        way = f"/api/v1/runs/{bad.id}/watch"
        said = [site.get(way).text, *(shipway(*each, "--app", "topup").out for each in (("judge", "r2"), why))]
        return [" ".join(each.split()) for each in said]

    why = "why", bad.commit
    assert not any("at app.py" in each for each in shown())
    place = Evidence("app.py", 12, "share", "line", ("@@ -12 +12 @@", "+    return 1 / 0"), "return 1 / 0")
    who = Suspicion("It did.", bad.commit, "Ben Weber", "ben@example.org", confidence="high", evidence=(place,))
    with scene.database.write() as conn:
        (made,) = (one for one in deployments.all_of_run(conn, bad.id) if one.environment == "prod")
        said = {"title": "ZeroDivisionError: division by zero", "printed": 5.5, **asdict(who)}
        deployments.note(conn, made, "release.printed", said)
    leads = f" at app.py:12; suspected: {bad.commit[:7]} by Ben Weber"
    printed = f"ZeroDivisionError: division by zero{leads}"
    push, judged, why_ = shown()
    assert f"It printed: {printed}" in push
    assert f"It printed: {printed}" in judged
    assert f"it printed a failure: {printed}" in why_
    raised = {"exception": {"values": [{"type": "KeyError", "value": "'CHF'"}]}, "release": bad.commit}
    error = scene.report("topup", raised)
    push, judged, _why = shown()
    assert f"New error: KeyError: 'CHF' It printed: {printed}" in judged
    assert f"New error: KeyError: 'CHF' It printed: {printed}" in push
    scene.suspect(error, who)
    push, judged, why_ = shown()
    for each in (push, judged):
        assert f"New error: KeyError: 'CHF'{leads}" in each
        assert "It printed" not in each
    assert f"it reported a new error: KeyError: 'CHF'{leads} (shipway errors 1)" in why_


def test_whether_all_is_well_with_what_is_asked_is_answered_by_the_exit_code(site: Site, shipway: Shipway) -> None:
    told = Trials(site.scene, "topup")
    on = "--app", "topup"
    assert shipway("probes", *on).code == 0  # nothing is asked
    for state, expected in (("passed", 0), ("not known", 3), ("failed", 1)):
        told.scene.asks("topup", f"{state} before {expected}", state, "so it says", since=told.scene.now)
        assert shipway("probes", *on).code == shipway("probes", *on, "--json").code == expected
