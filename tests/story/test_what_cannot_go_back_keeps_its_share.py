"""Whatever ends its trial, a release that changed the data for good keeps its share until a person decides."""

from __future__ import annotations

import pytest

from shipway.signals.verdict import Verdict
from shipway.state import releases, stuck
from shipway.state.stuck import Stuck
from shipway.story import plan
from shipway.story.migrations import NoWayBack
from shipway.story.retire import Retirement
from shipway.story.tend import is_needed
from shipway.web import trials
from shipway.web.sentences import next_move, sentence
from support.frozen import freeze, judge_good, judge_nothing, project, while_tried
from support.scene import WEB_ONLY, WORKS, Scene, canary
from support.workshop import NAME

FOR_GOOD = project("irreversible", canary(50))
HALF = {"r1": 50, "r2": 50}
UNHEARD = "r2 could not be judged in 2 s."


def frozen(scene: Scene) -> Stuck:
    """What is, by the record and by the routers."""
    Retirement(scene.cast).look()
    with scene.cast.database.read() as conn:
        left = stuck.now(conn, NAME, "prod")
    assert left is not None
    assert scene.shares() == dict(left.of_numbers)
    assert all(is_needed(scene.cast, one) for one in left.both)
    return left


def says_before_the_judge_looks(scene: Scene, number: int) -> str:
    with scene.cast.database.read() as conn:
        release = releases.numbered(conn, NAME, "prod", number)
        assert release is not None
        return next_move(trials.read(conn, release), Verdict("not known", trials.NOT_LOOKED))


def test_one_of_which_nothing_can_be_heard(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.serves("1", project=WEB_ONLY)
    judge_nothing(monkeypatch)
    run = scene.ordered(scene.commit("2", project=FOR_GOOD))
    told = scene.deliver(run)
    left = frozen(scene)
    assert told == f"failed: {UNHEARD} {left.says}."
    assert (left.title, left.why, left.by) == ("r2 is frozen at 50 %", UNHEARD, 2)
    assert scene.deployment(run).state == "stuck"
    assert scene.quarantined() == []
    assert scene.serving().number == 1
    with scene.cast.database.read() as conn:
        assert sentence(trials.read(conn, left.release)).startswith(
            "r2 could not be judged at 50 %, and is frozen"
        )


def test_it_is_decided_as_where_it_was_judged_bad(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.serves("1", project=WEB_ONLY)
    judge_nothing(monkeypatch)
    scene.deliver(scene.ordered(scene.commit("2", project=FOR_GOOD)))
    with pytest.raises(NoWayBack, match="r2 is frozen at 50 %"):
        scene.story.roll_back(NAME, "prod", None, "ada")
    run = scene.begun(scene.story.roll_back(NAME, "prod", 1, "ada", why="it reads both", past=2))
    assert scene.go_back(run) == "passed"
    assert scene.shares() == {"r1": 100}


def test_it_may_be_tried_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody was blamed."""
    scene.serves("1", project=WEB_ONLY)
    judge_nothing(monkeypatch)
    commit = scene.commit("2", project=FOR_GOOD)
    scene.deliver(scene.ordered(commit))
    scene.deliver(scene.ordered(commit))
    assert frozen(scene).of_numbers == HALF
    judge_good(monkeypatch)
    assert scene.deliver(scene.ordered(commit)) == "passed"
    assert scene.shares() == {"r2": 100}


@pytest.mark.parametrize(
    "place",
    [
        "release.stuck before",
        "release.stuck after",
        "deployment.stuck before",
        "deployment.stuck after",
    ],
)
def test_a_kill_in_the_middle_finds_the_same_end(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    scene.serves("1", project=WEB_ONLY)
    judge_nothing(monkeypatch)
    run = scene.ordered(scene.commit("2", project=FOR_GOOD))
    with scene.crashing(place):
        scene.deliver(run)
    assert scene.shares() == HALF
    assert scene.deliver(run).startswith(f"failed: {UNHEARD} r2 is frozen at 50 %")
    assert frozen(scene).why == UNHEARD
    assert scene.every_fact().count("release.stuck") == scene.every_fact().count("deployment.stuck") == 1


def test_a_fix_that_changed_the_data_for_good_as_well(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of those before it knows what it did."""
    freeze(scene, monkeypatch)
    judge_nothing(monkeypatch)
    scene.deliver(scene.ordered(scene.commit("3", project=FOR_GOOD)))
    left = frozen(scene)
    assert (left.title, left.by, left.of_numbers) == ("r3 is frozen at 50 %", 3, {"r1": 50, "r3": 50})


def test_one_before_which_the_data_was_changed_says_so_while_it_is_tried(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changed it came to nothing: no release command of its own tells what becomes of its share."""
    scene.serves("1", project=WEB_ONLY)
    ill = FOR_GOOD.replace("timeout: 5 s", "timeout: 0.5 s")
    assert scene.deliver(scene.ordered(scene.commit("2", project=ill, health="unwell"))).startswith("failed: ")
    judge_nothing(monkeypatch)
    said: list[str] = []
    told: list[dict[str, object]] = []
    while_tried(monkeypatch, lambda: said.append(says_before_the_judge_looks(scene, 3)), told)
    scene.deliver(scene.ordered(scene.commit("3", project=canary(50))))
    assert "it is frozen with its share at" in said[0]
    assert told == [{"keeps": True}]
    assert (frozen(scene).by, scene.shares()) == (2, {"r1": 50, "r3": 50})


def test_one_whose_worker_does_not_live(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was judged good with half of the requests; the workers of what serves go on."""
    scene.serves("1", project=WORKS)
    judge_good(monkeypatch)
    (scene.data / "strike").touch()
    tried = project("irreversible", canary(50, project=WORKS.replace("grace: 0.3 s", "grace: 5 s")))
    run = scene.ordered(scene.commit("2", project=tried, on_strike_if="strike"))
    with scene.crashing("deployment.stuck before"):
        scene.deliver(run)
    assert "worker" in scene.deliver(run)
    assert "worker" in frozen(scene).why
    assert scene.shares() == HALF
    assert scene.works("1")


def test_one_whose_run_ended_in_the_middle(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.serves("1", project=WEB_ONLY)
    judge_nothing(monkeypatch)
    with scene.crashing("release.stuck before"):
        scene.deliver(scene.ordered(scene.commit("2", project=FOR_GOOD)))
    scene.settle()
    assert frozen(scene).why == "its test is over"
    assert scene.shares() == HALF


def test_one_that_a_rollback_by_itself_waited_for(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What served was judged bad as well, before the data was changed; what served before that is no way back."""
    scene.serves("1", project=WEB_ONLY)
    scene.serves("2", project=WEB_ONLY)
    with scene.cast.database.read() as conn:
        first = scene.story.way_back(conn, NAME, "prod", None)
    way = plan.rollback(first.id, instead_of=scene.serving().id)
    late = scene.begun(scene.story._queue_rollback(first, way, "shipway"))
    judge_nothing(monkeypatch)
    scene.deliver(scene.ordered(scene.commit("3", project=FOR_GOOD)))
    assert scene.go_back(late) == "overtaken"
    assert frozen(scene).of_numbers == {"r2": 50, "r3": 50}


def test_what_had_no_request_is_undone(scene: Scene) -> None:
    """What served has all requests as before: there is nothing to keep."""
    scene.serves("1", project=WEB_ONLY)
    ill = FOR_GOOD.replace("timeout: 5 s", "timeout: 0.5 s")
    run = scene.ordered(scene.commit("2", project=ill, health="unwell"))
    assert scene.deliver(run).startswith("failed: ")
    assert (scene.shares(), scene.deployment(run).state) == ({"r1": 100}, "failed")


def test_a_person_who_takes_it_back_past_its_change_is_heard(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.serves("1", project=WEB_ONLY)
    while_tried(monkeypatch, lambda: scene.story.roll_back(NAME, "prod", 1, "ada", why="it reads both", past=2))
    assert "ada took r2 back" in scene.deliver(scene.ordered(scene.commit("2", project=FOR_GOOD)))
    assert scene.shares() == {"r1": 100}
