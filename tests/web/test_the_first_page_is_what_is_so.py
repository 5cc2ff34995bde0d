"""The first page and `/api/v1/overview`: each application with a state, a path and a reason, in order."""

from __future__ import annotations

import re
import time
from urllib.parse import quote

import pytest
from sqlalchemy import event

from shipway.pushes.git import Git
from shipway.releases import freeze
from shipway.releases.gate import Frozen, GateClosed
from shipway.signals.lately import Lately
from shipway.signals.reading import Reading
from shipway.signals.verdict import Verdict
from shipway.state import deployments, facts, holds, releases, runs, verdicts
from shipway.state.tables import metadata
from shipway.story.trial import BadVerdict
from shipway.web import app
from support.tallies import tally
from web import telling
from web.judged import BAD, Trials, fine, on_trial
from web.scene import AUTHORS, ENVIRONMENTS, Scene
from web.server import Site

ORDER = ["ledger", "topup", "search", "mailer", "statements", "storefront"]


def overview(site: Site, query: str = "", who: str = "ada") -> dict[str, dict[str, object]]:
    found = site.get(f"/api/v1/overview{query}", who).json["applications"]
    return {one["name"]: one for one in found}


def states(site: Site) -> dict[str, object]:
    return {name: one["state"] for name, one in overview(site).items()}


def test_what_needs_a_person_comes_first_and_what_is_well_last(past: Site) -> None:
    assert list(overview(past)) == ORDER
    assert list(states(past).values()) == ["failed", "failed", "rolled", "running", "running", "serving"]
    page = past.get("/").text
    places = [page.index(f">{name}</a></h2>") for name in ORDER]
    assert places == sorted(places)


def test_it_is_narrowed_down_by_whose_by_branch_by_team_and_to_what_needs_somebody(past: Site) -> None:
    assert set(overview(past, "?who=mine")) == {"topup", "statements"}
    assert set(overview(past, "?who=mine", "ben")) == {"search", "ledger"}
    assert set(overview(past, "?person=cho")) == {"storefront", "mailer"}
    assert set(overview(past, "?who=needs")) == {"topup", "ledger", "search"}
    assert set(overview(past, "?who=needs&person=ada")) == {"topup"}
    branch = overview(past, "?branch=retries")
    assert (set(branch), branch["topup"]["branch"], branch["topup"]["run"]) == ({"topup"}, "retries", 4)
    assert overview(past, "?team=payments") == {}
    assert "No application is like that." in past.get("/?team=payments").text


def test_whoever_wrote_the_commits_finds_them_though_somebody_else_pushed_them(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    scene.application("ledger")
    scene.deliver(scene.push("topup", "One", commit=scene.commit("topup", "One", "ben")))
    scene.deliver(scene.push("ledger", "One"))
    assert set(overview(site, "?who=mine", "ben")) == {"topup"}, "called ben in the address"
    assert set(overview(site, "?person=ben")) == {"topup"}
    name = AUTHORS["ben"]
    assert overview(site)["topup"]["people"] == ["ada", name]
    assert overview(site)["ledger"]["people"] == ["ada"], "her own commit"
    assert set(overview(site, f"?person={quote(name)}")) == {"topup"}
    page = site.get(f"/?person={quote(name)}").text
    assert f"<option selected>{name}</option>" in page
    assert site.get("/").text.count(f"<option>{name}</option>") == 1


def test_the_last_hour_is_told_minute_by_minute_and_silence_is_not_nothing(past: Site) -> None:
    found = {one["name"]: one for one in past.get("/api/v1/overview/hours").json["applications"]}
    assert set(found) == set(ORDER)
    assert all(len(one["requests"]) == len(one["failed"]) == 60 for one in found.values())
    assert set(found["storefront"]["requests"]) == {None}
    assert min(filter(None, found["search"]["requests"])) > 1000
    assert sum(filter(None, found["search"]["failed"])) > 1000
    mine = past.get("/api/v1/overview/hours?who=mine").json["applications"]
    assert {one["name"] for one in mine} == {"topup", "statements"}


def test_a_branch_that_is_delivered_nowhere_is_told_of_itself(site: Site) -> None:
    """And not of what serves where it never was, nor of what people do there."""
    scene = site.scene
    scene.application("topup")
    before = scene.deliver(scene.push("topup", "One"))
    scene.deliver(scene.push("topup", "Two"))
    tried = scene.push("topup", "Try it", branch="feature/x", deliver=())
    made, short = scene.deliver(tried, environments=()), tried.commit[:7]
    asked = "?branch=feature/x"

    def said() -> tuple[object, object]:
        row = overview(site, asked)["topup"]
        page = site.get(f"/{asked}").text
        assert "Everything that was pushed is where it should be" not in page
        assert f"{row['why']}." in page
        return row["says"], row["why"]

    assert said() == ("Passed", "Not in dev, test and prod: feature/x is not delivered there")
    scene.deploy_again("topup", "dev", made)
    there = ("Serving in dev", f"{short} is in dev, and not in test and prod: feature/x is not delivered there")
    assert said() == there
    scene.roll_back("topup", "prod", before)
    assert said() == there
    assert overview(site)["topup"]["says"] == "Rolled back", "the newest of main"


def test_a_branch_that_was_merged_as_it_is_is_not_what_people_do_afterwards(site: Site) -> None:
    """Shipway's revert is such a branch: it was tested there, and main delivers it."""
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    ready = scene.push("topup", "Revert one", branch="revert-1", deliver=())
    artifact = scene.deliver(ready, environments=())
    merged = scene.push("topup", "Revert one", commit=ready.commit)
    scene.begin(merged)
    for name in ENVIRONMENTS:
        scene.deploy(merged, name)
    scene.end(merged)
    scene.configure("topup", "prod", {"TILL": "7"}, [])
    configured = scene.begin_configuration("topup", "prod", artifact)
    scene.deploy(configured, "prod", digest=artifact.digest)
    scene.end(configured)
    back = site.send("POST", "/api/v1/applications/topup/environments/prod/rollback", {"to": "r2"}).json
    with scene.database.read() as conn:
        asked = runs.numbered(conn, "topup", back["number"])
    assert asked is not None
    assert asked.branch == "main", "it was merged, and main delivers it"
    scene.begin(asked)
    with scene.database.write() as conn:
        before = releases.numbered(conn, "topup", "prod", 2)
        assert before is not None
        by = deployments.begin(conn, run=asked.id, release=before, kind="rollback", at_least=0)
        releases.serve(conn, before, deployment=by.id, epoch=by.epoch, warm_until=by.started)
        deployments.switched(conn, by)
        deployments.end(conn, by, "done")
    scene.end(asked)
    assert overview(site, "?branch=revert-1")["topup"]["says"] == "Serving", "it is what serves"
    assert overview(site)["topup"]["says"] == "Rolled back", "what was set on main went"


def test_an_application_that_serves_in_dev_alone_is_said_to_serve_there(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One", deliver=("dev",))
    scene.deliver(run, environments=("dev",))
    assert overview(site)["topup"]["says"] == "Serving in dev"
    assert site.get(f"/api/v1/applications/topup/commits/{run.commit}").json["states"] == ["Serving in dev"]
    assert "nothing serves in prod yet" in site.get("/").text
    empty = site.get("/applications/topup/environments/prod").text
    assert re.search('<section id="signals"[^>]* hidden', empty), "what never served has nothing to draw"
    assert "No earlier release" not in empty
    assert not re.search(
        '<section id="signals"[^>]* hidden', site.get("/applications/topup/environments/dev").text
    )


def test_what_fails_where_a_branch_never_was_is_said_of_the_row_that_serves_there(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    first = scene.deliver(scene.push("topup", "One"))
    tried = scene.push("topup", "Try it", branch="feature/x", deliver=())
    scene.deploy_again("topup", "dev", scene.deliver(tried, environments=()))
    asked = "?branch=feature/x"

    def shapes() -> list[str]:
        return [one["state"] for one in overview(site, asked)["topup"]["path"]]  # type: ignore[attr-defined]

    page = site.get(f"/{asked}").text
    assert shapes() == ["passed", "passed", "serving", "queued", "queued"], "test and prod serve another commit"
    assert page.count('class="prod off"') == 2
    assert 'data-hour="topup"' not in page
    look = Reading(scene.now, 10.0, "topup.prod.r1", tally(20, 12), 0, heard=True)
    site.cast.collector.lately = lambda: {"topup.prod": Lately().after([look], scene.now)}  # type: ignore[method-assign]
    row = overview(site, asked)["topup"]
    assert (row["says"], row["needs_a_person"], shapes()[-1]) == ("Serving in dev", False, "failed")
    page = site.get(f"/{asked}").text
    assert "People are hurt" not in page
    assert "requests/s" not in page, "what prod answers is not the branch's"
    assert overview(site)["topup"]["says"] == "Failing"
    site.cast.collector.lately = dict  # type: ignore[method-assign]
    scene.begin_deploy("topup", "prod", first)
    assert overview(site, asked)["topup"]["says"] == "Serving in dev"


def test_a_branch_that_shipway_made_can_be_chosen_once_a_person_used_it(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    first = scene.push("topup", "One")
    made = {name: scene.commit("topup", name, branch=name) for name in ("revert-a", "revert-b", "revert-c")}
    for name, commit in made.items():
        scene.green(scene.push("topup", "", who="shipway", branch=name, commit=commit))
    assert overview(site)["topup"]["branches"] == ["main"]
    assert overview(site)["topup"]["people"] == ["ada"]
    assert "revert-" not in site.get("/").text
    scene.push("topup", "", who="ben", branch="revert-a", commit=first.commit)
    url = "/api/v1/applications/topup/environments/prod/deploy"
    assert site.send("POST", url, {"commit": made["revert-b"]}).status < 300
    assert overview(site)["topup"]["branches"] == ["revert-a", "main", "revert-b"]


def test_a_team_is_the_one_that_shipway_yml_names(site: Site) -> None:
    scene = site.scene
    for name, team in (("topup", "payments"), ("search", "search"), ("mailer", None)):
        scene.application(name)
        run = scene.push(name, "One", deliver=("prod",))
        if team is not None:
            _name_team(scene, run.id, name, team)
    assert set(overview(site, "?team=payments")) == {"topup"}
    assert "payments, three environments" in site.get("/").text
    assert 'name="team"' in site.get("/").text


def test_a_trial_says_its_share_and_what_was_last_judged(site: Site) -> None:
    on_trial(site.scene)
    row = overview(site)["trying"]
    assert row["says"] == "50 % of prod"
    assert row["why"] == "r2 has 50 % of the requests to prod; not known at 10 %: 12 requests are too few to tell"


def test_what_is_asked_and_fails_is_said_as_long_as_it_does(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))

    def answered(
        change: str, says: str, environment: str = "prod", name: str = "topup"
    ) -> tuple[object, object, object]:
        asked = {"probe": "ledger", "kind": "command", "of": "./audit", "release": None, "expects": "a number, 0"}
        since = {"since": time.time() - 180, "tried": False}
        with scene.database.write() as conn:
            data = {**asked, **since, "says": says}
            facts.record(conn, f"probe.{change}", application=name, environment=environment, data=data)
            newest = facts.newest(conn)
        if change == "failed":
            where = {"application": name, "environment": environment}
            cause = f'failing {name} {environment} "ledger" {newest}'
            telling.say(scene, "owner", cause, "failing", f"{environment}: ledger fails", **where)
        row = overview(site)[name]
        return row["state"], row["why"], [one["says"] for one in row["failing"]]  # type: ignore[attr-defined]

    assert answered("failed", "3") == ("ailing", "ledger fails in prod for 3 min: 3", ["3"])
    page, path = site.get("/").text, overview(site)["topup"]["path"]
    assert 'href="/applications/topup/environments/prod#probes">ledger fails' in page
    assert ("topup needs you." in page, "Needs a person <b>1</b>" in page) == (True, True)
    assert "A probe fails in prod of topup: people may be hurt." in page
    assert [station["state"] for station in path][2:] == ["serving", "serving", "failed"]  # type: ignore[attr-defined]
    scene.end(scene.push("topup", "Two"), "failed", "test failed")
    assert overview(site)["topup"]["state"] == "ailing", "whatever became of a newer commit"
    assert answered("recovered", "0") == ("failed", "test failed", [])
    assert answered("failed", "3", "dev") == ("failed", "test failed", ["3"]), "nobody else is hurt by that"
    scene.push("topup", "Three")
    assert overview(site)["topup"]["state"] == "ailing"
    assert "A probe fails in dev of topup.<" in site.get("/").text
    scene.application("works")
    scene.deliver(scene.push("works", "One"))
    assert answered("failed", "7", name="works")[0] == "ailing"
    assert list(overview(site)) == ["works", "topup"], "prod's before dev's"


def test_what_is_quarantined_needs_a_person_and_leads_to_the_reason(site: Site) -> None:
    scene = site.scene
    with scene.history():
        told = Trials(scene, "bad")
        run, deployment = told.comes(40, "Take a charge once per key")
        told.share(deployment, 10)
        told.condemned(run, deployment, 10)
        told.undone(run, deployment, f"r2 was taken back: {BAD}", "signals.bad_verdict")
    row = overview(site)["bad"]
    assert (row["state"], row["needs_a_person"]) == ("quarantined", True)
    page = site.get("/?who=needs").text
    assert "Needs a person <b>1</b>" in page
    assert "The newest commit of bad is quarantined: what mends it has to come from a person." in page
    assert f'<a href="/applications/bad/commits/{run.commit[:10]}">Failed requests: 9 of 18' in page
    assert str(row["why"]).startswith("Failed requests: 9 of 18")
    assert str(row["why"]).endswith("; ben@example.org was told")
    assert row["path"][0]["state"] == "quarantined"  # type: ignore[index]
    with scene.history():
        scene.push("bad", "Take it once, at last")
    assert overview(site, "?who=needs") == {}, "a fix is on its way"


@pytest.mark.parametrize("in_prod", [True, False])
def test_a_reason_stands_beside_the_environment_it_is_of(site: Site, *, in_prod: bool) -> None:
    """Of a commit that was bad in several: the last, with who was told of that one."""
    scene = site.scene
    scene.application("topup")
    before = scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Two")
    scene.deliver(run)
    bad = {**({"prod": "None answered in prod."} if in_prod else {}), "dev": "Few answered in dev."}
    for environment, reason in bad.items():
        with scene.database.write() as conn:
            served = deployments.of_run(conn, run.id, environment)
            assert served is not None
            verdicts.record(conn, served, release=2, share=100, kind="bad", reason=reason, findings=())
        scene.roll_back("topup", environment, before, who="shipway")
        about = {"application": "topup", "environment": environment, "commit": run.commit}
        for who in (environment, "both"):
            said = telling.say(scene, f"{who}@example.org", f"{who} {environment}", "bad", reason, **about)
            telling.took(scene, said)
    last = next(iter(bad))
    about = {"application": "topup", "environment": "dev", "commit": run.commit}
    telling.took(scene, telling.say(scene, "late@example.org", "late", "error", "An error", **about))
    row = overview(site)["topup"]
    at = 2 + ["dev", "test", "prod"].index(last)
    reason = bad[last].rstrip(".")
    assert str(row["why"]).startswith(f"{reason}; ")
    if in_prod:
        assert "late@example.org" not in str(row["why"])
    assert f'class="back hurt at-{at}"' in site.get("/").text


@pytest.mark.parametrize("by", ["push", "deploy"])
@pytest.mark.parametrize("became", ["taken back at a share", "rolled back", "serving"])
def test_what_was_judged_bad_is_quoted_whichever_run_brought_it(site: Site, became: str, by: str) -> None:
    scene = site.scene
    scene.application("topup")
    before = scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Two", deliver=ENVIRONMENTS if by == "push" else ENVIRONMENTS[:2])
    artifact = scene.green(run)
    for name in ("dev", "test"):
        scene.deploy(run, name)
    if by == "deploy":
        scene.end(run)
        run = scene.begin_deploy("topup", "prod", artifact, who="ben")
    at_a_share = became == "taken back at a share"
    tried = scene.begin_deployment(run, "prod") if at_a_share else scene.deploy(run, "prod")
    with scene.database.write() as conn:
        verdicts.record(conn, tried, release=2, share=10, kind="bad", reason="None answered; really.", findings=())
        if became != "serving":
            holds.quarantine(conn, "topup", "prod", run.commit, why="None answered.", run=run.id)
    if at_a_share:
        scene.fail_deployment(tried, "r2 was taken back")
        scene.remark(run, "run.stopped", id=BadVerdict.id, at="deploy", message="r2 was taken back")
        scene.end(run, "failed", "r2 was taken back")
    else:
        scene.end(run)
    if became == "rolled back":
        scene.roll_back("topup", "prod", before, who="shipway")
    row = overview(site)["topup"]
    if became == "serving":
        assert (row["state"], row["why"]) == ("hurt", "Judged bad in prod, and serves: none answered")
    else:
        assert (row["state"], row["why"]) == ("quarantined", "None answered")
    assert 'class="back ' in site.get("/").text


def test_a_bad_verdict_is_not_quoted_of_what_came_back_and_was_rolled_back_by_a_person(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    before = scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Two")
    artifact = scene.deliver(run)
    with scene.database.write() as conn:
        served = deployments.of_run(conn, run.id, "prod")
        assert served is not None
        verdicts.record(conn, served, release=2, share=100, kind="bad", reason="None answered.", findings=())
    scene.roll_back("topup", "prod", before, who="shipway")
    assert str(overview(site)["topup"]["why"]) == "None answered"
    scene.deploy_again("topup", "prod", artifact)
    assert overview(site)["topup"]["state"] == "serving"
    scene.roll_back("topup", "prod", before)
    assert overview(site)["topup"]["why"] == f"ben rolled prod back to r1, {before.commit[:7]}"


def test_who_rolled_back_is_said_as_long_as_the_newest_commit_is_away(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    before = scene.deliver(scene.push("topup", "One"))
    scene.deliver(scene.push("topup", "Two"))
    scene.roll_back("topup", "prod", before)
    scene.configure("topup", "prod", {"TILL": "7"}, [])
    scene.deploy_again("topup", "prod", before)
    row, page = overview(site)["topup"], site.get("/").text
    took = f"ben rolled prod back to r1, {before.commit[:7]}"
    assert (row["says"], row["why"]) == ("Rolled back", f"{took}, and r3 serves now")
    assert [one["state"] for one in row["path"]][2:] == ["serving", "serving", "rolled"]  # type: ignore[index]
    assert row["seconds"] is None
    assert "Everything that was pushed is where it should be" not in page
    assert "topup went back to an earlier release, and stays there until somebody brings it on." in page
    assert ("topup needs you." in page, "Needs a person <b>1</b>" in page) == (True, True)
    scene.configure("topup", "prod", {"TILL": "8"}, [])
    again = scene.begin_deploy("topup", "prod", before)
    deployment = scene.begin_deployment(again, "prod", digest=before.digest)
    with scene.database.write() as conn:
        deployments.enter(conn, deployment, "try", {"share": 10})
    row, page = overview(site)["topup"], site.get("/").text
    assert (row["says"], row["why"]) == (
        "r4: 10 % of prod",
        f"r4, {before.commit[:7]}, has 10 % of the requests to prod",
    )
    assert row["path"][-1]["about"] == "r4 10 %, r3 90 %"  # type: ignore[index]
    assert "topup is under way." in page
    assert f"{before.commit[:7]} of topup is on the way." in page
    scene.deliver(scene.push("topup", "Three"), ["dev"])
    page = site.get("/").text
    drawn = page.partition('<g class="ships">')[2].partition("</g>")[0]
    hubs = re.findall(r'<circle(?: class="\w+")? cx="(\d+)"', page.partition("slim-sea")[0])
    *_, test, prod = sorted({int(x) for x in hubs})
    (ship,) = (int(x) for x in re.findall(r'href="#i-hull" x="(\d+)"', drawn))
    assert (before.commit[:7] in drawn, test < ship < prod) == (True, True)
    assert f"topup, commit {before.commit[:7]}" in page


def test_the_time_to_prod_of_a_retry_is_not_said_to_be_from_the_push(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.deliver(run)
    assert "from push to prod" in site.get("/").text
    assert '<a href="/">Show all applications</a>' in site.get("/?person=nobody").text
    scene.begin(late := scene.push("topup", "Two"))
    scene.end(late, "failed", "the machine went down")
    with scene.database.write() as conn:
        again = runs.repeat(conn, late, "ada")
    scene.deliver(again)
    assert "from run 3, which did run 2 again, to prod" in site.get("/").text


def test_an_older_commit_that_somebody_deployed_takes_the_place_of_the_newest(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    before = scene.deliver(scene.push("topup", "One"))
    newest = scene.push("topup", "Two")
    scene.deliver(newest)
    scene.configure("topup", "prod", {"TILL": "7"}, [])
    scene.deploy_again("topup", "prod", before)
    row = overview(site)["topup"]
    assert (row["state"], row["says"]) == ("replaced", "Replaced")
    assert row["why"] == f"ada deployed {before.commit[:7]} after it"
    assert "The newest commit of topup does not serve any more" in site.get("/").text


@pytest.mark.parametrize(("failed", "state"), [(12, "failing"), (10, "serving")])
def test_what_fails_most_requests_comes_before_everything(site: Site, failed: int, state: str) -> None:
    """Whatever the record says: nothing was judged, and the newest commit is where it should be."""
    scene = site.scene
    for name in ("topup", "well"):
        scene.application(name)
        scene.deliver(scene.push(name, "One"))
    scene.end(scene.push("well", "Two"), "failed", "test failed")
    look = Reading(scene.now, 10.0, "topup.prod.r1", tally(20, failed), 0, heard=True)
    lately = {"topup.prod": Lately().after([look], scene.now)}
    site.cast.collector.lately = lambda: lately  # type: ignore[method-assign]
    row, there = overview(site)["topup"], site.get("/applications/topup/environments/prod").text
    assert row["state"] == state
    assert row["needs_a_person"] is (state == "failing")
    page = site.get("/").text
    if state == "failing":
        assert list(overview(site)) == ["topup", "well"]
        told = "prod is failing: 12 of 20 requests failed in the last 10 s"
        assert (row["says"], row["why"]) == ("Failing", told)
        assert f"{told}." in there, "both pages read the same"
        assert "People are hurt: many requests to topup fail." in page
        assert page.count('<g class="prod hurt">') == 2
    else:
        assert "People are hurt" not in page
        assert "is failing" not in there
    found = site.get("/api/v1/applications/topup/environments/prod").json["failing"]
    assert found == ({"requests": 20, "failed": 12, "seconds": 10.0} if state == "failing" else None)


def test_what_was_judged_bad_and_serves_comes_before_everything(site: Site) -> None:
    scene = site.scene
    with scene.history():
        told = Trials(scene, "hurting")
        _run, deployment = told.comes(60, "Round to the nearest cent", strategy="blue_green")
        told.serves(deployment)
        told.judge(deployment, 100, Verdict("bad", BAD, ()))
    scene.application("topup")
    scene.end(scene.push("topup", "One"), "failed", "test failed")
    assert list(overview(site)) == ["hurting", "topup"]
    assert overview(site)["hurting"]["state"] == "hurt"
    page = site.get("/").text
    assert "People are hurt" in page
    assert page.count('<g class="prod hurt">') == 2, "the picture says what the words say"


@pytest.mark.parametrize("closed", [GateClosed, *GateClosed.__subclasses__()])
def test_a_closed_gate_blocks_and_says_what_would_open_it(site: Site, closed: type[GateClosed]) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.green(run)
    scene.deploy(run, "dev")
    about = {"message": "test is held (freeze) by ben: month end", "hint": "It ends on Monday."}
    scene.remark(run, "run.stopped", id=closed.id, at="deploy", **about)
    scene.end(run, "failed", about["message"])
    if closed is Frozen:
        _freeze(scene, "topup", "test", time.time() + 3600)
    row = overview(site)["topup"]
    assert (row["state"], row["why"]) == ("blocked", f"{about['message']}. {about['hint']}")
    assert [station["state"] for station in row["path"]][2:] == ["serving", "queued", "queued"]  # type: ignore[attr-defined]
    life = site.get(f"/api/v1/applications/topup/commits/{run.commit}").json["moments"]
    assert [told["says"] for told in life if told["kind"] == "gate"] == [f"{about['message']}. {about['hint']}"]
    home = site.get("/").text
    assert f"{about['message']}.</a> {about['hint']}</span>" in home
    assert (f"The newest commit of topup waits: {about['message']}.<" in home) == (closed is Frozen)
    assert [one["blocked"] for one in site.get("/api/v1/runs").json["runs"]] == [True]
    assert "Blocked" in site.get("/runs").text
    page = site.get("/runs/topup:1").text
    assert "Blocked after" in page
    assert "First failure" not in page
    assert "Failed" not in page


def test_what_a_freeze_kept_away_can_come_once_that_is_over(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = site.scene
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.green(run)
    scene.deploy(run, "dev")
    scene.remark(run, "run.stopped", id=Frozen.id, at="deploy", message="ben froze test until Monday")
    scene.end(run, "failed", "ben froze test until Monday")
    _freeze(scene, "topup", "test", time.time() + 3600)
    assert overview(site)["topup"]["why"] == "ben froze test until Monday"
    assert overview(site)["topup"]["needs_a_person"] is False
    home = site.get("/").text
    assert "topup waits." in home
    assert "The newest commit of topup waits: ben froze test until Monday." in home
    assert "topup" not in overview(site, "?who=needs")
    later = time.time() + 7200
    monkeypatch.setattr(time, "time", lambda: later)
    assert overview(site)["topup"]["needs_a_person"] is True
    now = "test was frozen when it came there, and is open again: shipway deploy"
    assert overview(site)["topup"]["why"] == f"{now} {run.commit[:7]} --env test"


def test_what_a_gate_stopped_is_where_another_run_has_brought_it_since(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Two")
    artifact = scene.green(run)
    scene.deploy(run, "dev")
    scene.remark(run, "run.stopped", id=Frozen.id, at="deploy", message="ben froze test until Monday")
    scene.end(run, "failed", "ben froze test until Monday")

    def told() -> tuple[object, object, list[str]]:
        row = overview(site)["topup"]
        return row["state"], row["why"], [station["state"] for station in row["path"]][2:]  # type: ignore[attr-defined]

    short = run.commit[:7]
    again = f"test was frozen when it came there, and is open again: shipway deploy {short} --env test"
    assert told() == ("blocked", again, ["serving", "blocked", "serving"])
    scene.deploy_again("topup", "test", artifact)
    further = f"{short} serves in test by now, and waits before prod: shipway deploy {short} --env prod"
    assert told() == ("blocked", further, ["serving", "serving", "blocked"])
    with scene.database.write() as conn:
        freeze.freeze(conn, "topup", "prod", why="Month end", until="", who="ben")
    assert told() == ("blocked", "ben froze prod: Month end", ["serving", "serving", "blocked"])
    with scene.database.write() as conn:
        freeze.thaw(conn, "topup", "prod", who="ben")
        holds.quarantine(conn, "topup", "prod", run.commit, why="It was bad.", run=run.id)
    assert told()[1] == f"{short} is quarantined in prod"
    with scene.database.write() as conn:
        holds.lift(conn, holds.quarantined(conn, "topup", "prod"), by=run.commit, run=run.id)
    coming = scene.begin_deployment(scene.begin_deploy("topup", "prod", artifact), "prod")
    assert told()[::2] == ("running", ["serving", "serving", "serving"])
    scene.fail_deployment(coming, "it does not listen")
    scene.deploy_again("topup", "prod", artifact)
    assert told()[::2] == ("serving", ["serving", "serving", "serving"])


@pytest.mark.parametrize("back", [True, False])
def test_what_was_brought_past_a_gate_by_hand_and_taken_away_again_is_not_blocked(
    site: Site, *, back: bool
) -> None:
    """Home, `where`, `why` and the page of the commit say the same."""
    scene = site.scene
    scene.application("topup")
    older = scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Two")
    artifact = scene.green(run)
    for environment in ("dev", "test"):
        scene.deploy(run, environment)
    froze = "ben froze prod until Monday"
    scene.remark(run, "run.stopped", id=Frozen.id, environment="prod", message=froze)
    scene.end(run, "failed", froze)
    scene.deploy_again("topup", "prod", artifact)
    if back:
        scene.roll_back("topup", "prod", older)
        took, state, station = f"ben rolled prod back to r1, {older.commit[:7]}", "rolled", "rolled"
    else:
        scene.deploy_again("topup", "prod", older, who="ben")
        took, state, station = f"ben deployed {older.commit[:7]} after it", "replaced", "draining"
    row = overview(site)["topup"]
    assert (row["state"], row["why"], row["path"][-1]["state"]) == (state, took, station)  # type: ignore[index]
    where = f"/api/v1/applications/topup/commits/{run.commit}"
    whereabouts = {one["name"]: one for one in site.get(f"{where}/where").json["environments"]}
    why = site.get(f"{where}/why?environment=prod").json
    assert (whereabouts["prod"]["reason"], why["reason"], why["next"]) == (took, took, None)
    said, _, there = site.get(f"/applications/topup/commits/{run.commit}").text.partition('id="where"')
    page = re.sub("<[^>]+>", "", said)
    assert f"Not in prod: {took}" in page
    assert f"Ada Okafor wrote {run.commit[:7]}, and ada pushed it to main " in page
    assert re.findall('class="st (\\w+)"', there.partition("</ul>")[0])[-1] == station
    assert "Blocked" not in page
    assert "shipway deploy" not in page


def test_what_failed_to_come_and_was_deployed_since_serves(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    run = scene.push("topup", "Two")
    artifact = scene.green(run)
    for environment in ("dev", "test"):
        scene.deploy(run, environment)
    scene.fail_deployment(scene.begin_deployment(run, "prod"), "web did not get healthy")
    scene.end(run, "failed", "web did not get healthy")
    failed = overview(site)["topup"]
    scene.deploy_again("topup", "prod", artifact)
    serves = overview(site)["topup"]
    told = [(row["state"], row["path"][-1]["state"]) for row in (failed, serves)]  # type: ignore[index]
    assert told == [("failed", "failed"), ("serving", "serving")]


def test_a_way_of_many_environments_fits_into_its_row(site: Site) -> None:
    """What is the matter is seen with its neighbours; the data have every environment."""
    scene, names = site.scene, [f"env-{number:02d}" for number in range(20)]
    scene.application("topup")
    scene.deliver(scene.push("topup", "One", deliver=names), environments=names)
    run = scene.push("topup", "Two", deliver=names)
    scene.green(run)
    for name in names[:10]:
        scene.deploy(run, name)
    scene.fail_deployment(scene.begin_deployment(run, names[10]), "web did not get healthy")
    scene.end(run, "failed", "web did not get healthy")
    row = site.get("/").text
    row = row[row.index('id="rows"') :]
    shown = re.findall(r'<b(?: class="hash")?>(?:<a [^>]+>)?([^<]+)', row[: row.index("</ol>")])
    assert shown[1:] == ["run 2", "12 more", "env-09", "env-10", "env-11", "7 more", "env-19"]
    assert 'class="app card n8"' in row
    assert 'class="back fail at-4"' in row
    assert len(overview(site)["topup"]["path"]) == 25  # type: ignore[arg-type]


def test_commits_at_one_place_stay_inside_the_picture(site: Site) -> None:
    for name in ("one", "two", "three", "four", "five"):
        site.scene.application(name)
        site.scene.push(name, "One")
    drawn = site.get("/").text.partition('<g class="ships">')[2].partition("</svg>")[0]
    heights = [int(y) for y in re.findall(r'href="#i-hull" x="\d+" y="(-?\d+)"', drawn)]
    assert (len(heights), min(heights) > 10) == (3, True)
    assert "2 more" in drawn


def test_the_small_picture_has_a_commit_where_it_really_is(site: Site) -> None:
    scene = site.scene
    for name in ("topup", "ledger"):
        scene.application(name)
    run = scene.push("topup", "One")
    scene.green(run)
    for environment in ("dev", "test"):
        scene.deploy(run, environment)
    scene.begin_deployment(run, "prod")
    small = site.get("/").text.partition('class="sea slim-sea"')[2].partition("</svg>")[0]
    hubs = [int(x) for x in re.findall(r'<circle(?: class="\w+")? cx="(\d+)"', small)]
    (ship,) = [int(x) for x in re.findall(r'href="#i-hull" x="(\d+)"', small)]
    assert hubs[3] < ship < hubs[-1] == 300
    assert run.commit[:7] in small
    scene.push("ledger", "One")
    small = site.get("/").text.partition('class="sea slim-sea"')[2].partition("</svg>")[0]
    assert (small.count('href="#i-hull"'), "2 under way" in small) == (2, True)


def test_a_good_verdict_stands_beside_how_long_it_has_served(site: Site) -> None:
    with site.scene.history():
        told = Trials(site.scene, "good")
        run, deployment = told.comes(900, "Say why a charge was refused")
        told.serves(deployment)
        site.scene.end(run)
        told.judge(deployment, 100, fine(1310))
    why = str(overview(site)["good"]["why"])
    assert why.startswith("Good: nothing speaks against 1,310 requests; r2 has served prod for ")


def test_a_hold_that_ends_by_the_clock_ends_without_a_fact(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    _freeze(scene, "topup", "prod", time.time() + 3600)
    assert states(site) == {"topup": "frozen"}
    later = time.time() + 7200
    monkeypatch.setattr("shipway.web.api.overview.time.time", lambda: later)
    assert states(site) == {"topup": "serving"}


def test_every_fact_is_seen_at_once_and_what_no_fact_touched_is_not_read_again(site: Site) -> None:
    scene = site.scene
    for name in ("topup", "ledger", "mailer", "search", "storefront"):
        scene.application(name)
        scene.push(name, "One")
    asked: list[str] = []
    event.listen(scene.database._engine, "before_cursor_execute", lambda *told: asked.append(str(told[2])))
    first, again = _asked(site, asked), _asked(site, asked)
    assert again < 12 < first
    run = scene.push("storefront", "Larger hero images", who="cho")
    assert overview(site)["storefront"]["commit"] == run.commit
    with scene.database.write() as conn:
        runs.begin(conn, run, "bubblewrap")
    assert again < _asked(site, asked) < first / 2
    assert states(site)["storefront"] == "running"


def test_what_is_read_ahead_nobody_waits_for_and_lists_ask_once_for_all(site: Site) -> None:
    scene = site.scene
    for name in ("topup", "ledger", "mailer", "search", "storefront"):
        scene.application(name)
        scene.deliver(scene.push(name, "One"))
    asked: list[str] = []
    event.listen(scene.database._engine, "before_cursor_execute", lambda *told: asked.append(str(told[2])))
    app.read_ahead(site.app)
    site.get("/health")  # the first one notes that its token is used
    assert _asked(site, asked) < 12
    asked.clear()
    found = site.get("/api/v1/applications").json["applications"]
    assert len(asked) < 12
    assert found == [site.get(f"/api/v1/applications/{one['name']}").json for one in found]


def test_only_the_environments_that_facts_name_are_read_again(site: Site) -> None:
    """What most facts tell of, a step, is in none."""
    scene = site.scene
    scene.application("topup")
    scene.deliver(scene.push("topup", "One"))
    asked: list[str] = []
    event.listen(scene.database._engine, "before_cursor_execute", lambda *told: asked.append(str(told[2])))
    _asked(site, asked)
    found = []
    for names in ([None], ["test"], ["dev", "test", "prod"]):
        with scene.database.write() as conn:
            for name in names:
                facts.record(conn, "deployment.started_anew", application="topup", environment=name)
        found.append(_asked(site, asked))
    none, one, every = found
    assert none < one < every
    _freeze(scene, "topup", "test", time.time() + 3600)
    assert states(site) == {"topup": "frozen"}


@pytest.mark.parametrize("rows", ["runs", "facts"])
def test_what_the_page_asks_the_record_is_found_by_an_index(past: Site, rows: str) -> None:
    """So it is as fast with a hundred thousand runs as with ten; bench/home_scale.py has the figures."""
    engine = past.scene.database._engine
    asked: list[tuple[str, object]] = []
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append((str(told[2]), told[3])))
    past.get("/?branch=retries")  # of which nothing was read yet
    past.get("/api/v1/search?q=topup%20abcd")
    about = [each for each in asked if f"FROM {rows}" in each[0]]
    assert about
    with past.scene.database.read() as conn:
        for statement, values in about:
            plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()  # type: ignore[arg-type]
            steps = [str(step[-1]) for step in plan]
            long = ("SCAN", "TEMP B-TREE FOR ORDER", "(application>?)")
            unbounded = [step for step in steps for each in long if each in step and "LIMIT" not in statement]
            assert not unbounded, (statement, steps)
            assert not any("TEMP B-TREE FOR ORDER" in step for step in steps), (statement, steps)


@pytest.mark.parametrize("rows", ["runs", "facts", "messages", "artifacts"])
def test_what_is_asked_of_one_commit_is_found_by_it(past: Site, rows: str) -> None:
    """The oldest of a hundred thousand runs would else be found behind all the others."""
    engine = past.scene.database._engine
    asked: list[tuple[str, object]] = []
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append((str(told[2]), told[3])))
    past.get("/applications/topup/commits/main")
    past.get("/api/v1/applications/topup/where/main")
    about = [each for each in asked if f"FROM {rows}" in each[0] and '"commit" = ?' in each[0]]
    assert about
    with past.scene.database.read() as conn:
        for statement, values in about:
            plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()  # type: ignore[arg-type]
            steps = [str(step[-1]) for step in plan]
            assert any("commit=?" in step for step in steps), (statement, steps)
            assert not any("(application=?)" in step for step in steps), (statement, steps)


@pytest.mark.parametrize("migration", [None, "expand", "contract"])
def test_an_old_release_is_shown_without_looking_at_each_that_came_after_it(
    site: Site, migration: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands may have, each with the same release command; whether one of them keeps the requests from it is
    asked of those alone that took something away, and git is asked once.
    """
    scene = site.scene
    scene.application("topup")
    first = scene.push("topup", "One")
    scene.deliver(first)
    command = {"run": "./migrate", "migration": migration, "since": first.commit}
    declared = {} if migration is None else {"release": command}
    _deliver(scene, **declared)
    asked: list[str] = []
    event.listen(scene.database._engine, "before_cursor_execute", lambda *told: asked.append(str(told[2])))
    is_ancestor, git = Git.is_ancestor, []

    def counted(self: Git, a: str, b: str) -> bool:
        git.append(a)
        return is_ancestor(self, a, b)

    monkeypatch.setattr(Git, "is_ancestor", counted)
    found = []
    for _ in range(3):
        _deliver(scene, **declared)
        asked.clear()
        git.clear()
        assert site.get("/applications/topup/environments/prod/releases/r1").status == 200
        found.append((len(asked), len(git)))
    _, before, after = found  # the first one notes that its token is used
    assert before == after


def _deliver(scene: Scene, **declared: object) -> None:
    """A good commit the whole way, with its release command begun."""
    run = scene.push("topup", "And another")
    scene.green(run, **declared)
    for name in ENVIRONMENTS:
        begun = scene.deploy(run, name)
        with scene.database.write() as conn:
            deployments.note(conn, begun, "deployment.release", {})
    scene.end(run)


def _asked(site: Site, asked: list[str]) -> int:
    asked.clear()
    site.get("/api/v1/overview")
    return len(asked)


def _name_team(scene: Scene, run: str, name: str, team: str) -> None:
    """As its shipway.yml says."""
    table = metadata.tables["runs"]
    with scene.database.write() as conn:
        planned = dict(runs.get(conn, run).plan)
        project = {"name": name, "team": team, "processes": {"web": {"run": "x"}}}
        planned["project"] = project
        conn.execute(table.update().where(table.c.id == run).values(plan=planned))


def _freeze(scene: Scene, application: str, environment: str, until: float) -> None:
    about = {"application": application, "environment": environment, "commit": None, "kind": "freeze"}
    with scene.database.write() as conn:
        row = {"id": "1", **about, "why": "month end", "who": "ben", "created": time.time(), "until": until}
        conn.execute(metadata.tables["holds"].insert().values(**row, lifted=None))
        assert holds.on(conn, application, environment, "")
        facts.record(conn, "environment.frozen", application=application, environment=environment, who="ben")
