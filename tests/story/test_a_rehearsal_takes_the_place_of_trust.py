"""N+1, N, N+1 on a copy of the data: what would break what still serves goes no further, and leaves nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from shipway.durable.plan import Plan
from shipway.releases.gate import NotRehearsed
from shipway.state import facts, releases, runs
from shipway.state.facts import Fact
from shipway.state.runs import Run
from shipway.story import deliver, plan, rehearse
from shipway.story.cast import project_of
from support.prices import ADDS, RENAMES, STAYS, prices
from support.scene import Scene, a_scene
from support.workshop import NAME


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with a_scene(tmp_path) as scene:
        yield scene


def pushed(scene: Scene, column: str, change: str = STAYS, **how: Any) -> Run:
    """A run that takes a new commit from its artifact to prod, begun."""
    artifact = scene.workshop.make(prices(column, change, **how))
    project = project_of(artifact)
    way = plan.journey(project, project.order, tested=True)
    with scene.cast.database.write() as conn:
        run = runs.create(
            conn,
            application=NAME,
            push=None,
            branch="main",
            commit=artifact.commit,
            who="ada",
            purpose="push",
            deliver=project.order,
            plan={"project": project.model_dump(mode="json"), **way.as_dict()},
        )
    return scene.begun(run)


def carried(scene: Scene, run: Run) -> dict[str, str]:
    """Every node of its plan, as the engine goes through them; how each ended."""
    outcomes: dict[str, str] = {}
    for node in Plan.from_dict(run.plan).nodes:
        if all(outcomes[need] == "passed" for need in node.needs) or node.always:
            outcomes[node.id] = scene.act(run, node.action, **node.arguments)
        else:
            outcomes[node.id] = "skipped"
    return outcomes


def serves(scene: Scene, column: str, change: str = STAYS, **how: Any) -> Run:
    run = pushed(scene, column, change, **how)
    assert set(carried(scene, run).values()) == {"passed"}
    return run


def told(scene: Scene, run: Run, like: str = "rehearsal.") -> list[Fact]:
    with scene.cast.database.read() as conn:
        return [fact for fact in facts.after(conn, 0, runs=[run.id]) if fact.kind.startswith(like)]


def left(scene: Scene) -> list[Path]:
    return list(scene.cast.machine.places.rehearsals.glob("*"))


def commit_in(scene: Scene, environment: str) -> str:
    with scene.cast.database.read() as conn:
        now = releases.now_serving(conn, NAME, environment)
        assert now is not None
        return releases.get(conn, now.release).commit


def test_a_migration_that_breaks_what_serves_in_prod_goes_no_further(scene: Scene) -> None:
    first = serves(scene, "cents")
    run = pushed(scene, "pence", RENAMES)
    outcomes = carried(scene, run)
    assert outcomes["deploy:test"] == "passed"
    assert outcomes["deploy:prod"] == "skipped"
    assert "GET / answered 500" in outcomes["rehearse:test"]
    (failed,) = told(scene, run, "rehearsal.failed")
    assert failed.data["part"] == f"r1 of prod ({first.commit[:7]}), on the data as {run.commit[:7]} leaves it"
    assert "no such column: cents" in failed.data["excerpt"]
    assert commit_in(scene, "prod") == first.commit
    assert scene.says() == "250"
    assert left(scene) == []


def test_one_that_only_adds_goes_on(scene: Scene) -> None:
    first = serves(scene, "cents")
    run = serves(scene, "pence", ADDS)
    assert [fact.data.get("part") for fact in told(scene, run, "rehearsal.entered")] == [
        run.commit[:7],
        f"r1 of prod ({first.commit[:7]}), on the data as {run.commit[:7]} leaves it",
        f"{run.commit[:7]} again, after r1 of prod ({first.commit[:7]})",
    ]
    assert told(scene, run)[-1].kind == "rehearsal.passed"
    assert commit_in(scene, "prod") == run.commit
    assert left(scene) == []


def test_the_data_of_the_environment_are_as_before(scene: Scene) -> None:
    """Whatever is written in a rehearsal is written into its copy."""
    serves(scene, "cents")
    run = pushed(scene, "cents", extra=SPOILS)
    data = scene.cast.machine.places.environment(NAME, "test") / "data" / "prices.sqlite3"
    assert scene.act(run, "deploy", environment="test") == "passed"
    counted(data, "delete from prices where rowid > 1")
    assert "the invariant there is one price failed: 2 instead of 1" in carried_rehearsal(scene, run)
    assert counted(data) == 1


SPOILS = """
made = sqlite3.connect(FILE, timeout=5)
made.execute("insert into prices values (1)")
made.commit()
made.close()
"""


def counted(data: Path, change: str = "select 1") -> int:
    with closing(sqlite3.connect(data)) as made:
        made.execute(change)
        made.commit()
        return int(made.execute("select count(*) from prices").fetchone()[0])


def test_the_first_deployment_is_no_failure_and_said(scene: Scene) -> None:
    run = serves(scene, "cents")
    (fact,) = told(scene, run)
    assert fact.kind == "rehearsal.unneeded"
    assert "nothing serves in prod yet" in fact.data["reason"]


def test_the_gate_reads_the_record(scene: Scene) -> None:
    """Whoever leaves the rehearsal out does not come to prod: what counts is the fact, not the plan."""
    serves(scene, "cents")
    run = pushed(scene, "pence", ADDS)
    assert scene.act(run, "deploy", environment="test") == "passed"
    assert "was not rehearsed in test with r1" in scene.act(run, "deploy", environment="prod")
    with pytest.raises(NotRehearsed):
        deliver.deliver(scene.cast, run, "prod")
    assert scene.act(run, "rehearse", environment="test", before=["prod"]) == "passed"
    assert scene.act(run, "deploy", environment="prod") == "passed"


def test_a_person_who_deploys_by_hand_has_it_rehearsed(scene: Scene) -> None:
    serves(scene, "cents")
    run = pushed(scene, "pence", RENAMES)
    assert scene.act(run, "deploy", environment="test") == "passed"
    by_hand = scene.begun(scene.story.deploy(NAME, "prod", run.commit, "ada"))
    outcomes = carried(scene, by_hand)
    assert "GET / answered 500" in outcomes["rehearse:test"]
    assert outcomes["deploy:prod"] == "skipped"


def test_what_was_rehearsed_is_not_rehearsed_again(scene: Scene) -> None:
    serves(scene, "cents")
    run = pushed(scene, "pence", ADDS)
    scene.act(run, "deploy", environment="test")
    scene.act(run, "rehearse", environment="test", before=["prod"])
    again = scene.begun(scene.story.deploy(NAME, "prod", run.commit, "ada"))
    assert set(carried(scene, again).values()) == {"passed"}
    assert [fact.kind for fact in told(scene, again)] == ["rehearsal.unneeded"]


def test_going_back_needs_no_rehearsal(scene: Scene) -> None:
    first = serves(scene, "cents")
    serves(scene, "pence", ADDS)
    assert scene.go_back(scene.going_back()) == "passed"
    assert commit_in(scene, "prod") == first.commit


def test_a_newer_commit_in_test_is_not_rehearsed_in_place_of_this_one(scene: Scene) -> None:
    serves(scene, "cents")
    older, newer = pushed(scene, "pence", ADDS), pushed(scene, "cents", ADDS)
    for run in (older, newer):
        assert scene.act(run, "deploy", environment="test") == "passed"
    assert carried_rehearsal(scene, older) == "overtaken"
    assert carried_rehearsal(scene, newer) == "passed"


def carried_rehearsal(scene: Scene, run: Run) -> str:
    return scene.act(run, "rehearse", environment="test", before=["prod"])


@pytest.mark.parametrize("place", ["rehearsal.begun after", "rehearsal.entered after", "rehearsal.passed before"])
def test_one_that_was_interrupted_begins_anew(scene: Scene, place: str) -> None:
    serves(scene, "cents")
    run = pushed(scene, "pence", ADDS)
    scene.act(run, "deploy", environment="test")
    with scene.crashing(place):
        carried_rehearsal(scene, run)
    assert carried_rehearsal(scene, run) == "passed"
    assert [fact.kind for fact in told(scene, run)].count("rehearsal.passed") == 1
    assert left(scene) == []


def test_a_failure_on_record_is_not_rehearsed_again(scene: Scene) -> None:
    """Shipway died between the fact and the end of the run."""
    serves(scene, "cents")
    run = pushed(scene, "pence", RENAMES)
    scene.act(run, "deploy", environment="test")
    with scene.crashing("rehearsal.failed after"):
        carried_rehearsal(scene, run)
    assert "GET / answered 500" in carried_rehearsal(scene, run)
    assert len(told(scene, run, "rehearsal.failed")) == 1


def test_what_a_cancelled_run_has_left_goes(scene: Scene) -> None:
    serves(scene, "cents")
    run = pushed(scene, "pence", ADDS)
    directory = scene.cast.machine.places.rehearsals / run.id
    (directory / "data").mkdir(parents=True)
    (directory / "steps").mkdir()
    rehearse.tidy(scene.cast)
    assert left(scene) == [directory]
    with scene.cast.database.write() as conn:
        runs.end(conn, run, "cancelled", "ada cancelled it")
    rehearse.tidy(scene.cast)
    assert left(scene) == []
    assert carried_rehearsal(scene, run) == "skipped"
