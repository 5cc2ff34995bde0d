"""The server may die while a step runs: the step goes on, once, and whoever asks again gets its outcome."""

from __future__ import annotations

import signal

from support.keeping import eventually
from support.workshop import Workshop, one_step


def test_a_step_goes_on_and_is_run_once(workshop: Workshop) -> None:
    line = "echo began >> happened; echo began; while ! test -e go; do sleep 0.05; done; cat happened"
    run = workshop.queue(workshop.commit(), one_step(line))
    first = workshop.elsewhere(run, "step", "only")
    eventually(lambda: "began" in workshop.log(run, "only"), "the step began")
    first.send_signal(signal.SIGKILL)
    first.wait()
    (workshop.tree(run) / "go").touch()
    assert workshop.step(run, "only") == "passed"
    assert workshop.log(run, "only") == "began\nbegan\n"
    assert [(step.attempt, step.state) for step in workshop.steps(run)] == [(1, "passed")]


def test_asking_again_for_what_has_passed_runs_nothing(workshop: Workshop) -> None:
    run = workshop.queue(workshop.commit(), one_step("echo once >> happened"))
    assert [workshop.step(run, "only") for _ in range(3)] == ["passed"] * 3
    assert (workshop.tree(run) / "happened").read_text() == "once\n"
