"""What an instance uses is what its processes use (BARS R18), under bubblewrap as without."""

from __future__ import annotations

import os
import re
import signal
import time
from dataclasses import dataclass, replace

import pytest

from shipway.hosts.keeper.spec import InstanceState
from shipway.signals import instances as measuring
from shipway.signals.instances import Instances

NAME = "shop.prod.r3.web.0"


@dataclass
class Kept:
    """A keeper made up."""

    states: list[InstanceState]

    def instances(self, _group: str | None = None) -> list[InstanceState]:
        return self.states


def test_processor_and_memory_of_a_whole_tree_are_counted(any_house) -> None:
    any_house.up(NAME, "burn")
    burnt = float(re.search(r"burnt ([\d.]+)", any_house.log(NAME))[1])
    instances = Instances(any_house.keeper)
    instances.look()
    usage = instances.latest[NAME]
    assert usage.cpu_seconds == pytest.approx(burnt, rel=0.1)
    assert 50_000_000 <= usage.memory <= 90_000_000
    assert (usage.release, usage.process, usage.state, usage.restarts) == ("shop.prod.r3", "web", "running", 0)


def test_cores_are_told_of_the_time_between_two_looks() -> None:
    """Of this very process, for once."""
    state = InstanceState(NAME, "shop.prod", os.getpid(), "running", 0, None, 0.0, False, "")
    instances = Instances(Kept([state]))
    before = time.monotonic()
    instances.look()
    after, first, until = time.monotonic(), instances.latest[NAME], time.process_time() + 0.3
    while time.process_time() < until:
        pass
    shortest = time.monotonic() - after
    instances.look()
    longest, second = time.monotonic() - before, instances.latest[NAME]
    used = second.cpu_seconds - first.cpu_seconds
    assert used >= 0.25
    assert used / longest <= second.cpu + 0.01
    assert second.cpu <= used / shortest + 0.01


def test_one_that_did_nothing_used_nothing(monkeypatch) -> None:
    """The sum of what its processes used has a last digit that no processor worked for."""
    state = InstanceState(NAME, "shop.prod", os.getpid(), "running", 0, None, 0.0, False, "")
    monkeypatch.setattr("shipway.signals.instances.cpu_seconds", lambda _pid: 0.1 + 0.2)
    instances = Instances(Kept([state]))
    instances.look()
    instances.look()
    assert instances.latest[NAME].cpu == 0.0


def test_memory_is_measured_now_and_then_and_of_a_new_one_at_once(monkeypatch) -> None:
    state = InstanceState(NAME, "shop.prod", os.getpid(), "running", 0, None, 0.0, False, "")
    kept, weights = Kept([state]), iter([100, 200, 300])
    monkeypatch.setattr(measuring, "memory_of", lambda pid: next(weights) if pid == os.getpid() else 0)
    instances = Instances(kept)
    seen = []
    for since in (0.0, 0.0, 7.0):
        kept.states = [replace(state, since=since)]
        instances.look()
        seen.append(instances.latest[NAME].memory)
    monkeypatch.setattr(measuring, "MEMORY_EVERY", 0.0)
    instances.look()
    assert [*seen, instances.latest[NAME].memory] == [100, 100, 200, 300]


def test_one_that_was_started_again_has_restarts_and_begins_anew(house) -> None:
    state = house.up(NAME, "listen", PORT="0")
    instances = Instances(house.keeper)
    instances.look()
    os.kill(state.pid, signal.SIGKILL)
    house.eventually(lambda: house.state(NAME).restarts == 1 and house.state(NAME).pid, "it is there again")
    instances.look()
    assert instances.latest[NAME].restarts == 1
    assert instances.latest[NAME].cpu == 0.0


def test_routers_are_no_instances_of_a_release(house) -> None:
    house.up("router-1")
    instances = Instances(house.keeper)
    instances.look()
    assert instances.latest == {}


def test_one_that_is_gone_is_told_of_no_more(house) -> None:
    house.up(NAME)
    instances = Instances(house.keeper)
    instances.look()
    house.keeper.stop(NAME, group="shop.prod", epoch=1, grace=0)
    instances.look()
    assert instances.latest == {}
