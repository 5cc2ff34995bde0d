"""Files go only when nobody can need them any more; what serves, and the way back, stays."""

from __future__ import annotations

import pytest

from shipway.artifacts import fetch, prune, shelf
from shipway.state import artifacts, configurations, deployments, releases, runs
from shipway.state.artifacts import Artifact
from shipway.state.runs import Run
from support.workshop import NAME, STATIC, Workshop


@pytest.fixture(autouse=True)
def nothing_is_young(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "FRESH", 0.0)


def made(workshop: Workshop, content: str) -> tuple[Run, Artifact]:
    run = workshop.queue(workshop.commit({**STATIC, "index.html": content}))
    assert workshop.build(run) == "passed"
    return run, workshop.publish(run)


def finish(workshop: Workshop, run: Run) -> None:
    with workshop.database.write() as conn:
        runs.end(conn, run, "passed")


def release(workshop: Workshop, run: Run, artifact: Artifact, environment: str = "dev") -> None:
    with workshop.database.write() as conn:
        version = configurations.newest(conn, NAME, environment).version
        made = releases.make(
            conn,
            application=NAME,
            environment=environment,
            digest=artifact.digest,
            commit=artifact.commit,
            configuration=version,
        )
        deployment = deployments.begin(conn, run=run.id, release=made, kind="deploy", at_least=0)
        releases.serve(conn, made, deployment=deployment.id, epoch=deployment.epoch, warm_until=None)


def there(workshop: Workshop, artifact: Artifact) -> bool:
    """Whether its files are there, all or none, as the record says."""
    places = workshop.places
    files = {shelf.archive(places, artifact.digest).exists(), shelf.tree(places, artifact.digest).exists()}
    with workshop.database.read() as conn:
        recorded = any(each.digest == artifact.digest for each in artifacts.present(conn))
    assert files == {recorded}
    return recorded


def test_what_no_release_names_goes_when_its_run_is_over(workshop: Workshop) -> None:
    run, artifact = made(workshop, "one")
    prune.prune(workshop.database, workshop.places)
    assert there(workshop, artifact)
    finish(workshop, run)
    prune.prune(workshop.database, workshop.places)
    assert not there(workshop, artifact)
    left = [path.name for path in workshop.places.artifacts.iterdir() if not path.name.startswith(".lock")]
    assert left == []


def test_what_was_just_published_stays(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "FRESH", 3600.0)
    run, artifact = made(workshop, "one")
    finish(workshop, run)
    prune.prune(workshop.database, workshop.places)
    assert there(workshop, artifact)


def test_the_last_five_releases_of_an_environment_stay(workshop: Workshop) -> None:
    found = []
    for number in range(7):
        run, artifact = made(workshop, f"number {number}")
        release(workshop, run, artifact)
        finish(workshop, run)
        found.append(artifact)
    prune.prune(workshop.database, workshop.places)
    assert [there(workshop, artifact) for artifact in found] == [False] * 2 + [True] * 5


def test_what_serves_stays_however_old(workshop: Workshop) -> None:
    run, old = made(workshop, "old")
    release(workshop, run, old, "prod")
    finish(workshop, run)
    with workshop.database.write() as conn:  # releases that never served
        for number in range(6):
            releases.make(
                conn, application=NAME, environment="prod", digest=f"{number:064d}", commit="c", configuration=0
            )
    prune.prune(workshop.database, workshop.places)
    assert there(workshop, old)


def test_an_artifact_that_a_waiting_run_delivers_stays(workshop: Workshop) -> None:
    run, artifact = made(workshop, "one")
    finish(workshop, run)
    workshop.queue(run.commit)
    prune.prune(workshop.database, workshop.places)
    assert there(workshop, artifact)


def test_a_pruned_artifact_can_be_published_again(workshop: Workshop) -> None:
    run, artifact = made(workshop, "one")
    finish(workshop, run)
    prune.prune(workshop.database, workshop.places)
    again = workshop.queue(run.commit)
    assert workshop.build(again) == "passed"
    assert workshop.publish(again).digest == artifact.digest
    assert there(workshop, artifact)
    assert fetch.unpack(workshop.places, artifact.digest).joinpath("index.html").read_text() == "one"


def test_files_that_no_record_names_go_when_they_are_old(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.places.artifacts.mkdir()
    lost = [workshop.places.artifacts / name for name in (f"{'a' * 64}.tar", f".{'b' * 64}.new")]
    foreign = workshop.places.artifacts / "README"
    for path in (*lost, foreign):
        path.touch()
    prune.prune(workshop.database, workshop.places)
    assert all(path.exists() for path in lost)
    monkeypatch.setattr(prune, "LEFTOVER", -1.0)
    prune.prune(workshop.database, workshop.places)
    assert [path.exists() for path in (*lost, foreign)] == [False, False, True]


def test_the_trees_of_a_run_go_when_it_is_over_and_its_logs_stay(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit(), '{"name": "shop", "build": "static", "steps": {"test": "echo hi"}}')
    assert (workshop.build(run), workshop.step(run, "test")) == ("passed", "passed")
    home = workshop.places.run(run.id)
    prune.prune(workshop.database, workshop.places)
    assert {path.name for path in home.iterdir() if path.is_dir()} >= {"tree", "build", "steps"}
    finish(workshop, run)
    prune.prune(workshop.database, workshop.places)
    assert {path.name for path in home.iterdir() if path.is_dir()} == {"steps"}
    assert workshop.log(run, "test") == "hi\n"
