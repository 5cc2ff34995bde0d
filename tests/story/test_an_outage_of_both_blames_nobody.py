"""What both releases depend on goes out in the middle of a canary: it waits, and nothing is left half way."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from shipway.signals.judge import Judge, Policy
from shipway.signals.judge.together import Together
from shipway.signals.reading import Reading
from shipway.signals.verdict import Verdict
from shipway.state import deployments, facts
from shipway.state.runs import Run
from shipway.story import delivery, trial
from shipway.story.conclude import BothOut
from support.hearing import Hearsay, collecting, hear, read, tally
from support.installation import eventually
from support.scene import WEB_ONLY, Scene, a_scene, canary
from support.workshop import NAME

OUT = "out"
ANSWERS = 1.0  # seconds for which the router waits for a release that is ill


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """One in which a release serves, and every one of this application is ill while a file is there."""
    monkeypatch.setattr("shipway.traffic.proxy.ANSWERS_WITHIN", ANSWERS)
    with a_scene(tmp_path) as scene:
        scene.serves("first", project=WEB_ONLY, sick_if=OUT)
        yield scene


@pytest.fixture
def few_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many requests of the judge's own there are, and fail with both, is no matter of chance."""
    monkeypatch.setattr(Together, "see", lambda *_: None)
    monkeypatch.setattr(trial, "Judge", lambda: Judge(Policy(enough_requests=1_000_000)))


@pytest.fixture
def out(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file by which all are ill, from the moment on at which a share begins to be held."""
    hold, path = trial.Trial.hold, scene.data / OUT

    def goes_out(held: trial.Trial, *args: Any, **options: Any) -> Verdict:
        monkeypatch.setattr(trial.Trial, "hold", hold)
        path.touch()
        return hold(held, *args, **options)

    monkeypatch.setattr(trial.Trial, "hold", goes_out)
    return path


def tried(scene: Scene, deadline: str) -> Run:
    project = canary(50, hold="1 s", deadline=deadline)
    return scene.ordered(scene.commit("second", project=project, sick_if=OUT))


def has_half(scene: Scene) -> bool:
    return sorted(scene.shares().values()) == [50, 50]


def facts_of(scene: Scene, run: Run, kind: str) -> list[dict[str, object]]:
    with scene.cast.database.read() as conn:
        return [dict(fact.data) for fact in facts.after(conn, 0, runs=[run.id], kinds=[kind])]


@pytest.mark.usefixtures("few_come")
def test_a_release_waits_until_what_both_depend_on_is_back(scene: Scene, out: Path) -> None:
    run = tried(scene, "90 s")
    with collecting(scene), ThreadPoolExecutor(1) as threads:
        going = threads.submit(scene.deliver, run)
        eventually(lambda: "verdict.not_known" in scene.facts(run), "few come, and the next share is due")
        with pytest.raises(TimeoutError):
            going.result(timeout=3 * ANSWERS)
        assert has_half(scene)
        out.unlink()
        assert going.result(timeout=90) == "passed"
    assert scene.says() == "second"


def test_an_outage_uses_up_nothing_of_the_hold(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is held for twelve looks of five seconds in which it was heard, and eight more were an outage."""
    monkeypatch.setattr(trial, "LOOK", 0.02)
    run = scene.ordered(scene.commit("second", project=canary(50, hold="60 s", deadline="90 s")))

    def says(_new: bool, number: int) -> Reading:
        return read(tally(0, 40) if 3 <= number < 11 else tally(40), seconds=5.0)

    hearsay = Hearsay(scene.serving().name, says)
    hear(scene.cast, hearsay)
    assert scene.deliver(run) == "passed"
    with scene.cast.database.read() as conn:
        tried_at, judged = (
            facts.after(conn, 0, runs=[run.id], kinds=[kind])[0].at for kind in ("deployment.try", "verdict.good")
        )
    begun = 1  # the look that was under way when it began to be tried is heard as well
    assert sum(tried_at <= at <= judged for at in hearsay.looks) >= 12 + 8 - begun


def test_a_release_that_an_outage_left_no_time_for_is_to_be_brought_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outage is over when the deadline comes, and nothing is wrong with the settings."""
    monkeypatch.setattr(trial, "LOOK", 0.02)
    monkeypatch.setattr(trial.Trial, "_stood", lambda _trial, _share: 58.0)

    def says(_new: bool, number: int) -> Reading:
        if 3 <= number < 11:
            return read(tally(0, 40), seconds=5.0)
        return read(tally(40), seconds=1.0 if number < 3 else 11.0 if number == 11 else 0.01)

    run = scene.ordered(scene.commit("second", project=canary(50, hold="20 s", deadline="60 s")))
    hear(scene.cast, Hearsay(scene.serving().name, says))
    assert re.search(r"could not be judged in 6\d s", scene.deliver(run))
    (stopped,) = facts_of(scene, run, "run.stopped")
    assert "`shipway retry" in str(stopped["hint"])


@pytest.mark.usefixtures("few_come")
def test_somebody_who_goes_back_meanwhile_does(scene: Scene, out: Path) -> None:
    run = tried(scene, "90 s")
    with collecting(scene), ThreadPoolExecutor(1) as threads:
        going = threads.submit(scene.deliver, run)
        eventually(lambda: "verdict.not_known" in scene.facts(run), "few come, and the next share is due")
        scene.story.roll_back(NAME, "prod", None, "ada")
        assert going.result(timeout=60).startswith("failed: ada took r2 back")
    assert scene.shares() == {"r1": 100}


@pytest.mark.usefixtures("out")
def test_what_served_has_all_requests_again_though_it_is_ill_too(scene: Scene) -> None:
    run = tried(scene, "3 s")
    with collecting(scene), ThreadPoolExecutor(1) as threads:
        going = threads.submit(scene.deliver, run)
        said = going.result(timeout=90)
    assert scene.shares() == {"r1": 100}
    assert "r1, which serves, is not healthy either." in said
    assert "Undoing it stopped" not in said
    (stopped,) = facts_of(scene, run, "run.stopped")
    assert (stopped["id"], stopped["actor"]) == (BothOut.id, "you")
    assert "`shipway retry" in str(stopped["hint"])
    with scene.cast.database.read() as conn:
        deployment = deployments.of_run(conn, run.id, "prod")
    assert deployment is not None
    assert deployment.state == "failed"
    assert scene.quarantined() == []


@pytest.mark.usefixtures("out")
@pytest.mark.parametrize("killed", ["deployment.undo after", "deployment.failed after"])
def test_that_both_were_ill_is_told_after_a_crash_too(scene: Scene, killed: str) -> None:
    run = tried(scene, "3 s")
    with collecting(scene), ThreadPoolExecutor(1) as threads:
        with scene.crashing(killed):
            going = threads.submit(scene.deliver, run)
            going.result(timeout=90)
        assert "r1, which serves, is not healthy either." in scene.deliver(run)
    assert scene.shares() == {"r1": 100}
    (stopped,) = facts_of(scene, run, "run.stopped")
    assert (stopped["id"], stopped["actor"]) == (BothOut.id, "you")
    assert "`shipway retry" in str(stopped["hint"])


@pytest.mark.usefixtures("few_come")
@pytest.mark.parametrize(("away", "outcome"), [(0, "passed"), (100, "is not healthy either")])
def test_it_waits_on_after_a_restart_but_no_longer_than_without(
    scene: Scene, out: Path, monkeypatch: pytest.MonkeyPatch, away: int, outcome: str
) -> None:
    run = tried(scene, "90 s")
    with collecting(scene), ThreadPoolExecutor(1) as threads, scene.crashing("verdict.not_known after"):
        going = threads.submit(scene.deliver, run)
        going.result(timeout=90)
    with scene.cast.database.write() as conn:
        conn.execute(text(f"update verdicts set at = at - {away}"))

    def back(_seconds: float) -> None:
        """What both depend on is, as soon as it waits."""
        out.unlink(missing_ok=True)
        time.sleep(trial.LOOK)

    monkeypatch.setattr(delivery, "time", SimpleNamespace(time=time.time, monotonic=time.monotonic, sleep=back))
    with collecting(scene):
        assert outcome in scene.deliver(run)


def test_requests_are_spared_what_only_is_ill_until_it_is_healthy(scene: Scene) -> None:
    run, out = (
        scene.ordered(scene.commit("second", project=canary(50, hold="60 s", deadline="90 s"))),
        scene.data / OUT,
    )
    with collecting(scene), ThreadPoolExecutor(1) as threads:
        going = threads.submit(scene.deliver, run)
        eventually(lambda: "deployment.try" in scene.facts(run), "it is tried")
        out.touch()
        scene.story.roll_back(NAME, "prod", None, "ada")
        with pytest.raises(TimeoutError):
            going.result(timeout=3 * ANSWERS)
        assert has_half(scene)
        out.unlink()
        assert going.result(timeout=90).startswith("failed: ada took r2 back")
    assert scene.shares() == {"r1": 100}
    assert scene.says() == "first"


def test_what_was_given_up_keeps_nothing_in_the_end(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the record says is so: the old one has all requests, and its worker."""
    monkeypatch.setattr(delivery, "SPARED", 0.0)
    project = canary(50, hold="60 s", deadline="90 s")
    run, out = scene.ordered(scene.commit("second", project=project)), scene.data / OUT
    with collecting(scene), ThreadPoolExecutor(1) as threads:
        going = threads.submit(scene.deliver, run)
        eventually(lambda: "deployment.try" in scene.facts(run), "it is tried")
        out.touch()
        scene.story.roll_back(NAME, "prod", None, "ada")
        assert going.result(timeout=90) == "failed: ada took r2 back while it was tried."
    assert scene.shares() == {"r1": 100}
    assert not [name for name in scene.instances() if name.startswith("shop.prod.r2.")]
    assert scene.facts(run).count("deployment.switched_back") == 1
