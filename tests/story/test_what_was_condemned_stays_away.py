"""A commit that production spoke against comes back by no path; what grew from it does, and ends that."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shipway.errors import ShipwayError
from shipway.pushes.git import environment as git_environment
from shipway.signals.reading import Reading
from shipway.state import runs
from shipway.state.runs import Run
from shipway.story import carry
from shipway.story.watch import Watch
from shipway.web import whereabouts
from shipway.web.commits import Commits
from support.hearing import Hearsay, Says, earlier, hear, read, tally
from support.reconciling import reconcile_all
from support.scene import WEB_ONLY, Scene, a_scene
from support.workshop import NAME

PROJECT = WEB_ONLY.replace("[prod]", "[{name: prod, branch: live}]")
BRIEFLY = PROJECT.replace("warm: 60 s", "warm: 2 s")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One in which the second of two releases was judged bad, and taken back."""
    with a_scene(tmp_path_factory.mktemp("scene")) as scene:
        scene.serves("1", project=PROJECT)
        good = scene.serving()
        bad = scene.serves("2", project=PROJECT)
        hear(scene.cast, Hearsay(good.name, worse, earlier(range(20, 10, -1))))
        rollback = watched(scene)
        assert rollback is not None
        assert scene.go_back(scene.begun(rollback)) == "passed"
        assert scene.quarantined() == [bad]
        yield scene


def worse(new: bool, _number: int) -> Reading:
    return read(tally(0, 40) if new else tally(40), seconds=3)


def nobody(_new: bool, _number: int) -> Reading:
    return read(tally(0), seconds=3)


def same(_new: bool, _number: int) -> Reading:
    return read(tally(400), seconds=3)


def watched(scene: Scene) -> Run | None:
    watch = Watch(scene.cast)
    for _ in range(12):
        watch.look()
    with scene.cast.database.read() as conn:
        return next((run for run in runs.in_state(conn, "queued") if run.purpose == "rollback"), None)


def git(scene: Scene, *words: str) -> str:
    repository = scene.cast.machine.places.repository(NAME)
    done = subprocess.run(
        ["git", f"--git-dir={repository}", *words],
        capture_output=True,
        text=True,
        check=True,
        env=git_environment(),
    )
    return done.stdout.strip()


def bad_of(scene: Scene) -> str:
    (commit,) = scene.quarantined()
    assert commit is not None
    return commit


def pushed(scene: Scene, branch: str, commit: str) -> Run:
    """A branch is moved to a commit; the run of that."""
    git(scene, "update-ref", f"refs/heads/{branch}", commit)
    moved = reconcile_all(scene.cast.database, scene.cast.machine.places)
    (push,) = [each for each in moved if each.branch == branch]
    run = carry.pushed(scene.cast, push)
    assert run is not None
    return scene.begun(run)


def by_another_branch(scene: Scene) -> Run:
    return pushed(scene, "live", bad_of(scene))


def by_a_push_again(scene: Scene) -> Run:
    git(scene, "update-ref", "refs/heads/live", f"{bad_of(scene)}~1")
    reconcile_all(scene.cast.database, scene.cast.machine.places)
    return pushed(scene, "live", bad_of(scene))


def by_a_deployment(scene: Scene) -> Run:
    return scene.ordered(bad_of(scene))


def by_a_rollback(scene: Scene) -> Run:
    return scene.begun(scene.story.roll_back(NAME, "prod", 2, "ada"))


def by_a_retry(scene: Scene) -> Run:
    refused = scene.ordered(bad_of(scene))
    assert scene.carry_out(refused) != "passed"
    with scene.cast.database.write() as conn:
        runs.end(conn, refused, "failed")
    return scene.begun(scene.story.retry(refused.id, "ada"))


@pytest.mark.parametrize("way", [by_another_branch, by_a_push_again, by_a_deployment, by_a_rollback, by_a_retry])
def test_it_comes_back_by_no_path(scene: Scene, way: Callable[[Scene], Run]) -> None:
    try:
        outcome = scene.carry_out(way(scene))
    except ShipwayError as error:  # some are refused when they are asked for
        outcome = error.message
    assert f"{bad_of(scene)[:7]} is quarantined in prod" in outcome
    assert scene.says() == "1"


@pytest.mark.parametrize("on_top", [True, False])
def test_another_commit_with_the_same_files_is_kept_away_with_it(scene: Scene, on_top: bool) -> None:
    """An empty commit on top mends nothing, and one that was only named anew is no other."""
    bad, empty = bad_of(scene), scene.workshop.commit({})
    if not on_top:
        again = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit-tree", "-m", "Named anew")
        empty = git(scene, *again, "-p", f"{bad}~1", f"{bad}^{{tree}}")
        git(scene, "update-ref", "refs/heads/main", empty)
    made = scene.workshop.built(empty, PROJECT)
    outcome = scene.deliver(scene.ordered(made.commit))
    assert f"{empty[:7]} has the same files as {bad[:7]}, which is quarantined in prod" in outcome
    assert scene.says() == "1"


def test_an_amended_commit_is_judged_by_itself(scene: Scene) -> None:
    """It did not grow from the bad one: it may go, and mends nothing."""
    bad = bad_of(scene)
    git(scene, "update-ref", "refs/heads/main", f"{bad}~1")
    scene.workshop.reset(f"{bad}~1")
    serves_well(scene, "2, amended")
    assert scene.quarantined() == [bad]


def test_a_rollback_goes_past_it(scene: Scene) -> None:
    """r1 was good, r2 bad, r3 and r4 good: from r3, to which one went back, it goes to r1."""
    serves_well(scene, "2, amended again")
    assert scene.go_back(scene.begun(scene.story.roll_back(NAME, "prod", None, "ada"))) == "passed"
    assert scene.says() == "2, amended"
    assert scene.go_back(scene.begun(scene.story.roll_back(NAME, "prod", None, "ada"))) == "passed"
    assert scene.says() == "1"


def test_what_grew_from_it_and_is_not_known_goes_through_and_ends_nothing(scene: Scene) -> None:
    """Nobody came while it was watched: it serves, and whether it mends anything nobody can say."""
    bad = bad_of(scene)
    git(scene, "update-ref", "refs/heads/main", bad)
    scene.workshop.reset(bad)
    delivered(scene, "2, and nobody comes", nobody, "verdict.not_known")
    serves = scene.serving()
    assert scene.quarantined() == [bad]
    assert f"{bad[:7]} is quarantined in prod" in scene.deliver(scene.ordered(bad))
    until = "until a commit on top of it has served there and was judged good"
    part = f"r{serves.number} serves, as part of {serves.commit[:7]}"
    assert where(scene, bad) == f"{part}; {bad[:7]} is quarantined in prod {until}, and r{serves.number} was not"


def test_what_grew_from_it_goes_through_and_ends_it(scene: Scene) -> None:
    bad = bad_of(scene)
    git(scene, "update-ref", "refs/heads/main", bad)
    scene.workshop.reset(bad)
    serves_well(scene, "3")
    assert scene.quarantined() == []
    assert scene.deliver(scene.ordered(bad)) == "passed"


def serves_well(scene: Scene, version: str) -> None:
    """This is delivered, and judged good at the end of its trial."""
    delivered(scene, version, same, "verdict.good")


def delivered(scene: Scene, version: str, says: Says, judged: str) -> None:
    """It serves, and what is heard of it leads to the fact `judged` at the end of its trial."""
    stable, before = scene.serving().name, scene.every_fact().count(judged)
    scene.serves(version, project=BRIEFLY)
    hear(scene.cast, Hearsay(stable, says, earlier(range(20, 10, -1))))
    Watch(scene.cast).look()
    assert scene.every_fact().count(judged) == before + 1


def test_a_bad_release_goes_back_though_its_environment_is_frozen(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with a_scene(tmp_path_factory.mktemp("frozen")) as scene:
        scene.serves("1", project=PROJECT)
        good = scene.serving()
        scene.serves("2", project=PROJECT)
        scene.story.freeze(NAME, "prod", "Month end", "", "ada")
        hear(scene.cast, Hearsay(good.name, worse, earlier(range(20, 10, -1))))
        rollback = watched(scene)
        assert rollback is not None
        assert scene.go_back(scene.begun(rollback)) == "passed"
        assert scene.says() == "1"
        outcome = scene.deliver(scene.ordered(scene.commit("3", project=PROJECT)))
        assert "ada froze prod until somebody thaws it: Month end" in outcome
        assert scene.says() == "1"


def test_a_freeze_that_is_over_is_not_told_as_one_that_is(tmp_path: Path) -> None:
    """On record is what somebody did; where a commit is says what is so now, and what to do."""
    with a_scene(tmp_path) as scene:
        scene.serves("1", project=PROJECT)
        commit = scene.commit("2", project=PROJECT)
        git(scene, "update-ref", "refs/heads/main", commit)
        run = scene.ordered(commit)
        scene.story.freeze(NAME, "prod", "Month end", "", "ada")
        outcome = scene.deliver(run)
        with scene.cast.database.write() as conn:
            runs.end(conn, run, "failed", outcome.removeprefix("failed: "))
        assert (
            where(scene, commit)
            == f"run {run.number} was blocked: ada froze prod until somebody thaws it: Month end"
        )
        scene.story.thaw(NAME, "prod", "ben")
        told = "prod was frozen when it came there, and is open again: shipway deploy"
        assert where(scene, commit) == f"run {run.number} was blocked: {told} {commit[:7]} --env prod"


def where(scene: Scene, commit: str) -> str:
    """Why it is not in prod."""
    commits = Commits(scene.cast.machine.places)
    with scene.cast.database.read() as conn:
        (found,) = whereabouts.where(conn, commits, NAME, commit, ["prod"])
    return found.reason
