"""A fix that comes to nothing gives the requests back as they were: never all to code the data has left behind."""

from __future__ import annotations

import pytest

from shipway.state import releases, stuck
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.story import tend
from shipway.story.retire import Retirement
from shipway.web import shares, trials
from support.frozen import TRIED, freeze, judge_good, judge_nothing, while_tried
from support.scene import WEB_ONLY, WORKS, Scene, canary
from support.workshop import NAME

WORKS_TRIED = canary(50, project=WORKS)
HALF = {"r1": 50, "r2": 50}


@pytest.fixture
def frozen(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Run:
    return freeze(scene, monkeypatch)


def is_frozen(scene: Scene) -> bool:
    """At half of the requests, by the routers and the record, and its instances run on."""
    Retirement(scene.cast).look()
    with scene.cast.database.read() as conn:
        left = stuck.now(conn, NAME, "prod")
    assert scene.serving().number == 1
    assert {name.split(".")[2] for name in scene.instances()} >= {"r1", "r2"}
    return scene.shares() == HALF and left is not None and left.title == "r2 is frozen at 50 %"


def test_one_that_cannot_be_judged_in_time(scene: Scene, frozen: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    judge_nothing(monkeypatch)
    run = scene.ordered(scene.commit("3", project=TRIED))
    assert "could not be judged" in scene.deliver(run)
    assert is_frozen(scene)
    with scene.cast.database.read() as conn:
        good, bad, came = (trials.read(conn, one) for one in reversed(releases.recent(conn, NAME, "prod")))
        moved = shares.moves(conn, scene.deployment(frozen), shares.later(conn, scene.deployment(frozen)))
    assert [each.share for each in moved] == [50, 0, 50]
    assert [each.share for each in (good, bad, came)] == [50, 50, 0]
    assert bad.fate == "stuck"
    judge_good(monkeypatch)
    assert scene.deliver(scene.ordered(scene.commit("4", project=WEB_ONLY))) == "passed"
    assert scene.shares() == {"r4": 100}
    with scene.cast.database.read() as conn:
        assert stuck.now(conn, NAME, "prod") is None


def test_one_that_somebody_takes_back(scene: Scene, frozen: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run = scene.ordered(scene.commit("3", project=canary(50, hold="60 s", deadline="90 s")))
    while_tried(monkeypatch, lambda: scene.story.roll_back(NAME, "prod", None, "ada"))
    assert "ada took r3 back while it was tried" in scene.deliver(run)
    assert is_frozen(scene)


def test_one_whose_worker_does_not_live(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    freeze(scene, monkeypatch, base=WORKS)
    judge_good(monkeypatch)
    (scene.data / "strike").touch()
    run = scene.ordered(
        scene.commit("3", project=WORKS_TRIED.replace("grace: 0.3 s", "grace: 5 s"), on_strike_if="strike")
    )
    assert scene.deliver(run).startswith("failed: ")
    assert is_frozen(scene)
    assert scene.works("1")


def test_one_that_dies_with_all_requests(scene: Scene, frozen: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody carries it out any more: its run ended in the middle."""
    run = scene.ordered(scene.commit("3", project=WEB_ONLY))
    with scene.crashing("deployment.switched before"):
        scene.deliver(run)
    assert scene.shares() == {"r3": 100}
    scene.settle()
    assert is_frozen(scene)


def test_a_crash_while_it_is_given_back(scene: Scene, frozen: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    judge_nothing(monkeypatch)
    run = scene.ordered(scene.commit("3", project=TRIED))
    with scene.crashing("deployment.switched_back before"):
        scene.deliver(run)
    assert scene.deliver(run).startswith("failed: ")
    assert is_frozen(scene)


def test_what_is_frozen_is_started_again_while_a_fix_is_tried(
    scene: Scene, frozen: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a reboot: it may have its share again in a moment."""
    needed: list[bool] = []
    while_tried(monkeypatch, lambda: needed.extend(tend.is_needed(scene.cast, one) for one in of_both(scene)))
    scene.deliver(scene.ordered(scene.commit("3", project=TRIED)))
    assert needed == [True, True]


def of_both(scene: Scene) -> list[Release]:
    with scene.cast.database.read() as conn:
        return list(reversed(releases.recent(conn, NAME, "prod")))[:2]
