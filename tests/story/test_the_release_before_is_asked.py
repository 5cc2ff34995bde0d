"""Once a release serves alone and looks bad, the one before is asked: was it the release, or the world?"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from shipway.errors import KeeperGone
from shipway.hosts.keeper.spec import InstanceState
from shipway.releases.targets import process
from shipway.signals.asking import Question
from shipway.signals.judge import Judge
from shipway.signals.judge.telling import ALIKE
from shipway.signals.questions import results
from shipway.signals.questions.results import Line
from shipway.signals.reading import Reading
from shipway.signals.verdict import Verdict
from shipway.state import deployments, releases, runs
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.story import evidence, standby
from shipway.story.asking import Asking
from shipway.story.cold import Cold
from shipway.story.delivery import Delivery
from shipway.story.retire import Retirement
from shipway.story.tend import restore
from shipway.story.watch import Watch
from shipway.traffic.plan import FEW
from shipway.traffic.strategies.asking import KEPT
from support.hearing import Hearsay, earlier, hear, tally
from support.installation import eventually
from support.scene import WEB_ONLY, Scene, a_scene
from support.workshop import NAME

STICKY = WEB_ONLY.replace("traffic: {", "traffic: {sticky: true, ")
IRREVERSIBLE = f"{WEB_ONLY}release: {{run: 'true', migration: irreversible}}\n"


@dataclass
class World:
    """What is read of both, 3 s a look: how many of 40 requests fail, and how many of the new one's hang."""

    old: int = 0
    new: int = 0
    hang: int = 0

    def says(self, new: bool, _number: int) -> Reading:
        failed = self.new if new else self.old
        counted = tally(0) if new and self.hang else tally(40 - failed, failed)
        return Reading(0.0, 3.0, "", counted, self.hang if new else 0, True)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_scene(tmp_path_factory.mktemp("scene")) as scene:
        scene.serves("first", project=WEB_ONLY)
        yield scene


@pytest.fixture
def scene(opened: Scene) -> Scene:
    """One where a release has just taken over, and the one before is warm."""
    return taken_over(opened, WEB_ONLY)


@pytest.fixture
def world(scene: Scene) -> World:
    return heard(scene)


def taken_over(scene: Scene, project: str) -> Scene:
    scene.settle()
    number = scene.every_fact().count("deployment.done")
    scene.serves(f"stable {number}", project=WEB_ONLY)
    scene.serves(f"newer {number}", project=project)
    return scene


def heard(scene: Scene) -> World:
    """What is heard of it from now on: at first that all is well."""
    world = World()
    hear(scene.cast, Hearsay(stable_of(scene).name, world.says, earlier(range(20, 10, -1))))
    return world


def stable_of(scene: Scene) -> Release:
    """What is kept warm."""
    with scene.cast.database.read() as conn:
        now = releases.now_serving(conn, NAME, "prod")
        assert now is not None
        assert now.warm is not None
        return releases.get(conn, now.warm)


def serving(scene: Scene) -> Deployment:
    with scene.cast.database.read() as conn:
        now = releases.now_serving(conn, NAME, "prod")
        assert now is not None
        return deployments.get(conn, now.deployment)


def facts(scene: Scene) -> list[str]:
    """Whether it was asked, answered, judged bad or quarantined since it was deployed."""
    told = (
        "deployment.asked",
        "deployment.answered",
        "verdict.bad",
        "verdict.not_known",
        "commit.quarantined",
        "release.silent",
    )
    with scene.cast.database.read() as conn:
        run = runs.get(conn, serving(scene).run)
    return [kind for kind in scene.facts(run) if kind in told]


def mine(scene: Scene) -> int:
    """What the release that serves by the record has of 100 requests by the router."""
    return scene.shares()[f"r{scene.serving().number}"]


def looks(watch: Watch, number: int) -> None:
    for _ in range(number):
        watch.look()


def begins(scene: Scene, world: World, *, new: int = 40, old: int = 0) -> Watch:
    """The new one fails, and most requests have gone to the one before."""
    watch = Watch(scene.cast)
    looks(watch, 3)
    assert mine(scene) == 100
    world.new, world.old = new, old
    looks(watch, 1)
    assert (mine(scene), facts(scene)) == (KEPT, ["deployment.asked"])
    return watch


def test_nobody_is_asked_while_all_is_well(scene: Scene, world: World) -> None:
    looks(Watch(scene.cast), 10)
    assert (mine(scene), facts(scene)) == (100, [])


def test_how_many_come_is_counted_whichever_release_answered(scene: Scene) -> None:
    """What serves may have taken over a moment ago: that is no reason to begin with half."""

    def says(new: bool, _number: int) -> Reading | None:
        return Reading(0.0, 1.0, "", tally(20), 0, True) if new else None

    hear(scene.cast, Hearsay(stable_of(scene).name, says, earlier(range(8, 0, -1))))
    assert Delivery(scene.cast, serving(scene), scene.serving())._rate >= FEW


@pytest.mark.parametrize(("heard_of", "requests", "few"), [(3, 20, False), (1, 20, False), (3, 4, True)])
def test_that_something_was_not_heard_is_not_that_few_come(
    scene: Scene, heard_of: int, requests: int, few: bool
) -> None:
    """A busy machine misses some seconds, or all (of one): what is missing is not counted as nobody."""

    def says(new: bool, number: int) -> Reading | None:
        heard = heard_of > 1 and number % heard_of == 0
        return None if new else Reading(0.0, 1.0, "", tally(requests if heard else 0), 0, heard)

    hear(scene.cast, Hearsay(stable_of(scene).name, says, earlier(range(8, 0, -1))))
    assert (Delivery(scene.cast, serving(scene), scene.serving())._rate < FEW) is few


def test_a_bad_one_is_judged_at_the_share_it_keeps_beside_the_one_before(scene: Scene, world: World) -> None:
    watch = begins(scene, world)
    looks(watch, 3)
    assert facts(scene) == ["deployment.asked", "verdict.bad", "commit.quarantined"]
    (verdict,) = scene.verdicts(run_of(scene))
    assert verdict == (KEPT, "bad")
    assert [run.who for run in waiting(scene)] == ["shipway"]


def run_of(scene: Scene) -> Run:
    with scene.cast.database.read() as conn:
        return runs.get(conn, serving(scene).run)


def waiting(scene: Scene) -> list[Run]:
    with scene.cast.database.write() as conn:
        found = [run for run in runs.in_state(conn, "queued") if run.purpose == "rollback"]
        for run in found:
            runs.end(conn, run, "cancelled", "its test is over")
        return found


def test_what_fails_for_both_blames_nobody_however_long_it_lasts(scene: Scene, world: World) -> None:
    watch = begins(scene, world, old=40)
    looks(watch, 15)
    assert (mine(scene), facts(scene)) == (KEPT, ["deployment.asked"])
    world.new = world.old = 0
    looks(watch, 8)
    assert (mine(scene), facts(scene)) == (100, ["deployment.asked", "deployment.answered"])
    assert waiting(scene) == []
    doubt, answer = recorded(scene, "deployment.asked"), recorded(scene, "deployment.answered")
    assert doubt["reason"].startswith("Failed requests: 40 of 40 of the new release, 0 of ")
    assert [(one["new_count"], one["new_of"], one["beside"]) for one in doubt["findings"]] == [(40, 40, False)]
    beside = [one for one in answer["findings"] if one["beside"] and one["what"] == "failed requests"]
    assert (answer["kind"], bool(answer["reason"])) == ("good", True)
    assert beside[0]["old_count"] > 0


def test_that_nobody_can_tell_is_recorded_as_no_answer(scene: Scene, world: World) -> None:
    watch = begins(scene, world, old=40)
    (watched,) = watch._watched.values()
    watched.asking.end(Verdict("not known", "12 requests are too few to tell."))
    assert mine(scene) == 100
    assert recorded(scene, "deployment.answered")["kind"] == "not known"


def test_who_is_asked_for_slow_requests_is_heard_out_until_the_deadline(
    scene: Scene, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nothing is doubted any more: too few have answered to say how long it takes now."""
    watch = begins(scene, world, old=40)
    (watched,) = watch._watched.values()
    monkeypatch.setattr(Asking, "_step", lambda *_: "go on")
    for name, hears_out in (("doubts", False), ("hears_out", True)):
        monkeypatch.setattr(Judge, name, property(lambda _, answer=hears_out: answer))
    now = time.time()
    assert [watched.asking.is_answered(watched.trial, now - ago) for ago in (30, 100)] == [False, True]


def recorded(scene: Scene, kind: str) -> dict[str, Any]:
    """What the newest fact of a kind holds."""
    with scene.cast.database.read() as conn:
        query = "select data from facts where kind = :kind order by id desc limit 1"
        found: dict[str, Any] = json.loads(conn.execute(text(query), {"kind": kind}).scalar_one())
    return found


def test_one_that_does_not_answer_goes_back_and_is_not_quarantined(scene: Scene, world: World) -> None:
    watch = Watch(scene.cast)
    looks(watch, 3)
    world.hang = 5
    looks(watch, 5)
    assert mine(scene) == KEPT
    with scene.cast.database.write() as conn:  # what is asked has a deadline of a minute
        conn.execute(text("update facts set at = at - 100 where kind = 'deployment.asked'"))
    looks(watch, 5)
    assert facts(scene) == ["deployment.asked", "verdict.not_known", "release.silent"]
    assert len(waiting(scene)) == 1


@pytest.mark.parametrize("place", ["deployment.asked before", "deployment.asked after"])
def test_who_is_killed_while_it_is_asked_goes_on(scene: Scene, world: World, place: str) -> None:
    """The share has moved already, and is not on record, or it is: either way what was dealt out is told apart."""
    watch, hearsay = Watch(scene.cast), scene.cast.collector
    looks(watch, 3)
    world.new = world.old = 40
    with scene.crashing(place):
        looks(watch, 1)
    hear(scene.cast, hearsay)
    assert mine(scene) == KEPT
    again = Watch(scene.cast)
    looks(again, 10)
    assert (mine(scene), facts(scene)) == (KEPT, ["deployment.asked"])
    world.new = world.old = 0
    looks(again, 8)
    assert (mine(scene), facts(scene)) == (100, ["deployment.asked", "deployment.answered"])


def test_who_is_killed_before_it_is_on_record_puts_the_share_back(scene: Scene, world: World) -> None:
    watch, hearsay = Watch(scene.cast), scene.cast.collector
    looks(watch, 3)
    world.new = 40
    with scene.crashing("deployment.asked before"):
        looks(watch, 1)
    world.new = 0
    hearsay.looks.clear()  # type: ignore[attr-defined]
    hear(scene.cast, hearsay)
    looks(Watch(scene.cast), 2)
    assert (mine(scene), facts(scene)) == (100, [])


def test_who_is_killed_after_the_answer_gives_everything_back(scene: Scene, world: World) -> None:
    watch, hearsay = begins(scene, world, old=40), scene.cast.collector
    world.new = world.old = 0
    with scene.crashing("deployment.answered after"):
        looks(watch, 8)
    hear(scene.cast, hearsay)
    assert mine(scene) == KEPT
    looks(Watch(scene.cast), 1)
    assert (mine(scene), facts(scene)) == (100, ["deployment.asked", "deployment.answered"])


@pytest.mark.parametrize("project", [STICKY, IRREVERSIBLE])
def test_it_is_not_asked_where_nobody_may_go_back_to_it(opened: Scene, project: str) -> None:
    """Then what the new one does alone is held against it."""
    scene = taken_over(opened, project)
    world, watch = heard(scene), Watch(scene.cast)
    looks(watch, 3)
    world.new = 40
    looks(watch, 12)
    assert mine(scene) == 100
    assert facts(scene) == ["verdict.bad", "commit.quarantined"]
    waiting(scene)


def test_what_the_judge_says_of_the_next_one_is_not_hidden_by_the_one_that_is_watched_still(
    scene: Scene, world: World
) -> None:
    watch, cast, mine_ = Watch(scene.cast), scene.cast, serving(scene)
    place, tried = (mine_.application, mine_.environment), ("the next one", Verdict("good", ""))
    cast.so_far[place] = tried
    with cast.alone(*place):
        looks(watch, 1)
        assert cast.so_far[place] == tried
    looks(watch, 1)
    assert cast.so_far[place][0] == mine_.id, "its trial is over"


def test_one_that_is_not_well_is_not_asked(scene: Scene, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shipway.traffic.proxy.ANSWERS_WITHIN", 0.1)
    watch = Watch(scene.cast)
    looks(watch, 3)
    stable = stable_of(scene)
    process.stop(scene.cast.machine, stable, scene.cast.machine.keeper.highest_epoch(process.group(stable)))
    world.new = 40
    looks(watch, 1)
    assert (mine(scene), facts(scene)) == (100, [])


def test_one_that_fails_at_the_same_time_shows_that_it_is_not_the_new_one(
    scene: Scene, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What both depend on is out, and the health path with it; when that is over, it is asked."""
    well = [True]
    monkeypatch.setattr("shipway.traffic.proxy.Proxy.is_well", lambda *_, **__: well[0])
    monkeypatch.setattr(standby, "OFTEN", 0.0)
    watch = Watch(scene.cast)
    looks(watch, 3)
    well[0], world.new = False, 40
    looks(watch, 12)
    assert (mine(scene), facts(scene)) == (100, [])
    application, environment = scene.serving().application, scene.serving().environment
    _, so_far = scene.cast.so_far[application, environment]
    assert (so_far.kind, ALIKE in so_far.reason) == ("not known", True)
    looks(Watch(scene.cast), 3)
    assert (mine(scene), facts(scene)) == (100, []), "who hears it again leaves out the same"
    well[0] = True
    looks(watch, 1)
    assert (mine(scene), facts(scene)) == (KEPT, ["deployment.asked"])
    looks(watch, 3)
    assert "verdict.bad" in facts(scene), "it fails still, and the one before does not"
    waiting(scene)


def test_one_that_was_ill_before_shields_nobody(
    scene: Scene, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can ask it, so the new one is compared with before."""
    monkeypatch.setattr("shipway.traffic.proxy.Proxy.is_well", lambda *_, **__: well[0])
    monkeypatch.setattr("shipway.traffic.proxy.ANSWERS_WITHIN", 0.1)
    monkeypatch.setattr(standby, "SELDOM", 0.0)
    well, watch, stable = [True], Watch(scene.cast), stable_of(scene)
    looks(watch, 1)
    process.stop(scene.cast.machine, stable, scene.cast.machine.keeper.highest_epoch(process.group(stable)))
    well[0] = False
    monkeypatch.setattr(standby, "SAME", -1.0)  # it became so longer ago than that
    looks(watch, 2)
    world.new = 40
    looks(watch, 12)
    assert facts(scene) == ["verdict.bad", "commit.quarantined"]
    assert "by chance" not in recorded(scene, "verdict.bad")["reason"]
    waiting(scene)


def test_the_warm_one_is_not_stopped_while_it_is_asked(scene: Scene, world: World) -> None:
    """Everything goes to the new one first, also when the time of the warm one is over."""
    watch, asked = begins(scene, world, old=40), serving(scene)
    with scene.cast.database.write() as conn:
        conn.execute(text("update serving set warm_until = 1"))
    Retirement(scene.cast).look()
    assert mine(scene) == KEPT
    with scene.cast.alone(NAME, "prod"):  # somebody else is at it for a moment
        looks(watch, 1)
    assert (mine(scene), facts(scene)) == (KEPT, ["deployment.asked"])
    looks(watch, 1)
    assert mine(scene) == 100
    Retirement(scene.cast).look()
    with scene.cast.database.read() as conn:
        now = releases.now_serving(conn, NAME, "prod")
    assert now is not None
    assert (now.deployment, now.warm) == (asked.id, None)
    assert facts(scene)[:2] == ["deployment.asked", "deployment.answered"]


def test_who_deploys_meanwhile_moves_the_requests_alone(scene: Scene, world: World) -> None:
    """From its beginning on the share that was given back is not compared, and not moved by anybody else."""
    watch, asked = begins(scene, world, old=40), serving(scene)
    hearsay = scene.cast.collector
    newer = scene.ordered(scene.commit(f"meanwhile {asked.epoch}", project=WEB_ONLY))
    with scene.crashing("deployment.start after"):
        scene.deliver(newer)
    hear(scene.cast, hearsay)
    assert not Asking(scene.cast, asked, scene.serving(), stable_of(scene)).may
    with scene.cast.database.read() as conn:
        assert [share for _, share in deployments.shares(conn, asked)][-2:] == [KEPT, 100]
        assert deployments.asked_since(conn, asked) is None
    looks(watch, 3)
    assert scene.deliver(newer) == "passed"
    assert mine(scene) == 100
    assert list(scene.shares()) == [f"r{scene.serving().number}"]


def test_it_is_asked_once_and_answers_also_after_a_newer_one_was_undone(scene: Scene, world: World) -> None:
    """What began before somebody was asked does not end that."""
    hearsay = scene.cast.collector
    ill = scene.commit(f"ill {serving(scene).epoch}", project=WEB_ONLY.replace("5 s", "0.5 s"), health="ill")
    assert scene.deliver(scene.ordered(ill)).startswith("failed")
    hear(scene.cast, hearsay)
    watch = begins(scene, world)
    looks(watch, 1)
    assert mine(scene) == KEPT
    looks(watch, 3)
    assert facts(scene) == ["deployment.asked", "verdict.bad", "commit.quarantined"]


def test_what_a_newer_one_breaks_speaks_not_against_this_one(scene: Scene, world: World) -> None:
    """Such as the books of the environment, from when it comes, and after it went back."""
    this = serving(scene)
    hearsay, watch = scene.cast.collector, Watch(scene.cast)
    newer = scene.ordered(scene.commit(f"forgets {this.epoch}", project=WEB_ONLY))
    with scene.crashing("deployment.start after"):
        scene.deliver(newer)
    hear(scene.cast, hearsay)
    books = Line("the books", "command", "true", None, None, scene.serving().name, 1.0)
    books.past = [(this.started - second, "passed") for second in range(40, 0, -1)]
    for second in range(12):
        books.past.append((time.time() + second, "failed"))
        results.write(scene.cast.machine.places, NAME, "prod", [books])
        looks(watch, 1)
    assert facts(scene) == []
    assert scene.deliver(newer) == "passed"


def test_what_comes_while_shipway_starts_it_anew_speaks_not_against_it(
    opened: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After `down --all` and `up`, or a reboot: nobody answers at first, and that is nobody's fault."""
    scene = taken_over(opened, WEB_ONLY.replace("timeout: 5 s", "timeout: 90 s"))
    hearsay, watch, state = scene.cast.collector, Watch(scene.cast), web_of(scene)
    scene.cast.machine.keeper.stop(state.id, group=state.group, epoch=serving(scene).epoch, grace=5.0)
    restore(scene.cast)
    eventually(lambda: web_of(scene).since > state.since, "it was started anew")
    world = heard(scene)
    world.new = 40
    looks(watch, 5)
    assert facts(scene) == []
    scene.cast.machine.keeper.stop(state.id, group=state.group, epoch=serving(scene).epoch, grace=5.0)
    restore(scene.cast)
    restore(scene.cast)
    with scene.cast.database.read() as conn:
        assert len(deployments.starts_anew(conn, serving(scene))) == 2, "each, and only what was missing"
    looks(Watch(scene.cast), 3)
    assert facts(scene) == [], "who hears it again knows of both"
    monkeypatch.setattr(evidence, "cold", lambda *_: Cold())
    looks(watch, 1)
    assert facts(scene) == ["deployment.asked"], "when it is not cold any more it is heard"
    hear(scene.cast, hearsay)


def test_one_that_the_keeper_starts_again_is_heard(scene: Scene, world: World) -> None:
    watch = Watch(scene.cast)
    looks(watch, 3)
    scene.kill(web_of(scene).id)
    eventually(lambda: scene.restarts(web_of(scene).id) == 1, "the keeper has started it again")
    world.new = 40
    looks(watch, 1)
    assert facts(scene) == ["deployment.asked"]


def web_of(scene: Scene) -> InstanceState:
    """The one instance of what serves."""
    name = f"{scene.serving().name}.web."
    (state,) = [each for each in scene.cast.machine.keeper.instances() if each.id.startswith(name)]
    return state


@dataclass
class Answered:
    """Stands where a round of our own requests does: over at once, and the new one answers as `good` says."""

    questions: list[Question]
    good: list[bool]
    over: bool = True

    def answers(self) -> Iterator[tuple[Question, bool]]:
        return ((each, self.good[0] or not each.new) for each in self.questions)


def test_one_without_requests_gets_some_of_ours_at_first_and_in_doubt(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each may fail, and be reported, for no other reason than that it was asked."""
    asked, good = [], [True]

    def begins(questions: list[Question]) -> Answered:
        asked.append({"new" if each.new else "old" for each in questions})
        return Answered(questions, good)

    nobody = Hearsay(stable_of(scene).name, lambda _new, _number: Reading(0.0, 1.0, "", tally(0), 0, True))
    hear(scene.cast, nobody)
    monkeypatch.setattr(evidence, "Round", begins)
    monkeypatch.setattr(evidence, "PAUSE", 0.0)
    found = evidence.Evidence(scene.cast, serving(scene), scene.serving(), stable_of(scene))
    for answers in (True, True, True, False, False, True, True):
        good[0] = answers
        list(found.news())
    both, alone = {"old", "new"}, {"new"}
    assert asked == [both, alone, alone, both, both, alone, alone]


def test_many_instances_are_one_answer(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three that are asked in one moment and have no database then know no more than one."""
    hear(scene.cast, Hearsay(stable_of(scene).name, lambda *_: Reading(0.0, 1.0, "", tally(0), 0, True)))
    monkeypatch.setattr(evidence, "Round", lambda questions: Answered(questions, [False]))
    monkeypatch.setattr(evidence, "PAUSE", 0.0)
    monkeypatch.setattr(evidence.Evidence, "_ports", lambda _self, _release: [1, 2, 3])
    found = evidence.Evidence(scene.cast, serving(scene), scene.serving(), stable_of(scene))
    list(found.news())
    (interval,) = [one for one in found.news() if one.checks]
    assert [(check.passed, check.new) for check in interval.checks] == [(True, False), (False, True)]
    assert {check.name for check in interval.checks} == {"GET /health asked by the judge"}, (
        "and no request of people's"
    )


def test_what_the_routers_read_is_heard_also_while_the_keeper_does_not_answer(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_group: str | None = None) -> list[InstanceState]:
        raise KeeperGone("The keeper does not answer.")

    reads = Hearsay(stable_of(scene).name, lambda *_: Reading(0.0, 1.0, "", tally(0), 0, True))
    hear(scene.cast, reads)
    found = evidence.Evidence(scene.cast, serving(scene), scene.serving(), stable_of(scene))
    list(found.news())
    monkeypatch.setattr(scene.cast.machine.keeper, "instances", gone)
    assert list(found.news())
