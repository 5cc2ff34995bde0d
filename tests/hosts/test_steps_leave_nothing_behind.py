"""R16: when a step is over, nothing that it started is there any more, however it ended."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import leftovers
from shipway.hosts import steps
from support.rooms import HELD, Workplace, await_supervisor, kill_supervisor, tier_of

ESCAPES = {
    "a background process": "sleep 1000 &",
    "a session of its own": "setsid sleep 1000 &",
    "nohup": "nohup sleep 1000 >/dev/null 2>&1 &",
    "two forks": "(setsid sh -c 'sleep 1000 & exec sleep 1000' &) &",
    "one that ignores signals": """(trap '' TERM HUP INT; setsid sh -c 'while :; do sleep 1000; done') &""",
    "one that starts others": "(while :; do sleep 0.01 & done) &",
}


@pytest.fixture(params=HELD)
def workplace(request: pytest.FixtureRequest, tmp_path: Path) -> Workplace:
    return Workplace(tmp_path, tier_of(request.param))


def left(workplace: Workplace) -> list[str]:
    """What is there when the supervisors are gone, which write down how a step ended as the last thing they do."""
    for directory in workplace.begun:
        await_supervisor(directory)
    return list(leftovers.left([workplace.directory]).values())


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES.keys())
def test_nothing_outlives_the_end(workplace: Workplace, escape: str) -> None:
    outcome, _ = workplace.run(f"{escape}\nsleep 0.1; exit 4")
    assert (outcome.how, outcome.code) == ("exited", 4)
    assert left(workplace) == []


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES.keys())
def test_nothing_outlives_the_time_limit(workplace: Workplace, escape: str) -> None:
    outcome, log = workplace.run(f"echo begun\n{escape}\nsleep 1000", timeout=0.5)
    assert (outcome.how, outcome.code) == ("timed out", None)
    assert log == "begun\n"
    assert left(workplace) == []


def test_nothing_outlives_a_cancelling(workplace: Workplace) -> None:
    directory = workplace.start("trap '' TERM; echo begun; setsid sleep 1000 & sleep 1000")
    outcome = steps.wait(directory, cancelled=lambda: (directory / "log").read_text() == "begun\n")
    assert (outcome.how, outcome.code) == ("cancelled", None)
    assert left(workplace) == []


def test_nothing_outlives_a_killed_supervisor(workplace: Workplace) -> None:
    directory = workplace.start("setsid sleep 1000 & nohup sleep 1000 & echo begun; sleep 1000")
    while (directory / "log").read_text() != "begun\n":
        time.sleep(0.01)
    kill_supervisor(directory)
    assert steps.wait(directory).how == "lost"
    assert left(workplace) == []


def test_nothing_outlives_a_supervisor_killed_in_the_first_moments(workplace: Workplace) -> None:
    for moment in range(10):
        directory = workplace.start("sleep 1000")
        time.sleep(moment * 0.002)
        kill_supervisor(directory)
        assert steps.wait(directory).how == "lost"
        while any(str(steps.SUPERVISOR) in command for command in left(workplace)):
            time.sleep(0.005)  # a copy of it that was about to become the command, and finds its parent gone
        assert left(workplace) == []


def children() -> set[str]:
    """Those of this process, also if they are over and not reaped."""
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def test_the_one_who_started_it_has_no_child_to_reap(workplace: Workplace) -> None:
    before = children()
    directory = workplace.start("sleep 0.2")
    assert children() <= before
    assert steps.wait(directory).passed


def test_the_log_ends_with_the_last_that_was_written(workplace: Workplace) -> None:
    outcome, log = workplace.run("i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done; kill -9 $$")
    assert outcome.code == 137
    assert log.split() == [str(number) for number in range(3000)]
