"""Where nothing can go back by itself a person gives all requests to one of the two, and says why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from shipway.errors import NotHealthy
from shipway.rollbacks.decide import InvalidDecision
from shipway.state import decisions, facts, holds, stuck
from shipway.state.runs import Run
from shipway.story.retire import Retirement
from shipway.story.watch import Watch
from support.frozen import TRIED, freeze, judge_good, judge_nothing, while_tried
from support.scene import WORKS, Scene
from support.workshop import NAME

PATIENT = WORKS.replace("grace: 0.3 s", "grace: 5 s")  # where a worker is to end: a busy machine is slow
WHY = "it reads both"


@pytest.fixture
def frozen(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Run:
    return freeze(scene, monkeypatch, WORKS)


def decided(scene: Scene, to: int, past: int | None = None) -> Run:
    return scene.begun(scene.story.roll_back(NAME, "prod", to, "ada", why=WHY, past=past))


def test_the_frozen_one_gets_all_requests_and_its_workers(scene: Scene, frozen: Run) -> None:
    run = decided(scene, 2)
    assert scene.go_back(run) == "passed"
    Watch(scene.cast).look()
    assert (scene.shares(), scene.serving().number) == ({"r2": 100}, 2)
    assert scene.works("2")
    with scene.cast.database.read() as conn:
        decision = decisions.of_run(conn, run.id)
        assert stuck.now(conn, NAME, "prod") is None
    assert decision is not None
    assert decision.says == "ada gave r2 all requests: “it reads both”"
    assert scene.quarantined() == []
    assert scene.deliver(scene.ordered(scene.commit("3", project=WORKS))) == "passed"
    assert scene.shares() == {"r3": 100}


def test_the_one_before_gets_them_past_the_change_that_is_named(scene: Scene, frozen: Run) -> None:
    with pytest.raises(InvalidDecision, match="r1 may not know what r2 did to the data") as refused:
        decided(scene, 1)
    assert "--past r2" in refused.value.hint
    run = decided(scene, 1, past=2)
    assert scene.go_back(run) == "passed"
    Retirement(scene.cast).look()
    assert (scene.shares(), scene.serving().number) == ({"r1": 100}, 1)
    assert scene.works("1")
    assert scene.quarantined() == [frozen.commit]
    assert "deployment.processes" not in scene.facts(run)
    assert {name.split(".")[2] for name in scene.instances()} == {"r1"}
    with scene.cast.database.read() as conn:
        assert stuck.now(conn, NAME, "prod") is None


def test_a_commit_that_a_person_says_is_good_is_held_nowhere(
    scene: Scene, frozen: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither there nor in another environment, and for good, whatever dies when it has all requests."""
    with scene.cast.database.write() as conn:
        holds.quarantine(conn, NAME, "test", frozen.commit, why="It was bad there as well.", run=frozen.id)
    run = decided(scene, 2)
    with scene.crashing("commit.cleared before"):
        scene.go_back(run)
    assert scene.quarantined() == scene.quarantined("test") == [frozen.commit]
    assert scene.go_back(run) == "passed"
    assert scene.quarantined() == scene.quarantined("test") == []
    with scene.cast.database.read() as conn:
        told = facts.after(conn, 0, kinds=["commit.cleared"])
    assert {(one.environment, one.who, one.data["reason"]) for one in told} == {
        ("prod", "ada", WHY),
        ("test", "ada", WHY),
    }
    scene.serves("3", project=WORKS)
    judge_good(monkeypatch)
    assert scene.deliver(scene.ordered(frozen.commit)) == "passed"


def test_what_is_decided_has_a_reason_and_a_release(scene: Scene, frozen: Run) -> None:
    for to, why, past in ((2, "  ", 2), (None, WHY, None), (7, WHY, None), (2, "x" * 501, None)):
        with pytest.raises(InvalidDecision):
            scene.story.roll_back(NAME, "prod", to, "ada", why=why, past=past)
    assert scene.shares() == {"r1": 50, "r2": 50}


def test_who_decides_late_moves_nothing(scene: Scene, frozen: Run) -> None:
    late = decided(scene, 1, past=2)
    assert scene.go_back(decided(scene, 2)) == "passed"
    assert scene.go_back(late) == "overtaken"
    assert scene.shares() == {"r2": 100}


def test_a_worker_that_does_not_live_leaves_it_frozen(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    freeze(scene, monkeypatch, PATIENT, on_strike_if="strike")
    (scene.data / "strike").touch()
    assert scene.go_back(decided(scene, 2)).startswith("failed: ")
    assert (scene.shares(), scene.serving().number) == ({"r1": 50, "r2": 50}, 1)
    assert scene.works("1")
    assert len(scene.quarantined()) == 1
    with scene.cast.database.read() as conn:
        left = stuck.now(conn, NAME, "prod")
    assert left is not None
    assert left.title == "r2 is frozen at 50 %"


def test_one_that_does_not_answer_keeps_what_it_has(
    scene: Scene, frozen: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not started anew, as one that is only kept warm would be: it has requests."""
    shift = scene.cast.proxy.shift

    def refuse(app: str, env: str, shares: Mapping[str, int], **how: Any) -> None:
        if shares == {f"{NAME}.prod.r2": 100}:
            raise NotHealthy("It does not answer.")
        shift(app, env, shares, **how)

    monkeypatch.setattr(scene.cast.proxy, "shift", refuse)
    run = decided(scene, 2)
    assert "does not answer" in scene.go_back(run)
    assert "deployment.prepare" not in scene.facts(run)
    assert scene.shares() == {"r1": 50, "r2": 50}


def test_nothing_is_decided_while_a_fix_is_tried(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Undone, it leaves frozen what was: nobody would have all requests, as was decided."""
    freeze(scene, monkeypatch)

    def decide() -> None:
        for to in (1, 2):
            with pytest.raises(InvalidDecision, match="r3 is on trial, and r2 is frozen at 50 % again"):
                decided(scene, to, past=2)

    judge_nothing(monkeypatch)
    while_tried(monkeypatch, decide)
    assert "could not be judged" in scene.deliver(scene.ordered(scene.commit("3", project=TRIED)))
    assert "release.decided" not in scene.every_fact()
