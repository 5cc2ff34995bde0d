"""A release that serves is judged bad, while others act: it goes back once, and no other release pays for it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from shipway.pushes.git import Git, GitFailed
from shipway.signals.reading import Reading
from shipway.state import facts, holds, releases, runs
from shipway.state.database import Connection
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.story import condemn, reverts
from shipway.story.cast import Cast
from shipway.story.migrations import NoWayBack
from shipway.story.watch import Watch
from support.hearing import Hearsay, earlier, hear, read, tally
from support.scene import WEB_ONLY, Scene, a_scene
from support.workshop import NAME

IRREVERSIBLE = f"{WEB_ONLY}release: {{run: 'true', migration: irreversible}}\n"
LOOKS = 12


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_scene(tmp_path_factory.mktemp("scene")) as scene:
        yield scene


@pytest.fixture
def scene(opened: Scene) -> Scene:
    """One where a good release served, is kept warm, and one that fails everything has come after it."""
    opened.settle()
    served = opened.every_fact().count("deployment.done")
    opened.serves(f"good after {served}", project=WEB_ONLY)
    stable = opened.serving().name
    opened.serves(f"bad after {served}", project=WEB_ONLY)
    speak(opened, stable)
    return opened


def speak(scene: Scene, stable: str) -> None:
    """All that this one answered was good; nothing that any other answers is."""

    def says(new: bool, _number: int) -> Reading:
        return read(tally(0, 40) if new else tally(40), seconds=3)

    hear(scene.cast, Hearsay(stable, says, earlier(range(20, 10, -1))))


def watched(scene: Scene, by: Watch | None = None) -> list[Run]:
    """The runs of rollbacks that wait for their turn, after the watch has looked for long enough."""
    watch = by or Watch(scene.cast)
    for _ in range(LOOKS):
        watch.look()
    return waiting(scene)


def waiting(scene: Scene) -> list[Run]:
    with scene.cast.database.read() as conn:
        return [run for run in runs.in_state(conn, "queued") if run.purpose == "rollback"]


def rollbacks(scene: Scene, since: int) -> int:
    """How often something was made to serve again."""
    with scene.cast.database.read() as conn:
        found = runs.recent(conn, application=NAME)
    return sum(
        run.purpose == "rollback" and run.number > since and "deployment.done" in scene.facts(run) for run in found
    )


def newest(scene: Scene) -> int:
    with scene.cast.database.read() as conn:
        return runs.recent(conn, application=NAME)[0].number


def test_who_hears_it_all_again_queues_nothing_again(scene: Scene) -> None:
    """Shipway was started again between the verdict and the rollback; or somebody else looks at the same time."""
    bad = scene.serving()
    first, second = Watch(scene.cast), Watch(scene.cast)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda watch: watched(scene, watch), (first, second)))
    (run,) = watched(scene)
    assert run.who == "shipway"
    told = [fact for fact in scene.every_fact() if fact in ("verdict.bad", "commit.quarantined")]
    assert told[-2:] == ["verdict.bad", "commit.quarantined"]
    assert scene.verdicts(_of(scene, bad.commit)) == [(25, "bad")]  # it was asked about
    assert scene.quarantined().count(bad.commit) == 1
    assert scene.go_back(scene.begun(run)) == "passed"
    assert scene.says().startswith("good")


def _of(scene: Scene, commit: str) -> Run:
    with scene.cast.database.read() as conn:
        return runs.recent(conn, application=NAME, commit=commit)[0]


def test_an_environment_that_cannot_be_looked_at_keeps_no_other_from_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its record is broken, which no one thought of: it comes first, and is met again with every look."""
    healthy = releases.all_serving

    def with_a_broken_one(conn: Connection) -> list[releases.Serving]:
        now = healthy(conn)
        return [*(replace(each, deployment="never made", environment="broken") for each in now), *now]

    monkeypatch.setattr(releases, "all_serving", with_a_broken_one)
    (rollback,) = watched(scene)
    monkeypatch.undo()
    assert scene.go_back(scene.begun(rollback)) == "passed"
    assert scene.says().startswith("good")


def test_a_quarantine_of_which_all_is_said_is_not_asked_about_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(scene.cast)
    (rollback,) = watched(scene, watch)
    asked: list[str] = []
    settled = reverts.is_settled
    monkeypatch.setattr(reverts, "is_settled", lambda *of: asked.append(of[2]) or settled(*of))
    watched(scene, watch)
    assert asked == []
    watched(scene, Watch(scene.cast))  # one that was started again asks once
    assert asked
    assert len(asked) == len(set(asked))
    assert scene.go_back(scene.begun(rollback)) == "passed"


@pytest.mark.parametrize("place", ["run.queued after", "revert.ready before", "push.accepted before"])
def test_its_revert_is_made_whenever_shipway_dies(scene: Scene, place: str) -> None:
    """Also between queueing the rollback and the branch, and between the branch and the record of it."""
    bad = scene.serving()
    hearsay = scene.cast.collector
    with scene.crashing(place):
        watched(scene)
    hear(scene.cast, hearsay)
    assert "revert.ready" not in of_commit(scene, bad.commit)
    (rollback,) = watched(scene)
    told = of_commit(scene, bad.commit)
    assert [told.count(kind) for kind in ("verdict.bad", "commit.quarantined", "revert.ready")] == [1, 1, 1]
    git = Git(scene.cast.machine.places.repository(NAME))
    assert git.is_ancestor(bad.commit, git.resolve(f"refs/heads/{holds.revert_branch(bad.commit)}") or "")
    assert scene.go_back(scene.begun(rollback)) == "passed"


def test_that_there_is_no_revert_is_said(scene: Scene) -> None:
    """What came after it on the branch contradicts that."""
    bad = scene.serving()
    scene.commit("newer", project=WEB_ONLY)
    (rollback,) = watched(scene)
    assert [kind for kind in of_commit(scene, bad.commit) if kind.startswith("revert.")] == ["revert.left_out"]
    run = scene.begun(scene.story.deploy(NAME, "prod", bad.commit, "ada"))
    scene.deliver(run)
    with scene.cast.database.read() as conn:
        hint = facts.after(conn, 0, runs=[run.id], kinds=["run.stopped"])[0].data["hint"]
    assert "None that takes it back could be made: taking it back contradicts" in hint
    assert scene.go_back(scene.begun(rollback)) == "passed"


def of_commit(scene: Scene, commit: str) -> list[str]:
    with scene.cast.database.read() as conn:
        return [fact.kind for fact in facts.after(conn, 0, commit=commit)]


@pytest.mark.parametrize("first", ["shipway", "ada"])
def test_a_person_who_goes_back_at_the_same_time_goes_to_the_same_release(scene: Scene, first: str) -> None:
    since = newest(scene)
    (ours,) = watched(scene)
    theirs = scene.story.roll_back(NAME, "prod", None, "ada")
    for run in (ours, theirs) if first == "shipway" else (theirs, ours):
        assert scene.go_back(scene.begun(run)) in ("passed", "overtaken")
    assert scene.says().startswith("good")
    assert rollbacks(scene, since) == 1


def test_a_newer_release_is_not_taken_back_for_it(scene: Scene) -> None:
    """It was under way when the verdict came, and serves before the rollback has its turn."""
    newer = scene.ordered(scene.commit("newer", project=WEB_ONLY))
    hearsay = scene.cast.collector
    with scene.crashing("deployment.start after"):
        scene.deliver(newer)
    hear(scene.cast, hearsay)
    (rollback,) = watched(scene)
    assert scene.deliver(newer) == "passed"
    assert scene.go_back(scene.begun(rollback)) == "overtaken"
    assert scene.says() == "newer"
    assert newer.commit not in scene.quarantined()


def test_where_the_newer_release_fails_it_goes_back(scene: Scene) -> None:
    project = WEB_ONLY.replace("timeout: 5 s", "timeout: 300 ms")
    newer = scene.ordered(scene.commit("newer and ill", project=project, health="unwell"))
    hearsay = scene.cast.collector
    with scene.crashing("deployment.start after"):
        scene.deliver(newer)
    hear(scene.cast, hearsay)
    (rollback,) = watched(scene)
    assert "not get healthy" in scene.deliver(newer)
    assert scene.go_back(scene.begun(rollback)) == "passed"
    assert scene.says().startswith("good")


def test_other_configuration_does_not_serve_it_anew(scene: Scene) -> None:
    """A change of it deploys what serves, and that is the bad one until the rollback has its turn."""
    bad = scene.serving()
    (rollback,) = watched(scene)
    again = scene.story.configure(NAME, "prod", "ada", values={"EGGS": bad.id}).run
    assert again is not None
    assert f"{bad.commit[:7]} is quarantined" in scene.carry_out(scene.begun(again))
    assert scene.go_back(scene.begun(rollback)) == "passed"
    assert scene.says().startswith("good")


def test_one_that_cannot_go_back_is_left_stuck_once(scene: Scene) -> None:
    """However often Shipway is started again."""
    stable = scene.serving()
    stuck = scene.serves("irreversible", project=IRREVERSIBLE)
    speak(scene, stable.name)
    before = scene.every_fact()
    assert [watched(scene), watched(scene)] == [[], []]
    after = scene.every_fact()[len(before) :]
    assert [after.count(kind) for kind in ("verdict.bad", "release.stuck", "commit.quarantined")] == [1, 1, 1]
    assert scene.serving().commit == stuck


def test_what_could_not_be_recorded_is_tried_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, a repository that breaks: the verdict is acted on once that is over."""
    watch, real = Watch(scene.cast), condemn.no_way_back
    failing = [GitFailed("no room left")] * 2

    def breaking(cast: Cast, good: Release) -> NoWayBack | None:
        if failing:
            raise failing.pop()
        return real(cast, good)

    monkeypatch.setattr(condemn, "no_way_back", breaking)
    assert len(watched(scene, watch)) == 1
    assert failing == []


def test_who_goes_back_while_another_takes_over_means_what_served_before_it(scene: Scene) -> None:
    """Not the one before that: the record says what serves until the last moment."""
    standing = scene.serving()
    coming = scene.ordered(scene.commit("coming", project=WEB_ONLY))
    with scene.crashing("deployment.switch after"):
        scene.deliver(coming)
    back = scene.going_back()
    scene.deliver(coming)
    assert scene.go_back(back) == "passed"
    assert scene.serving() == standing
