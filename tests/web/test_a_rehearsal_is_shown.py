"""What a rehearsal found, and whose commit a failed step came by, is on the page of the run and in its data."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from typing import Any

from shipway.incidents.suspects import Evidence, Suspicion
from shipway.project import Project
from shipway.state import rehearsals, releases, suspicions
from shipway.state.rehearsals import Old, Rehearsal
from shipway.state.runs import Run
from shipway.story import plan
from shipway.web import journey
from shipway.web.pages import graph
from web.scene import Scene
from web.server import Site

SAID = """\
Traceback (most recent call last):
  File "/app/web.py", line 11, in do_GET
sqlite3.OperationalError: no such column: <cents>
"""
HUNK = ("-    return charges", "+    return charges + 1")
BY = Suspicion(
    "c0ffee1 wrote line 31 of pay.py.",
    "c0ffee1" * 5 + "abcde",
    "Ada Okafor",
    "ada@example.org",
    "Take a charge once",
    "high",
    (Evidence("pay.py", 31, "charge", "line", HUNK),),
)


def rehearsed(scene: Scene, ending: str) -> Run:
    """A run that stands before its rehearsal in test, or has it behind it."""
    scene.application("prices")
    scene.deliver(scene.push("prices", "Price in cents"))
    run = scene.push("prices", "Price in pence", who="ben")
    artifact = scene.green(run)
    for name in ("dev", "test"):
        scene.deploy(run, name)
    with scene.database.write() as conn:
        now = releases.now_serving(conn, "prices", "prod")
        assert now is not None
        one = Rehearsal(run, "test", ["prod"], artifact.digest, [Old.of(releases.get(conn, now.release))])
        if ending == "unneeded":
            rehearsals.unneeded(conn, one, "nothing serves in prod yet, so there is no release before it")
            return run
        parts = [run.commit[:7], f"{one.olds[0]}, on the data as {run.commit[:7]} leaves it"]
        rehearsals.begin(conn, one)
        for part in parts:
            rehearsals.enter(conn, one, part)
        if ending == "failed":
            why = "web did not get healthy within 3 s: GET / answered 500."
            rehearsals.failed(conn, one, part=parts[-1], reason=why, excerpt=SAID, seconds=3.2)
        if ending == "passed":
            rehearsals.passed(conn, one, 4.0)
    if ending == "failed":
        scene.end(run, "failed", f"The rehearsal in test failed with {parts[-1]}: {why}")
    return run


def test_one_that_failed_says_with_what_and_what_the_application_said(site: Site) -> None:
    rehearsed(site.scene, "failed")
    page = site.get("/runs/prices:2").text
    assert "The rehearsal in test failed" in page
    assert "no such column: &lt;cents&gt;" in page
    assert "r1 of prod" in page
    (told,) = site.get("/api/v1/runs/prices:2").json["rehearsals"]
    assert (told["state"], told["environment"], told["before"]) == ("failed", "test", ["prod"])
    assert "no such column: <cents>" in told["excerpt"]
    home = site.get("/").text
    assert "The rehearsal in test failed" in home


def test_one_under_way_says_whose_turn_it_is(site: Site) -> None:
    run = rehearsed(site.scene, "under way")
    assert "is on its way: the rehearsal in test" in site.get("/runs/prices:2").text
    where = site.get(f"/api/v1/applications/prices/commits/{run.commit}/where").json["environments"]
    assert "the rehearsal in test: r1 of prod" in where[2]["reason"]


def test_why_a_commit_is_where_it_is_names_its_rehearsal(site: Site) -> None:
    run = rehearsed(site.scene, "passed")
    told = site.get(f"/api/v1/applications/prices/commits/{run.commit}/why?environment=prod").json["events"]
    assert [one["says"] for one in told] == [
        "its rehearsal in test passed after 4.0 s: it and r1 of prod work with the same data"
    ]
    assert "Rehearsal" in site.get("/runs/prices:2").text


def test_that_there_was_nothing_to_rehearse_is_said(site: Site) -> None:
    rehearsed(site.scene, "unneeded")
    assert "not needed: nothing serves in prod yet" in site.get("/runs/prices:2").text


def test_one_that_is_still_to_come_is_part_of_the_way(scene: Scene) -> None:
    scene.application("prices")
    run = scene.push("prices", "Price in cents")
    environments = "[dev, {name: test, rehearse: true}, prod]"
    project = Project.parse(f"name: prices\nbuild: static\nenvironments: {environments}\n")
    way = plan.journey(project, ["dev", "test", "prod"], tested=False)
    planned = replace(run, plan=way.as_dict())
    with scene.database.read() as conn:
        found = graph.columns(replace(journey.read(conn, run.id), run=planned))
    assert [box.name for column in found for box in column][-4:] == ["dev", "→ test", "rehearsal", "prod"]


def failed(scene: Scene, suspicion: Suspicion) -> Run:
    scene.application("topup")
    run = scene.push("topup", "Take a charge once")
    scene.begin(run)
    scene.step(run, "test", "failed", log="assert 40 == 70\n", excerpt="E   assert 40 == 70")
    with scene.database.write() as conn:
        for failure in suspicions.waiting(conn):
            suspicions.settle(conn, failure, asdict(suspicion))
    scene.end(run, "failed", "test failed")
    return run


def test_a_failed_step_shows_by_whose_commit_it_came(site: Site) -> None:
    failed(site.scene, BY)
    page = site.get("/runs/topup:1").text
    assert "of <b>Ada Okafor</b>" in page
    assert "wrote line 31 of pay.py" in page
    assert "+    return charges + 1" in page
    (told,) = site.get("/api/v1/runs/topup:1").json["suspicions"]
    assert (told["step"], told["commit"], told["confidence"]) == ("test", BY.commit, "high")


def test_where_nobody_is_suspected_it_says_why(site: Site) -> None:
    failed(site.scene, Suspicion("No call of the stack is in a file of the repository."))
    page = site.get("/runs/topup:1").text
    assert "No commit is suspected. No call of the stack is in a file" in page


def moments(site: Site, run: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.get(f"/api/v1/applications/prices/commits/{run.commit}").json["moments"]
    return found


def test_one_that_failed_is_where_the_time_line_of_its_commit_ends(site: Site) -> None:
    run = rehearsed(site.scene, "failed")
    last = moments(site, run)[-1]
    part = re.escape(f", on the data as {run.commit[:7]} leaves it")
    assert last["state"] == "failed"
    assert re.fullmatch(rf"Its rehearsal in test failed with r1 of prod \(\w{{7}}\){part}", last["title"])
    assert last["says"] == "Web did not get healthy within 3 s: GET / answered 500."
    page = site.get(f"/applications/prices/commits/{run.commit}").text
    line = page.partition("Its rehearsal in test failed with r1")[2]
    assert "no such column: &lt;cents&gt;" in line.partition("</li>")[0]


def test_one_that_passed_or_was_not_needed_is_on_the_time_line(site: Site) -> None:
    passed = moments(site, rehearsed(site.scene, "passed"))[-1]
    assert (passed["state"], passed["title"]) == ("passed", "Its rehearsal in test passed after 4.0 s")
    assert passed["says"] == "It and r1 of prod work with the same data."
