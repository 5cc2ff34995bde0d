"""A deployment that was interrupted, anywhere, is finished or undone: never left half done, never done twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from shipway.environments import data
from shipway.environments.data import DataNotCopied
from shipway.errors import DeploymentStopped
from shipway.state import runs
from shipway.story import conclude
from shipway.story.delivery import Delivery
from shipway.story.retire import Retirement
from shipway.web import journey
from shipway.web.untouched import untouched
from support.frozen import while_tried
from support.installation import eventually
from support.scene import PROJECT, WEB_ONLY, Scene, canary
from support.workshop import NAME

IMPATIENT = PROJECT.replace("timeout: 5 s", "timeout: 1 s")
PATIENT = PROJECT.replace("grace: 0 s", "grace: 0.5 s")
WEB, WORKER = "shop.prod.r{}.web.1", "shop.prod.r{}.worker.1"


def ended(scene: Scene, run: runs.Run) -> None:
    """The run is over, whatever its deployment does."""
    with scene.cast.database.write() as conn:
        runs.end(conn, run, "failed", "Shipway met a defect")


@pytest.mark.parametrize("place", ["deployment.processes before", "deployment.switched before"])
def test_what_it_has_started_is_not_retired_meanwhile(scene: Scene, place: str) -> None:
    """Before the record says so, nothing serves of it: only the deployment knows what it is for."""
    scene.serves("1")
    run = scene.ordered(scene.commit("2"))
    with scene.crashing(place):
        scene.deliver(run)
    before = scene.instances()
    Retirement(scene.cast).look()
    assert scene.instances() == before
    assert scene.says() in ("1", "2")
    assert scene.deliver(run) == "passed"
    assert scene.says() == "2"


def test_where_the_data_cannot_be_copied_no_release_command_was_begun(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People are told of one that had run, and where the copy is: neither is there."""
    scene.serves("1")
    run = scene.ordered(scene.commit("2"))

    def refuse(*_: object) -> None:
        raise DataNotCopied("The disk is full.")

    monkeypatch.setattr(data, "copy", refuse)
    assert "The disk is full." in scene.deliver(run)
    assert "deployment.release" not in scene.facts(run)
    assert scene.says() == "1"


def test_it_is_undone_with_its_traffic_when_it_cannot_go_on(scene: Scene) -> None:
    """The router was told already, the record not yet; then the new release turns out to be ill."""
    scene.serves("1")
    run = scene.ordered(scene.commit("2", project=IMPATIENT, sick_if="flu"))
    with scene.crashing("deployment.switched before"):
        scene.deliver(run)
    assert scene.says() == "2"
    (scene.data / "flu").touch()
    assert "not get healthy" in scene.deliver(run)
    assert scene.says() == "1"
    assert scene.instances() == [WEB.format(1), WORKER.format(1)]
    assert scene.works("1")
    assert scene.deployment(run).state == "failed"


def test_the_first_one_of_all_is_undone_too(scene: Scene) -> None:
    run = scene.ordered(scene.commit("1", project=IMPATIENT, sick_if="flu"))
    with scene.crashing("deployment.switched before"):
        scene.deliver(run)
    (scene.data / "flu").touch()
    assert "not get healthy" in scene.deliver(run)
    assert scene.instances() == []
    assert "no release in prod yet" in scene.says()


def test_undoing_goes_on_and_keeps_its_reason(scene: Scene) -> None:
    scene.serves("1")
    run = scene.ordered(scene.commit("2", project=IMPATIENT, health="unwell"))
    with scene.crashing("deployment.undo after"):
        scene.deliver(run)
    assert "GET /health answered 500" in scene.deliver(run)
    assert scene.facts(run).count("deployment.start") == 1, "what was given up is not tried again"
    assert scene.instances() == [WEB.format(1), WORKER.format(1)]
    assert "GET /health answered 500" in scene.deployment(run).reason


def test_it_is_undone_when_its_run_is_over(scene: Scene) -> None:
    scene.serves("1")
    run = scene.ordered(scene.commit("2"))
    with scene.crashing("deployment.processes after"):
        scene.deliver(run)
    ended(scene, run)
    conclude.settle(scene.cast)
    assert scene.deployment(run).state == "failed"
    assert "Shipway met a defect" in scene.deployment(run).reason
    assert scene.instances() == [WEB.format(1), WORKER.format(1)]
    assert scene.works("1")


def test_it_is_finished_when_its_run_is_over_and_traffic_has_moved(scene: Scene) -> None:
    scene.serves("1")
    run = scene.ordered(scene.commit("2"))
    with scene.crashing("deployment.switched after"):
        scene.deliver(run)
    ended(scene, run)
    conclude.settle(scene.cast)
    assert scene.deployment(run).state == "done"
    assert scene.instances() == [WEB.format(1), WEB.format(2), WORKER.format(2)]
    assert scene.says() == "2"


def test_a_newer_one_waits_until_it_is_over(scene: Scene) -> None:
    """After a crash both go on at the same time, and nobody knows which is there first."""
    scene.serves("1")
    older = scene.ordered(scene.commit("2"))
    with scene.crashing("deployment.processes after"):
        scene.deliver(older)
    newer = scene.ordered(scene.commit("3"))
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(scene.deliver, newer)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.5)
        assert scene.deliver(older) == "passed"
        assert waiting.result(timeout=30) == "passed"
    assert scene.deployment(older).epoch < scene.deployment(newer).epoch
    assert scene.says() == "3"
    assert scene.works("3")


def test_a_run_that_was_cancelled_just_before_deploys_nothing(scene: Scene) -> None:
    run = scene.ordered(scene.commit("1"))
    scene.story.cancel(run.id, "ada")
    with scene.cast.database.read() as conn:
        late = runs.get(conn, run.id)
    assert scene.deliver_as_read(late, before=run) == "skipped"
    assert scene.instances() == []


@pytest.mark.parametrize("place", ["deployment.switched before", "deployment.switched after"])
def test_a_rollback_that_goes_on_runs_no_release_command(scene: Scene, place: str) -> None:
    scene.serves("1")
    scene.serves("2")
    before = scene.released()
    run = scene.going_back()
    with scene.crashing(place):
        scene.go_back(run)
    assert scene.go_back(run) == "passed"
    assert scene.released() == before
    assert scene.says() == "1"
    assert scene.works("1")


def test_going_back_twice_to_the_same_release_is_done_once(scene: Scene) -> None:
    scene.serves("1")
    scene.serves("2")
    first, second = scene.going_back(), scene.going_back()
    before = scene.released()
    assert [scene.go_back(first), scene.go_back(second)] == ["passed", "passed"]
    assert scene.facts(second).count("deployment.unneeded") == 1
    assert scene.released() == before
    assert scene.instances() == [WEB.format(1), WORKER.format(1), WEB.format(2)]


def test_a_rollback_whose_worker_does_not_live_is_undone_with_its_traffic(scene: Scene) -> None:
    scene.serves("1", project=PATIENT, on_strike_if="strike")
    scene.serves("2")
    (scene.data / "strike").touch()
    run = scene.going_back()
    assert "worker ended" in scene.go_back(run)
    assert scene.says() == "2"
    assert scene.works("2")
    assert scene.deployment(run).state == "failed"
    assert scene.serving().number == 2


def test_a_warm_release_whose_web_once_ended_is_deployed_again(scene: Scene) -> None:
    first = scene.serves("1")
    scene.serves("2")
    for times in (1, 2):
        scene.kill(WEB.format(1))
        eventually(lambda: scene.restarts(WEB.format(1)) == times, "it is started again")  # noqa: B023
    assert scene.deliver(scene.ordered(first)) == "passed"
    assert scene.says() == "1"


def test_what_was_put_back_only_in_part_is_told_as_that(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever went back is not told that it is: the requests are, what was started for it may run on."""
    scene.serves("1", project=WEB_ONLY)
    while_tried(monkeypatch, lambda: scene.story.roll_back(NAME, "prod", None, "ada"))

    def refuse(_delivery: Delivery) -> None:
        raise DeploymentStopped("worker.1 does not start.")

    monkeypatch.setattr(Delivery, "undo", refuse)
    run = scene.ordered(scene.commit("2", project=canary(50)))
    assert "ada took r2 back" in scene.deliver(run)
    assert scene.deployment(run).reason.endswith("Undoing it stopped: worker.1 does not start.")
    with scene.cast.database.read() as conn:
        said = untouched(journey.read(conn, run.id))
    assert said[0].startswith(
        "prod was put back only in part: r1 has all requests; `shipway ps --env prod` shows "
    )
