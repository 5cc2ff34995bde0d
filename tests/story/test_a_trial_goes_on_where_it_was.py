"""Shipway is killed while a release is tried: the trial goes on with what is on record, and says nothing twice."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from shipway.signals.questions import results
from shipway.signals.questions.results import Line
from shipway.signals.reading import Reading
from shipway.state import artifacts, deployments, facts, releases, verdicts
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.story import evidence, trial, unanswered
from shipway.story.beneath import Shaken, fails_since
from shipway.story.cast import project_of
from support.hearing import Hearsay, Says, earlier, hear, read, tally
from support.scene import WEB_ONLY, Scene, a_scene, canary

WELL = 20  # looks
AT_ONCE = WEB_ONLY.replace("warm: 60 s", "warm: 1 s")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_scene(tmp_path_factory.mktemp("stage")) as scene:
        scene.serves("0", project=AT_ONCE)
        yield scene


@pytest.fixture
def stage(opened: Scene) -> Iterator[Scene]:
    yield opened
    opened.settle()


@pytest.fixture
def version(request: pytest.FixtureRequest) -> str:
    return str(request.node.name)


def good(_new: bool, _number: int) -> Reading:
    return read(tally(40))


def bad(new: bool, _number: int) -> Reading:
    return read(tally(0, 40) if new else tally(40))


def silent(_new: bool, _number: int) -> Reading:
    return read(tally(0), heard=False)


def tried(
    scene: Scene, version: str, says: Says, *steps: int, hold: str = "500 ms", deadline: str = "20 s"
) -> tuple[Run, Hearsay]:
    """A run that tries a new version, of which this is said."""
    project = canary(*steps, hold=hold, deadline=deadline, project=AT_ONCE)
    hearsay = Hearsay(scene.serving().name, says)
    hear(scene.cast, hearsay)
    return scene.ordered(scene.commit(version, project=project)), hearsay


def crash(scene: Scene, place: str, run: Run, hearsay: Hearsay) -> None:
    with scene.crashing(place):
        scene.deliver(run)
    hear(scene.cast, hearsay)


@pytest.mark.parametrize("place", ["deployment.try after", "verdict.good before", "verdict.good after"])
def test_it_goes_on_with_the_share_that_stood(stage: Scene, version: str, place: str) -> None:
    run, hearsay = tried(stage, version, good, 50, 60)
    crash(stage, place, run, hearsay)
    assert sorted(stage.shares().values()) == [50, 50]
    assert stage.deliver(run) == "passed"
    assert stage.verdicts(run) == [(50, "good"), (60, "good")]
    assert stage.facts(run).count("deployment.try") == 2
    assert stage.says() == version


def test_what_a_release_command_does_to_the_one_before_is_said_and_waited_for_no_longer(
    stage: Scene, version: str
) -> None:
    """That fails all it is asked since, and the new one nothing: no share is held for its time."""

    def broken(new: bool, number: int) -> Reading:
        assert number < WELL + 200, "nothing is waited for"
        return read(tally(40) if new or number < WELL else tally(0, 40))

    project = canary(50, 60, hold="1 h", deadline="2 h", project=f"{AT_ONCE}release: 'true'\n")
    before, hearsay = stage.serving(), Hearsay(stage.serving().name, broken)
    hearsay.looks = earlier([30 - number for number in range(WELL)])
    hear(stage.cast, hearsay)
    run = stage.ordered(stage.commit(version, project=project))
    assert stage.deliver(run) == "passed"
    with stage.cast.database.read() as conn:
        first, second = verdicts.of_deployment(conn, stage.deployment(run).id)
        known = fails_since(conn, before, stage.serving())
    assert ((first.share, second.share), "bad" in (first.kind, second.kind)) == ((50, 60), False)
    said = (
        rf"r{before.number}, the one before, fails since r{stage.serving().number}'s release command began: "
        rf"([\d,]+) of \1 requests, 0 of 800 before that\. .+"
    )
    assert re.fullmatch(said, first.reason), first.reason
    assert re.fullmatch(said, second.reason), second.reason
    assert re.fullmatch(said.removesuffix(" .+"), known), "whoever goes back is told"


@pytest.mark.parametrize("odd", ["the new one too", "no command", "some", "always did"])
def test_a_share_is_held_unless_what_serves_was_ended_by_it(odd: str) -> None:
    """Where both fail, or the one before may fail by itself, the trial is as long as any other."""
    old, new = (Release("", "shop", "prod", number, "", "", 0, 0.0) for number in (1, 2))
    shaken = Shaken(old, new, None if odd == "no command" else 100.0)
    for at in range(80, 120):
        fails = tally(38, 2) if odd == "some" else tally(0, 40)
        was = fails if odd == "always did" else tally(40)
        shaken.see(at, was if at <= 100 else fails, tally(36, 4) if odd == "the new one too" else tally(40))
    assert not shaken.all_with_the_old
    assert bool(shaken.says) is (odd == "the new one too")


def test_each_share_is_heard_as_long_as_any_other(stage: Scene, version: str) -> None:
    """What was heard at an earlier share, and is heard again from the disk, is not what the next one waits for."""
    run, hearsay = tried(stage, version, good, 50, 60, hold="1 s")
    crash(stage, "verdict.good after", run, hearsay)
    crash(stage, "deployment.try after", run, hearsay)
    assert sorted(stage.shares().values()) == [40, 60]
    looks = len(hearsay.looks)
    assert stage.deliver(run) == "passed"
    assert len(hearsay.looks) - looks >= 4, "a second is four looks of a quarter"


def test_a_share_counts_from_before_it_was_on_record(
    stage: Scene, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The routers have it a moment earlier: what fails in that moment is not compared with the smaller share. With
    no share at all where visitors stay with it, one of whom may bring most requests.
    """
    before = stage.serving()
    run, hearsay = tried(stage, version, good, 50, 60)
    assert stage.deliver(run) == "passed"
    deployment, release = stage.deployment(run), stage.serving()
    with stage.cast.database.read() as conn:
        second = deployments.shares(conn, deployment)[1][0]
        project = project_of(artifacts.of_release(conn, release))
    hearsay.looks = [second - 0.01]
    monkeypatch.setattr(evidence, "RECORDED", 0.1)
    interval, *_ = evidence.Evidence(stage.cast, deployment, release, before).news()
    assert (interval.share, interval.most) == (0.5, 0.6)
    sticky = project.traffic.model_copy(update={"sticky": True})
    monkeypatch.setattr(evidence.Evidence, "_project", project.model_copy(update={"traffic": sticky}))
    interval, *_ = evidence.Evidence(stage.cast, deployment, release, before).news()
    assert (interval.share, interval.most) == (0.5, 1.0)


def test_more_looks_are_taken_once_it_fails_and_the_one_before_does_not(stage: Scene, version: str) -> None:
    def unlucky(new: bool, number: int) -> Reading:
        return read(tally(39, 1) if new and number == 1 else tally(40))

    run, hearsay = tried(stage, version, unlucky, 50)
    assert stage.deliver(run) == "passed"
    assert len(hearsay.hurried) == 1


@pytest.mark.parametrize(
    "place", ["commit.quarantined before", "commit.quarantined after", "deployment.undo after"]
)
def test_a_bad_verdict_is_on_record_once_and_its_revert_is_made(stage: Scene, version: str, place: str) -> None:
    before = stage.serving()
    run, hearsay = tried(stage, version, bad, 50, hold="10 s")
    crash(stage, place, run, hearsay)
    assert "taken back at 50 %" in stage.deliver(run)
    assert stage.verdicts(run) == [(50, "bad")]
    facts = stage.facts(run)
    told = ("verdict.bad", "commit.quarantined", "deployment.undo", "deployment.failed", "revert.ready")
    assert [facts.count(kind) for kind in told] == [1, 1, 1, 1, 1]
    assert stage.shares() == {f"r{before.number}": 100}


@pytest.mark.parametrize(
    ("says", "hint", "why"),
    [
        (silent, "routers' own words", r"Nothing was heard for \d+ s\."),
        (good, "A longer `deadline` or a shorter `hold`", r"It was heard for \d+ of 30 s, too short to tell\. .+"),
    ],
)
def test_its_deadline_counts_all_of_the_time(stage: Scene, version: str, says: Says, hint: str, why: str) -> None:
    """Also that in which Shipway was not there: one that is killed again and again would never be at its end.

    What next is another thing where it was heard, but for too short. What was counted until then is on record.
    """
    run, hearsay = tried(stage, version, says, 50, hold="30 s", deadline="60 s")
    crash(stage, "deployment.try after", run, hearsay)
    with stage.cast.database.write() as conn:
        conn.execute(
            text("update facts set at = at - 100 where kind = 'deployment.try' and run = :run"), {"run": run.id}
        )
    assert "could not be judged in 10" in stage.deliver(run)
    with stage.cast.database.read() as conn:
        (stopped,) = facts.after(conn, 0, runs=[run.id], kinds=["run.stopped"])
        (told,) = verdicts.of_deployment(conn, deployments.all_of_run(conn, run.id)[-1].id)
    assert hint in stopped.data["hint"]
    assert (told.share, told.kind) == (50, "not known")
    assert re.fullmatch(why, told.reason)
    assert any(each["new_of"] for each in told.findings) == (says is good)


LEDGER = "invariants: {ledger: {command: 'false', between: [0, 0]}}\n"


def test_a_question_that_came_with_the_release_and_says_nothing_is_its_commits(stage: Scene, version: str) -> None:
    """Its commit brought the question: it is told as that, and not as what may be no commit's; held it is not."""
    before = stage.serving()

    def silent_ledger(_new: bool, _number: int) -> Reading:
        now = time.time()
        ledger = Line("ledger", "command", "false", "0", None, before.name, 15.0, says="exit status 1", at=now)
        ledger.past = [(now - ago, "not known") for ago in (0.2, 0.1, 0.0)]
        results.write(stage.cast.machine.places, "shop", "prod", [ledger])
        return read(tally(40))

    hear(stage.cast, Hearsay(before.name, silent_ledger))
    project = canary(50, hold="500 ms", deadline="3 s", project=AT_ONCE) + LEDGER
    run = stage.ordered(stage.commit(version, project=project))
    assert "could not be judged" in stage.deliver(run)
    with stage.cast.database.read() as conn:
        (stopped,) = facts.after(conn, 0, runs=[run.id], kinds=["run.stopped"])
        (told,) = verdicts.of_deployment(conn, stage.deployment(run).id)
    assert stopped.data["id"] == trial.NewQuestionUnanswered.id
    assert stopped.data["hint"].startswith("ledger is new with this commit. `shipway judge r")
    assert [one["what"] for one in told.findings if one["new_question"]] == ["failures of ledger"]
    assert run.commit not in stage.quarantined()


def test_it_is_said_where_a_question_was_not_known_before_and_nothing_was_held_for_it(
    stage: Scene, version: str
) -> None:
    project = AT_ONCE.replace("[prod]", "[dev, test, stage, prod]").replace(
        "traffic: {", "traffic: {strategy: canary, canary_in: [stage, prod], "
    )
    commit = stage.commit(version, project=project)
    with stage.cast.database.write() as conn:
        artifact = artifacts.of_commit(conn, "shop", commit)
        assert artifact is not None
        about = {"application": "shop", "commit": commit}
        release = releases.make(conn, **about, environment="prod", digest=artifact.digest, configuration=0)
        for where, changes in {"dev": ["unknown"], "test": ["unknown", "recovered"], "stage": ["unknown"]}.items():
            for change in changes:
                facts.record(conn, f"probe.{change}", **about, environment=where, data={"probe": "ledger"})
    said = unanswered.before(stage.cast, release, ["ledger"])
    assert said.startswith("In dev nothing was known of it either: all requests move there at once")
    assert unanswered.before(stage.cast, release, ["orders"]) == ""


def asks(scene: Scene, says: Says, at: int) -> Says:
    """Says the same; at one look somebody asks for the release before."""
    asked: list[Run] = []

    def said(new: bool, number: int) -> Reading | None:
        if new and number == at and not asked:
            asked.append(scene.story.roll_back("shop", "prod", None, "bob"))
        return says(new, number)

    return said


@pytest.mark.parametrize("hold", ["10 s", "500 ms"])
def test_whoever_takes_it_back_is_named_and_nobody_is_blamed(stage: Scene, version: str, hold: str) -> None:
    """Also at the very look with which the share was heard for long enough."""
    before = stage.serving()
    run, _ = tried(stage, version, asks(stage, good, 1), 50, 60, hold=hold)
    assert "bob took" in stage.deliver(run)
    assert stage.shares() == {f"r{before.number}": 100}
    facts = stage.facts(run)
    assert (facts.count("deployment.taken_back"), facts.count("deployment.failed")) == (1, 1)
    assert stage.verdicts(run) == []
    assert run.commit not in stage.quarantined()
    assert facts.count("deployment.try") == 1


@pytest.mark.parametrize("place", ["deployment.try after", "verdict.good before", "verdict.good after"])
@pytest.mark.parametrize("steps", [(50, 60), (60,)])
def test_one_that_was_taken_back_does_not_go_on(
    stage: Scene, version: str, place: str, steps: tuple[int, ...]
) -> None:
    """Not even when it was good for long enough at the same moment, or Shipway was away meanwhile."""
    before = stage.serving()
    run, hearsay = tried(stage, version, good, *steps)
    crash(stage, place, run, hearsay)
    assert stage.story.roll_back("shop", "prod", None, "bob").id == run.id
    assert "bob took" in stage.deliver(run)
    assert stage.shares() == {f"r{before.number}": 100}
    assert stage.facts(run).count("deployment.try") == 1


def test_it_can_be_taken_back_before_it_is_on_record_that_it_has_a_share(stage: Scene, version: str) -> None:
    """The router has moved them, and people see it: going back from what serves would be going back too far."""
    before = stage.serving()
    run, hearsay = tried(stage, version, good, 50)
    crash(stage, "deployment.try before", run, hearsay)
    assert stage.shares()[f"r{before.number}"] == 50
    assert stage.story.roll_back("shop", "prod", None, "bob").id == run.id
    assert "bob took" in stage.deliver(run)
    assert stage.shares() == {f"r{before.number}": 100}


def test_who_goes_back_while_it_is_taken_away_stays_with_what_serves(stage: Scene, version: str) -> None:
    before = stage.serving()
    run, hearsay = tried(stage, version, good, 50)
    crash(stage, "deployment.try after", run, hearsay)
    stage.story.roll_back("shop", "prod", None, "ann")
    crash(stage, "deployment.undo after", run, hearsay)
    back = stage.begun(stage.story.roll_back("shop", "prod", None, "bob"))
    assert "ann took" in stage.deliver(run)
    assert stage.go_back(back) == "passed"
    assert stage.serving() == before


def test_it_can_be_taken_back_while_it_comes_back_up(stage: Scene, version: str) -> None:
    """Then its phase is an earlier one, and going back from what serves would be going back too far."""
    run, hearsay = tried(stage, version, good, 50)
    crash(stage, "deployment.try after", run, hearsay)
    crash(stage, "deployment.start after", run, hearsay)
    assert stage.story.roll_back("shop", "prod", None, "bob").id == run.id
    assert "bob took" in stage.deliver(run)
