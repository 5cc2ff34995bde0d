"""Every run ends, whatever became of the engine, of a commit in between, or of who asked for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from dbos import DBOS

from shipway.durable.engine import Action, Engine
from shipway.durable.plan import Plan
from shipway.errors import KeeperGone
from shipway.hosts import steps
from shipway.state import pushes, runs
from shipway.state.runs import Run
from shipway.story import carry, perform, tend
from support.installation import eventually
from support.reconciling import reconcile_all
from support.scene import Scene
from support.workshop import NAME, one_step


@pytest.fixture
def engines() -> Iterator[list[Engine]]:
    """What a test starts ends with it: two of them in one process would share what DBOS keeps."""
    started: list[Engine] = []
    yield started
    DBOS.destroy()


def engine(scene: Scene, engines: list[Engine], **instead: Action) -> Engine:
    """The engine of this scene, with some actions in place of its own; it does not wait long."""
    actions = {**perform.actions(scene.cast), **instead}
    made = Engine(scene.cast.machine.places.engine_database, actions, pauses=(0.01, 0.01))
    made.start()
    engines.append(made)
    return made


def state(scene: Scene, run: Run) -> str:
    with scene.cast.database.read() as conn:
        return runs.get(conn, run.id).state


def test_one_whose_end_could_not_be_recorded_ends_later(scene: Scene, engines: list[Engine]) -> None:
    """A full disk, say: the plan has ended for the engine, and nobody would ever look at it again."""
    full = iter([OSError("no space left on device")])

    def finish(run: str, arguments: Mapping[str, Any], outcomes: Mapping[str, str]) -> str:
        for problem in full:
            raise problem
        return perform.actions(scene.cast)["finish"](run, arguments, outcomes)

    run = scene.ordered(scene.commit("1"))
    carrier = engine(scene, engines, finish=finish)
    carrier.submit(run.id, Plan.from_dict(run.plan))
    eventually(lambda: not carrier.unfinished(), "the engine is done with it")
    assert state(scene, run) == "running"
    tend.compare_with_engine(scene.cast, carrier)
    eventually(lambda: state(scene, run) == "passed", "the run has ended")
    assert scene.facts(run).count("deployment.begun") == 1
    assert len(scene.released()) == 1


def test_one_that_never_reached_the_engine_is_started(scene: Scene, engines: list[Engine]) -> None:
    run = scene.ordered(scene.commit("1"))
    carrier = engine(scene, engines)
    tend.compare_with_engine(scene.cast, carrier)
    tend.compare_with_engine(scene.cast, carrier)
    eventually(lambda: state(scene, run) == "passed", "the run has ended")
    assert scene.facts(run).count("deployment.begun") == 1


def test_one_that_waits_in_vain_says_for_what(scene: Scene, engines: list[Engine]) -> None:
    def deploy(run: str, arguments: Mapping[str, Any], outcomes: Mapping[str, str]) -> str:
        raise KeeperGone("the keeper does not answer")

    run = scene.ordered(scene.commit("1"))
    engine(scene, engines, deploy=deploy).submit(run.id, Plan.from_dict(run.plan))
    eventually(lambda: state(scene, run) == "failed", "the run has ended")
    with scene.cast.database.read() as conn:
        reason = runs.get(conn, run.id).reason
    assert reason == "the deployment to prod gave up waiting: the keeper does not answer"


def test_a_broken_repository_stands_in_the_way_of_no_other(scene: Scene) -> None:
    scene.story.create_application("another", "main", "ada")
    broken = scene.cast.machine.places.repository("another")
    (broken / "HEAD").write_text("nonsense")
    scene.workshop.commit()
    tend.compare_with_pushes(scene.cast)
    with scene.cast.database.read() as conn:
        assert [run.purpose for run in runs.recent(conn, application=NAME)] == ["push"]


def test_a_push_whose_run_is_made_late_does_not_overtake_a_newer_one(scene: Scene) -> None:
    """The server died between the two records of the older push."""
    scene.workshop.commit()
    (older,) = reconcile_all(scene.cast.database, scene.cast.machine.places)
    scene.workshop.commit()
    (newer,) = reconcile_all(scene.cast.database, scene.cast.machine.places)
    assert carry.pushed(scene.cast, newer) is not None
    tend.compare_with_pushes(scene.cast)
    with scene.cast.database.read() as conn:
        late, current = runs.of_push(conn, older.id), runs.of_push(conn, newer.id)
        assert pushes.without_run(conn) == []
    assert late is not None
    assert current is not None
    assert (late.state, current.state) == ("superseded", "queued")
    assert newer.new[:7] in late.reason


def test_the_step_of_a_cancelled_run_is_stopped_though_the_server_died_first(scene: Scene) -> None:
    workshop = scene.workshop
    run = workshop.queue(workshop.commit(), one_step("touch began; sleep 300"))
    scene.act(run, "check_out")
    with scene.crashing("step.started after"):
        scene.act(run, "step", step="only")
    directory = workshop.places.step(run.id, "only", 1)
    with scene.crashing("run.cancelled after"):
        scene.story.cancel(run.id, "ada")
    assert scene.act(run, "step", step="only") == "cancelled"
    assert [step.state for step in workshop.steps(run)] == ["cancelled"]
    found = steps.outcome(directory)
    assert found is not None
    assert found.how == "cancelled"


def test_a_change_that_was_recorded_and_not_deployed_is_deployed_when_asked_again(scene: Scene) -> None:
    """The server died between the two; the person tries again, and now nothing seems to change."""
    scene.serves("1")
    with scene.crashing("run.queued before"):
        scene.story.configure(NAME, "prod", "ada", values={"COLOUR": "blue"})
    run = scene.story.configure(NAME, "prod", "ada", values={"COLOUR": "blue"}).run
    assert run is not None
    assert scene.deliver(scene.begun(run)) == "passed"
    assert scene.says("/env/COLOUR") == "blue"
    again = scene.story.configure(NAME, "prod", "ada", values={"COLOUR": "blue"}).run
    assert again is None
