"""What every engine must do: the same cases would be asked of another one in its place."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shipway.durable.plan import Node, Plan

PROGRAM = Path(__file__).with_name("program.py")


def node(name: str, *needs: str, then: str = "", always: bool = False) -> Node:
    return Node(name, "act", needs, {"name": name, "then": then}, always)


class Carrier:
    """Carries plans out in processes of their own, all on one file."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def begin(self, *nodes: Node) -> subprocess.Popen[bytes]:
        (self.home / "plan").write_text(json.dumps(Plan(nodes).as_dict()))
        return subprocess.Popen([sys.executable, str(PROGRAM), str(self.home), "run-1"])

    def go_on(self) -> None:
        """What was under way is finished by a new process."""
        subprocess.run([sys.executable, str(PROGRAM), str(self.home)], check=True, timeout=60)

    def carry_out(self, *nodes: Node) -> list[tuple[str, dict[str, str]]]:
        assert self.begin(*nodes).wait(60) == 0
        return self.journal

    @property
    def journal(self) -> list[tuple[str, dict[str, str]]]:
        """Each call of an action, with the outcomes it was given."""
        file = self.home / "journal"
        lines: list[Any] = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return [(name, outcomes) for name, outcomes in lines]

    def names(self) -> list[str]:
        return [name for name, _ in self.journal]


@pytest.fixture
def carrier(tmp_path: Path) -> Carrier:
    return Carrier(tmp_path)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_each_node_runs_once_after_what_it_needs(carrier: Carrier) -> None:
    journal = carrier.carry_out(node("a"), node("b"), node("c", "a", "b"))
    assert sorted(name for name, _ in journal) == ["a", "b", "c"]
    assert journal[-1] == ("c", {"a": "passed", "b": "passed"})


def test_nothing_follows_a_failure_but_what_always_runs(carrier: Carrier) -> None:
    journal = carrier.carry_out(node("a", then="fail"), node("b", "a"), node("z", "a", "b", always=True))
    assert journal[1:] == [("z", {"a": "failed", "b": "skipped"})]


def test_a_defect_ends_the_plan_instead_of_stranding_it(carrier: Carrier) -> None:
    journal = carrier.carry_out(node("a", then="break"), node("z", "a", always=True))
    assert journal[1:] == [("z", {"a": "broken"})]


def test_what_passes_by_waiting_is_tried_again(carrier: Carrier) -> None:
    journal = carrier.carry_out(node("a", then="once more"), node("b", "a"))
    assert [name for name, _ in journal] == ["a", "a", "b"]


def test_a_killed_process_is_continued_without_repeating_what_is_finished(carrier: Carrier) -> None:
    process = carrier.begin(node("a"), node("b", "a", then="hang"), node("c", "b"))
    until(lambda: carrier.names() == ["a", "b"])
    process.send_signal(signal.SIGKILL)
    process.wait()
    (carrier.home / "released").touch()
    carrier.go_on()
    assert carrier.names() == ["a", "b", "b", "c"]


def test_what_is_independent_runs_side_by_side_and_is_continued_right(carrier: Carrier) -> None:
    """Which of two ends first differs from run to run; what is recorded must not be mixed up by it."""
    known = node("e", "b", then="hang", always=True)  # it begins when the outcome of b is recorded
    process = carrier.begin(node("a", then="hang"), node("b", then="fail"), node("c", "b"), node("d", "a"), known)
    until(lambda: sorted(carrier.names()) == ["a", "b", "e"])
    process.send_signal(signal.SIGKILL)
    process.wait()
    (carrier.home / "released").touch()
    carrier.go_on()
    assert sorted(carrier.names()[3:]) == ["a", "d", "e"]


def test_a_plan_in_which_something_comes_before_what_it_needs_is_refused() -> None:
    with pytest.raises(ValueError, match="before what it needs"):
        Plan((node("b", "a"), node("a")))
