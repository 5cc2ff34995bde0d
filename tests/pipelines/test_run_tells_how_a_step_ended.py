"""What a step did is in its outcome, in the record, and in the lines that explain a failure."""

from __future__ import annotations

import errno
import json
import threading
from pathlib import Path

from shipway.pipelines.attempts import Attempts, Result, following
from shipway.state import facts, runs
from shipway.state.runs import Step
from support.keeping import eventually
from support.rooms import kill_supervisor
from support.workshop import Workshop, one_step

PROJECT = {
    "name": "shop",
    "build": "static",
    "steps": {
        "lint": "echo clean",
        "test": {"run": "echo tested; exit 3", "needs": ["lint"]},
    },
}


def test_a_step_that_exits_with_0_passed(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit(), json.dumps(PROJECT))
    assert workshop.step(run, "lint") == "passed"
    (step,) = workshop.steps(run)
    assert (step.state, step.exit_code, step.excerpt, step.attempt) == ("passed", 0, "", 1)
    assert step.started is not None
    assert step.ended is not None
    assert step.ended >= step.started
    assert workshop.log(run, "lint") == "clean\n"


def test_a_failure_comes_with_its_exit_code_and_the_lines_that_explain_it(workshop: Workshop) -> None:
    lines = "for i in $(seq 30); do echo line $i; done; printf '\\033[31mred\\033[0m\\n\\n10%%\\r100%%\\n'; exit 3"
    run = workshop.queue(workshop.commit(), one_step(lines))
    assert workshop.step(run, "only") == "failed"
    (step,) = workshop.steps(run)
    shown = step.excerpt.splitlines()
    assert step.exit_code == 3
    assert len(shown) == 12
    assert shown[-3:] == ["line 30", "red", "100%"]


def test_the_steps_of_a_run_keep_their_place_in_the_plan(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit(), json.dumps(PROJECT))
    workshop.step(run, "test")
    workshop.step(run, "lint")
    assert [(step.name, step.position, list(step.needs)) for step in workshop.steps(run)] == [
        ("lint", 0, []),
        ("test", 1, ["lint"]),
    ]


def test_beginning_and_end_are_facts(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit(), json.dumps(PROJECT))
    workshop.step(run, "test")
    with workshop.database.read() as conn:
        told = [fact for fact in facts.after(conn, 0) if fact.kind.startswith("step.")]
    assert [fact.kind for fact in told] == ["step.started", "step.failed"]
    assert told[1].data["exit_code"] == 3
    assert told[1].data["excerpt"] == "tested"


def test_the_first_command_that_fails_ends_the_step(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit(), one_step("echo one\nfalse\necho two\n"))
    assert workshop.step(run, "only") == "failed"
    assert workshop.log(run, "only") == "one\n"


def test_a_step_that_takes_too_long_is_killed_and_says_so(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit(), one_step("echo slowly; sleep 600", timeout="500ms"))
    assert workshop.step(run, "only") == "timed out"
    assert workshop.steps(run)[0].excerpt == "slowly\nIt did not end within 0.5s, and was killed."


def test_a_failed_step_is_tried_again_as_often_as_it_asks(workshop: Workshop) -> None:
    third = "echo try >> tries; test $(wc -l < tries) = 3"
    run = workshop.queue(workshop.commit(), one_step(third, retry=2))
    assert workshop.step(run, "only") == "passed"
    assert [step.state for step in workshop.steps(run)] == ["failed", "failed", "passed"]
    run = workshop.queue(workshop.commit(), one_step(third, retry=1))
    assert workshop.step(run, "only") == "failed"
    assert [step.state for step in workshop.steps(run)] == ["failed", "failed"]


def test_every_attempt_has_a_log_of_its_own(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit(), one_step("echo try >> tries; wc -l < tries; false", retry=1))
    workshop.step(run, "only")
    assert [workshop.log(run, "only", attempt).strip() for attempt in (1, 2)] == ["1", "2"]


def test_a_cancelled_run_stops_its_step(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit(), one_step("echo began; sleep 600", retry=3))
    outcomes: list[str] = []
    running = threading.Thread(target=lambda: outcomes.append(workshop.step(run, "only")))
    running.start()
    eventually(lambda: "began" in workshop.log(run, "only"), "the step began")
    with workshop.database.write() as conn:
        runs.end(conn, run, "cancelled", "ada cancelled it")
    running.join(30)
    assert outcomes == ["cancelled"]
    assert [step.state for step in workshop.steps(run)] == ["cancelled"]


def test_a_cancelled_run_starts_no_step(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit(), one_step("echo began"))
    with workshop.database.write() as conn:
        runs.end(conn, run, "cancelled", "ada cancelled it")
    assert workshop.step(run, "only") == "cancelled"
    assert workshop.steps(run) == []


def test_a_step_that_was_lost_with_its_machine_is_tried_again(workshop: Workshop) -> None:
    line = "echo try >> tries; test $(wc -l < tries) = 2 || { echo began; sleep 600; }"
    run = workshop.queue(workshop.commit(), one_step(line))
    outcomes: list[str] = []
    running = threading.Thread(target=lambda: outcomes.append(workshop.step(run, "only")))
    running.start()
    eventually(lambda: "began" in workshop.log(run, "only"), "the step began")
    kill_supervisor(workshop.places.step(run.id, "only", 1))
    running.join(30)
    assert outcomes == ["passed"]
    assert [step.state for step in workshop.steps(run)] == ["lost", "passed"]


def test_which_attempt_is_next() -> None:
    def next_after(*states: str, retry: int = 0) -> int | None:
        return following([_step(number, state) for number, state in enumerate(states, 1)], retry)

    assert next_after() == 1
    assert next_after("running") == 1  # a crash: the same attempt is continued
    assert next_after("passed") is None
    assert next_after("failed") is None
    assert next_after("failed", retry=1) == 2
    assert next_after("timed out", retry=1) == 2
    assert next_after("failed", "failed", retry=1) is None
    assert next_after("cancelled", retry=5) is None
    assert next_after("lost") == 2
    assert next_after("lost", "lost") == 3
    assert next_after("lost", "lost", "lost") is None
    assert next_after("lost", "failed") is None
    assert next_after("lost", "failed", retry=1) == 3


def _step(attempt: int, state: str) -> Step:
    return Step("r", "only", attempt, 0, (), state, None, "", None, None)


def test_a_full_disk_fails_the_step_and_is_called_by_its_name(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit(), one_step("true"))

    def full(_directory: Path) -> Result:
        raise OSError(errno.ENOSPC, "No space left on device")

    assert Attempts(workshop.database, workshop.places, run, "only").carry_out(full) == "failed"
    assert "There is no room left on the disk" in workshop.steps(run)[0].excerpt
