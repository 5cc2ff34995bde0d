"""N+1, N, N+1 on a copy of the data: what would break what still serves goes no further, and leaves nothing."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from shipway.durable.plan import Plan
from shipway.hosts.steps import Outcome
from shipway.releases import apart
from shipway.state import facts, runs
from shipway.state.facts import Fact
from shipway.state.runs import Run
from shipway.story import plan, rehearse
from shipway.story.cast import project_of
from support.prices import ADDS, PROJECT, RENAMES, STAYS, TRUSTING, prices
from support.scene import Scene, a_scene
from support.workshop import NAME

CLAIM = "repeatable: true, migration: contract, since: {}"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_scene(tmp_path_factory.mktemp("scene")) as made:
        yield made


@pytest.fixture
def scene(opened: Scene) -> Scene:
    """One where a release that reads `cents` serves, with data that have nothing else."""
    opened.settle()
    for name in ("test", "prod"):
        shutil.rmtree(opened.cast.machine.places.environment(NAME, name) / "data", ignore_errors=True)
    serves(opened, "cents", project=TRUSTING)
    return opened


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


def old(scene: Scene) -> str:
    """What serves in prod, as people call it."""
    return f"r{scene.serving().number} of prod ({scene.serving().commit[:7]})"


def test_a_migration_that_breaks_what_serves_in_prod_goes_no_further(scene: Scene) -> None:
    """Whatever is claimed of it: what serves is said to do without the column that is taken away."""
    served = scene.serving()
    claim = PROJECT.replace("repeatable: true", CLAIM.format(served.commit[:12]))
    run = pushed(scene, "pence", RENAMES, project=claim)
    outcomes = carried(scene, run)
    assert outcomes["deploy:test"] == "passed", "nothing but the claim was checked"
    assert outcomes["deploy:prod"] == "skipped"
    (failed,) = told(scene, run, "rehearsal.failed")
    assert failed.data["part"] == f"{old(scene)}, on the data as {run.commit[:7]} leaves it"
    assert "no such column: cents" in failed.data["excerpt"]
    assert outcomes["rehearse:test"].startswith(f"failed: The rehearsal in test failed with {old(scene)}")
    by_hand = scene.begun(scene.story.deploy(NAME, "prod", run.commit, "ada"))
    assert "The rehearsal in test failed" in carried(scene, by_hand)["rehearse:test"]
    assert scene.serving() == served
    assert scene.says() == "250"
    assert left(scene) == []


def test_one_that_only_adds_goes_on_and_back(scene: Scene) -> None:
    """Going back needs no rehearsal: it must always work."""
    before, served = old(scene), scene.serving()
    run = serves(scene, "pence", ADDS)
    short = run.commit[:7]
    assert [fact.data.get("part") for fact in told(scene, run, "rehearsal.entered")] == [
        short,
        f"{before}, on the data as {short} leaves it",
        f"{short} again, after {before}",
    ]
    assert told(scene, run)[-1].kind == "rehearsal.passed"
    assert scene.serving().commit == run.commit
    assert left(scene) == []
    assert scene.go_back(scene.going_back()) == "passed"
    assert scene.serving().commit == served.commit


def test_the_data_of_the_environment_are_as_before(scene: Scene) -> None:
    """Whatever is written in a rehearsal is written into its copy."""
    run = pushed(scene, "cents", extra=SPOILS, project=PROJECT.replace("timeout: 60 s", "timeout: 4 s"))
    data = scene.cast.machine.places.environment(NAME, "test") / "data" / "prices.sqlite3"
    assert scene.act(run, "deploy", environment="test") == "passed"
    counted(data, "delete from prices where rowid > 1")
    assert "the invariant there is one price failed: 2 instead of 1" in rehearsed(scene, run)
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


def rehearsed(scene: Scene, run: Run, before: str = "prod") -> str:
    return scene.act(run, "rehearse", environment="test", before=[before])


def test_the_first_deployment_is_no_failure_and_said(scene: Scene) -> None:
    run = pushed(scene, "cents")
    assert scene.act(run, "deploy", environment="test") == "passed"
    assert rehearsed(scene, run, before="elsewhere") == "passed"
    (fact,) = told(scene, run)
    assert fact.kind == "rehearsal.unneeded"
    assert "nothing serves in elsewhere yet" in fact.data["reason"]


def test_the_gate_reads_the_record(scene: Scene) -> None:
    """Whoever leaves the rehearsal out does not come to prod; what was rehearsed is not rehearsed again."""
    run = pushed(scene, "pence", ADDS)
    assert scene.act(run, "deploy", environment="test") == "passed"
    assert "was not rehearsed in test with r" in scene.act(run, "deploy", environment="prod")
    assert rehearsed(scene, run) == "passed"
    again = scene.begun(scene.story.deploy(NAME, "prod", run.commit, "ada"))
    assert set(carried(scene, again).values()) == {"passed"}
    assert [fact.kind for fact in told(scene, again)] == ["rehearsal.unneeded"]
    assert scene.serving().commit == run.commit


def test_where_there_is_no_room_for_a_copy_the_owner_is_told_and_it_can_be_done_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept back on the disk for going back is not used up by it."""
    run = pushed(scene, "pence", ADDS)
    assert scene.act(run, "deploy", environment="test") == "passed"
    with monkeypatch.context() as patched:
        patched.setattr(rehearse, "SPARE", 1 << 60)
        assert rehearsed(scene, run).startswith("failed: The data of test are ")
    (stopped,) = told(scene, run, "run.stopped")
    assert (stopped.data["id"], stopped.data["actor"]) == ("machine.disk_full", "owner")
    assert (told(scene, run), left(scene)) == ([], [])
    assert rehearsed(scene, run) == "passed"


def test_a_newer_commit_in_test_is_not_rehearsed_in_place_of_this_one(scene: Scene) -> None:
    older, newer = pushed(scene, "pence", ADDS), pushed(scene, "cents", ADDS)
    for run in (older, newer):
        assert scene.act(run, "deploy", environment="test") == "passed"
    assert rehearsed(scene, older) == "overtaken"
    assert rehearsed(scene, newer) == "passed"


def test_one_that_was_interrupted_begins_anew(scene: Scene) -> None:
    run = pushed(scene, "pence", ADDS)
    scene.act(run, "deploy", environment="test")
    with scene.crashing("rehearsal.entered after"):
        rehearsed(scene, run)
    assert rehearsed(scene, run) == "passed"
    assert [fact.kind for fact in told(scene, run)].count("rehearsal.passed") == 1
    assert left(scene) == []


def test_a_supervisor_that_is_killed_is_no_fault_of_the_release(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = pushed(scene, "pence", ADDS)
    scene.act(run, "deploy", environment="test")
    ends = apart.steps.wait

    def lost(directory: Path, **how: Any) -> Outcome:
        ends(directory, **how)  # else whoever tidies up finds it under way, and cancels it
        return Outcome(None, "lost", 0.0, 0.0)

    with monkeypatch.context() as patched:
        patched.setattr(apart.steps, "wait", lost)
        with pytest.raises(apart.Lost):
            rehearsed(scene, run)
    assert told(scene, run, "rehearsal.failed") == []
    assert rehearsed(scene, run) == "passed"
    assert left(scene) == []


def test_a_failure_on_record_is_not_rehearsed_again(scene: Scene) -> None:
    """Shipway died between the fact and the end of the run."""
    run = pushed(scene, "pence", RENAMES)
    scene.act(run, "deploy", environment="test")
    with scene.crashing("rehearsal.failed after"):
        rehearsed(scene, run)
    assert "ended with exit status 1" in rehearsed(scene, run)
    assert len(told(scene, run, "rehearsal.failed")) == 1


def test_what_a_cancelled_run_has_left_goes(scene: Scene) -> None:
    run = pushed(scene, "pence", ADDS)
    directory = scene.cast.machine.places.rehearsals / run.id
    for part in ("data", "steps"):
        (directory / part).mkdir(parents=True)
    rehearse.tidy(scene.cast)
    assert left(scene) == [directory]
    with scene.cast.database.write() as conn:
        runs.end(conn, run, "cancelled", "ada cancelled it")
    rehearse.tidy(scene.cast)
    assert left(scene) == []
    assert rehearsed(scene, run) == "skipped"
