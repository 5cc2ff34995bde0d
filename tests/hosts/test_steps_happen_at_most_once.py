"""One directory, one start: across crashes, in parallel, and when the answer never came back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shipway.hosts import steps
from shipway.hosts.steps import StepNotStarted
from support.rooms import ENV, Workplace, kill_supervisor, room_of, tier_of

SOURCE = Path(steps.__file__).parents[2]
TESTS = Path(__file__).parents[1]


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path, tier_of())


def test_a_second_start_does_nothing_while_it_runs_and_after(workplace: Workplace) -> None:
    directory = workplace.start("echo once >> happened; sleep 0.3")
    workplace.start("echo twice >> happened", again=True)
    assert steps.wait(directory).passed
    workplace.start("echo twice >> happened", again=True)
    assert steps.wait(directory).passed
    assert (workplace.tree / "happened").read_text() == "once\n"


def test_of_many_starts_at_once_one_happens(workplace: Workplace) -> None:
    workplace.begun.append(workplace.directory / "steps" / "1")
    with ThreadPoolExecutor(8) as pool:
        for start in [pool.submit(workplace.start, "echo once >> happened", again=True) for _ in range(8)]:
            start.result()
    assert steps.wait(workplace.begun[-1]).passed
    assert (workplace.tree / "happened").read_text() == "once\n"


def test_it_goes_on_when_the_server_dies_and_is_picked_up(workplace: Workplace) -> None:
    directory = workplace.directory / "step"
    server = textwrap.dedent(f"""
        import os, signal
        from pathlib import Path
        from shipway.hosts import steps
        from shipway.hosts.sandbox import probe
        from support.rooms import ENV, room_of
        steps.start(
            Path({str(directory)!r}), argv=["/bin/sh", "-c", "sleep 0.5; echo done >> happened; exit 7"],
            room=room_of(Path({str(workplace.tree)!r})), tier=probe(), env=ENV, timeout=60,
        )
        os.killpg(0, signal.SIGKILL)
    """)
    path = os.pathsep.join(map(str, (SOURCE, TESTS)))
    died = subprocess.run(
        [sys.executable, "-c", server],
        env={**os.environ, "PYTHONPATH": path}, start_new_session=True, check=False,
    )  # fmt: skip
    assert died.returncode == -signal.SIGKILL
    assert steps.outcome(directory) is None
    assert steps.wait(directory).code == 7
    assert (workplace.tree / "happened").read_text() == "done\n"


def test_it_is_lost_when_its_supervisor_is_killed(workplace: Workplace) -> None:
    directory = workplace.start("sleep 1000")
    assert steps.outcome(directory) is None
    kill_supervisor(directory)
    outcome = steps.wait(directory)
    assert (outcome.how, outcome.code, outcome.passed) == ("lost", None, False)
    workplace.start("echo again > happened", again=True)
    assert steps.wait(directory).how == "lost"
    assert not (workplace.tree / "happened").exists()


@pytest.mark.parametrize("change", [{"boot": "another"}, {"start_time": 1}, {"pid": 2**22 + 1}])
def test_another_process_with_its_number_is_not_taken_for_it(
    workplace: Workplace, change: dict[str, object]
) -> None:
    directory = workplace.start("sleep 1000")
    claim = json.loads((directory / "claim").read_text())
    (workplace.directory / "copy").mkdir()
    (workplace.directory / "copy" / "claim").write_text(json.dumps({**claim, **change}))
    assert steps.wait(workplace.directory / "copy").how == "lost"
    steps.cancel(workplace.directory / "copy")
    assert steps.outcome(directory) is None
    steps.cancel(directory)
    assert steps.wait(directory).how == "cancelled"


def test_cancelled_before_it_was_started_it_never_is(workplace: Workplace) -> None:
    directory = workplace.directory / "steps" / "1"
    steps.cancel(directory)
    workplace.start("echo started > happened")
    assert steps.wait(directory).how == "cancelled"
    assert not (workplace.tree / "happened").exists()


def test_cancelling_what_has_ended_changes_nothing(workplace: Workplace) -> None:
    outcome, _ = workplace.run("true")
    steps.cancel(workplace.begun[-1])
    assert steps.outcome(workplace.begun[-1]) == outcome


def test_before_it_is_started_there_is_no_outcome(tmp_path: Path) -> None:
    assert steps.outcome(tmp_path / "nowhere") is None


def test_an_order_that_does_not_arrive_whole_starts_nothing(workplace: Workplace, tmp_path: Path) -> None:
    (tmp_path / "step").mkdir()
    command = [sys.executable, "-I", "-S", str(steps.SUPERVISOR), str(tmp_path / "step")]
    assert subprocess.run(command, input=b"\xfb\xe4", capture_output=True, check=False).returncode != 0
    assert list((tmp_path / "step").iterdir()) == []


def test_a_directory_that_cannot_be_written_is_said(workplace: Workplace, tmp_path: Path) -> None:
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "1").symlink_to("/proc/self")
    with pytest.raises(StepNotStarted):
        workplace.start("true")


def test_a_command_that_is_not_there_could_not_start(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    room = room_of(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    steps.start(tmp_path / "step", argv=["/bin/true"], room=room, tier=tier_of(), env=ENV, timeout=9)
    assert not steps.wait(tmp_path / "step").passed
    assert (tmp_path / "step" / "log").read_text() != ""


def test_times_are_those_of_the_step(workplace: Workplace) -> None:
    before = time.time()
    outcome, _ = workplace.run("sleep 0.2")
    assert before <= outcome.started < outcome.ended <= time.time()
