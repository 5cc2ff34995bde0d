"""Killed at any moment, over and over, the keeper loses no instance, runs none twice and revives none."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from support.keeping import GROUP, House

KILLS = 12
NAMES = ("one", "two", "three", "four")


def test_what_was_asked_for_is_what_runs(any_house: House) -> None:
    calm = threading.Event()
    with ThreadPoolExecutor(len(NAMES)) as threads:
        asking = [threads.submit(start_and_stop, any_house, name, calm) for name in NAMES]
        killing = random.Random(7)
        try:
            for _ in range(KILLS):
                time.sleep(killing.uniform(0.0, 0.2))
                any_house.kill_keeper()
                any_house.keeper.start()
        finally:
            calm.set()
        starts = sum(done.result() for done in asking)
    assert starts >= len(NAMES)
    for name, state in zip(sorted(NAMES), any_house.keeper.instances(), strict=True):
        assert (state.id, state.state, state.stopping) == (name, "running", False)
        any_house.eventually(lambda n=name: len(leaves(any_house, n)) == 1, f"{name} runs once")


def start_and_stop(house: House, name: str, calm: threading.Event) -> int:
    """Starts and stops it until everything is calm, and then once more starts it; how often it was started."""
    spec = replace(house.spec(name), argv=sleeper(house, name))
    starts = 0
    while True:
        last = calm.is_set()
        house.keeper.ensure(spec, group=GROUP, epoch=1)
        starts += 1
        if last:
            return starts
        house.stop(name, grace=1.0)
        assert house.processes(name) == set(), f"{name} is stopped"


def sleeper(house: House, name: str) -> list[str]:
    """A sandboxed `sleep` where there is a sandbox: it ends at once when it is told to."""
    argv = house.spec(name).argv
    return [*argv[: argv.index("--") + 1], "sleep", "1000"] if house.tier is not None else ["sleep", "1000"]


def leaves(house: House, name: str) -> set[int]:
    """The applications of this instance: its processes but bubblewrap's own."""
    return {pid for pid in house.processes(name) if house.command(pid) == "sleep"}
