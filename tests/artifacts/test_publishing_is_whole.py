"""An artifact is there as a whole or not at all, is never changed, and comes only from a green run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shipway.artifacts import fetch, publish, shelf
from shipway.artifacts.archive import Damaged
from shipway.artifacts.fetch import Missing
from shipway.artifacts.publish import GreenRun, NotGreen, NothingBuilt
from shipway.state import facts
from support.workshop import STATIC, Workshop, one_step

TESTS = Path(__file__).parents[1]
DIES = """
import os, signal, sys
from pathlib import Path
from shipway.hosts.sandbox import probe
from shipway.state import runs
from support.workshop import opened

def die(event, arguments):
    if event == sys.argv[3] and sys.argv[4] in map(str, arguments):
        os.kill(os.getpid(), signal.SIGKILL)

with opened(Path(sys.argv[1]), probe()) as workshop:
    with workshop.database.read() as conn:
        run = runs.get(conn, sys.argv[2])
    sys.addaudithook(die)
    workshop.publish(run)
"""


def built(workshop: Workshop) -> tuple[str, str]:
    """A green run that is not published; its id, and the digest it will be published under."""
    run = workshop.queue(workshop.commit())
    assert workshop.build(run) == "passed"
    packed = publish.candidate.find(workshop.places, run.id)
    assert packed is not None
    return run.id, packed.digest


def die_publishing(workshop: Workshop, run: str, event: str, argument: str) -> None:
    path = os.pathsep.join([str(TESTS), str(TESTS.parent / "src")])
    command = [sys.executable, "-c", DIES, str(workshop.directory), run, event, argument]
    died = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=False)
    assert died.returncode == -signal.SIGKILL


def content(tree: Path) -> dict[str, str]:
    return {str(path.relative_to(tree)): path.read_text() for path in tree.rglob("*") if path.is_file()}


def test_a_green_run_becomes_an_artifact_named_by_its_digest(workshop: Workshop) -> None:
    artifact = workshop.make()
    archive = shelf.archive(workshop.places, artifact.digest)
    assert artifact.digest == subprocess.check_output(["sha256sum", archive], text=True).split()[0]
    assert artifact.size == archive.stat().st_size
    assert content(fetch.unpack(workshop.places, artifact.digest)) == STATIC
    with workshop.database.read() as conn:
        assert facts.after(conn, 0)[-1].kind == "artifact.published"


def test_only_a_run_whose_every_step_passed_is_green(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit(), one_step("test -e allowed", retry=1))
    with pytest.raises(NotGreen, match="only, build"):
        publish.green(workshop.database, run.id)
    assert workshop.build(run) == "passed"
    with pytest.raises(NotGreen, match="only"):
        publish.green(workshop.database, run.id)
    assert workshop.step(run, "only") == "failed"
    with pytest.raises(NotGreen, match="only"):
        publish.green(workshop.database, run.id)
    assert list(workshop.places.artifacts.glob("*.tar")) == []


def test_a_step_that_passed_when_it_was_tried_again_counts(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit(), one_step("echo >> tries; test $(wc -l < tries) = 2", retry=1))
    assert workshop.build(run) == "passed"
    assert workshop.step(run, "only") == "passed"
    assert workshop.publish(run).commit == run.commit


def test_nobody_else_can_say_that_a_run_is_green(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit())
    with pytest.raises(TypeError):
        GreenRun(run, object())


def test_a_run_that_builds_nothing_publishes_nothing(workshop: Workshop) -> None:
    run_id, _ = built(workshop)
    archive = workshop.places.run(run_id) / "build" / "archive.tar"
    archive.unlink()
    with pytest.raises(NothingBuilt):
        publish.publish(workshop.database, workshop.places, run=publish.green(workshop.database, run_id))


def test_publishing_again_is_publishing_once(workshop: Workshop) -> None:
    run_id, digest = built(workshop)
    for _ in range(3):
        green = publish.green(workshop.database, run_id)
        assert publish.publish(workshop.database, workshop.places, run=green).digest == digest
    with workshop.database.read() as conn:
        told = [fact.kind for fact in facts.after(conn, 0) if fact.kind.startswith("artifact.")]
    assert told == ["artifact.published"]


@pytest.mark.parametrize(
    ("event", "argument"),
    [
        pytest.param("os.chmod", "256", id="before it is renamed"),
        pytest.param("os.rename", "unpacked", id="before it is unpacked"),
        pytest.param("shipway.fact", "before", id="before it is recorded"),
        pytest.param("shipway.fact", "after", id="after it is recorded"),
    ],
)
def test_a_crash_while_publishing_loses_nothing_and_shows_nothing_torn(
    event: str, argument: str, workshop: Workshop
) -> None:
    run_id, digest = built(workshop)
    if argument == "unpacked":
        argument = str(workshop.places.run(run_id) / "build" / "unpacked")
    die_publishing(workshop, run_id, event, argument)
    for archive in workshop.places.artifacts.glob("[!.]*.tar"):
        assert archive.name == f"{digest}.tar"
    green = publish.green(workshop.database, run_id)
    assert publish.publish(workshop.database, workshop.places, run=green).digest == digest
    assert content(fetch.unpack(workshop.places, digest)) == STATIC


def test_what_is_unpacked_is_read_only_and_kept_once(workshop: Workshop) -> None:
    digest = workshop.make().digest
    first = fetch.unpack(workshop.places, digest)
    (inode,) = {first.stat().st_ino, fetch.unpack(workshop.places, digest).stat().st_ino}
    assert inode
    assert all(not path.stat().st_mode & 0o222 for path in first.rglob("*") if path.is_file())


def test_many_may_unpack_at_once(workshop: Workshop) -> None:
    digest = workshop.make().digest
    forget(workshop, digest)
    with ThreadPoolExecutor(8) as pool:
        trees = list(pool.map(lambda _: fetch.unpack(workshop.places, digest), range(16)))
    assert len(set(trees)) == 1
    assert content(trees[0]) == STATIC


def test_a_tree_of_another_boot_is_unpacked_again(workshop: Workshop) -> None:
    digest = workshop.make().digest
    tree = fetch.unpack(workshop.places, digest)
    tree.joinpath("index.html").chmod(0o644)
    tree.joinpath("index.html").write_text("")  # as a loss of power may leave it
    shelf.proof(workshop.places, digest).write_text("another boot")
    assert content(fetch.unpack(workshop.places, digest)) == STATIC


def test_an_unpacking_that_was_interrupted_is_made_anew(workshop: Workshop) -> None:
    digest = workshop.make().digest
    forget(workshop, digest)
    torn = workshop.places.artifacts / f".{digest}.new"
    torn.mkdir()
    (torn / "torn").touch()
    assert content(fetch.unpack(workshop.places, digest)) == STATIC
    assert not torn.exists()


def test_an_archive_changed_by_one_byte_is_never_unpacked(workshop: Workshop) -> None:
    digest = workshop.make().digest
    forget(workshop, digest)
    archive = shelf.archive(workshop.places, digest)
    archive.chmod(0o600)
    whole = archive.read_bytes()
    archive.write_bytes(whole.replace(b"<h1>Shop", b"<h1>Shoq"))
    with pytest.raises(Damaged):
        fetch.unpack(workshop.places, digest)
    left = {path.name for path in workshop.places.artifacts.iterdir() if not path.name.startswith(".lock")}
    assert left == {f"{digest}.tar", f"{digest}.json"}


def test_an_archive_that_is_gone_is_said_to_be_gone(workshop: Workshop) -> None:
    with pytest.raises(Missing):
        fetch.unpack(workshop.places, "0" * 64)


def test_two_commits_of_one_content_may_share_an_artifact(workshop: Workshop) -> None:
    first = workshop.queue(workshop.commit())
    again = workshop.queue(first.commit)
    for run in (first, again):
        assert workshop.build(run) == "passed"
    digests = {workshop.publish(run).digest for run in (first, again)}
    assert len(digests) == 1
    assert content(fetch.unpack(workshop.places, digests.pop())) == STATIC


def forget(workshop: Workshop, digest: str) -> None:
    """As if the artifact had only just arrived on this machine."""
    shelf.proof(workshop.places, digest).unlink()
    fetch.checkout.remove(shelf.tree(workshop.places, digest))
