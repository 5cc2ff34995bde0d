"""A build goes on without the server, happens once, and after a loss of power begins again from a clean tree."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

from shipway.artifacts import candidate, fetch
from shipway.state import runs
from shipway.state.runs import Run
from support.keeping import eventually
from support.workshop import STATIC, Workshop

WAITS = "echo began; echo >> built; while ! test -e go; do sleep 0.05; done; rm go; wc -l < built"
PROJECT = f'name: shop\nbuild: {{kind: static, run: "{WAITS}"}}\n'
FILES = {**STATIC, "shipway.yml": PROJECT}


def tree_of(workshop: Workshop, run: Run, attempt: int = 1) -> Path:
    return candidate.directory(workshop.places, run.id) / str(attempt) / "app"


def began(workshop: Workshop, run: Run, attempt: int = 1) -> None:
    eventually(lambda: "\nbegan\n" in workshop.log(run, "build", attempt), "the build began")


def interrupted(workshop: Workshop, files: dict[str, str] = FILES) -> Run:
    """A run whose build is under way, and whose server was killed."""
    run = workshop.queue(workshop.commit(files), files["shipway.yml"])
    first = workshop.elsewhere(run, "build")
    began(workshop, run)
    first.send_signal(signal.SIGKILL)
    first.wait()
    return run


def test_it_goes_on_and_happens_once(workshop: Workshop) -> None:
    run = interrupted(workshop)
    (tree_of(workshop, run) / "go").touch()
    assert workshop.build(run) == "passed"
    tree = fetch.unpack(workshop.places, workshop.publish(run).digest)
    assert (tree / "built").read_text() == "\n"
    assert [(step.attempt, step.state) for step in workshop.steps(run)] == [(1, "passed")]


def test_what_it_has_built_so_far_is_not_taken_for_what_was_committed(workshop: Workshop) -> None:
    """A virtual environment in a repository is refused; the one that the build has just made is not."""
    project = PROJECT.replace("kind: static", "kind: python") + "processes: {web: python3 web.py}\n"
    run = interrupted(workshop, {"shipway.yml": project, "setup.cfg": ""})
    assert (tree_of(workshop, run) / ".venv").exists()
    (tree_of(workshop, run) / "go").touch()
    assert workshop.build(run) == "passed", workshop.log(run, "build")


def test_after_a_loss_of_power_it_begins_again_from_a_clean_tree(workshop: Workshop) -> None:
    run = interrupted(workshop)
    (tree_of(workshop, run).parent / "boot").write_text("another boot")
    (tree_of(workshop, run) / "index.html").write_text("")  # torn
    (tree_of(workshop, run) / "go").touch()
    outcomes: list[str] = []
    again = threading.Thread(target=lambda: outcomes.append(workshop.build(run)))
    again.start()
    began(workshop, run, attempt=2)
    (tree_of(workshop, run, 2) / "go").touch()
    again.join(60)
    assert outcomes == ["passed"]
    assert [step.state for step in workshop.steps(run)] == ["lost", "passed"]
    tree = fetch.unpack(workshop.places, workshop.publish(run).digest)
    assert (tree / "index.html").read_text() == STATIC["index.html"]


def test_asking_again_for_what_is_built_builds_nothing(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit())
    assert [workshop.build(run) for _ in range(3)] == ["passed"] * 3
    assert len(workshop.steps(run)) == 1


def test_a_cancelled_run_stops_its_build(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit(FILES), PROJECT)
    outcomes: list[str] = []
    building = threading.Thread(target=lambda: outcomes.append(workshop.build(run)))
    building.start()
    began(workshop, run)
    with workshop.database.write() as conn:
        runs.end(conn, run, "cancelled", "ada cancelled it")
    building.join(60)
    assert outcomes == ["cancelled"]
    assert candidate.find(workshop.places, run.id) is None


def test_what_is_not_to_be_delivered_is_packed_and_not_unpacked(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit(), deliver=())
    assert workshop.build(run) == "passed"
    assert candidate.packed_in(workshop.places, run.id).exists()
    assert not candidate.unpacked_in(workshop.places, run.id).exists()
