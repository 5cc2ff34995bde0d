"""Cores, memory and restarts of every instance are series like those that it measures itself."""

from __future__ import annotations

from pathlib import Path

from shipway.signals.instances import Usage
from shipway.signals.series.meter import Meter
from shipway.signals.series.summing import Measured, measured
from shipway.story.measuring import samples


def used(number: int, state: str = "running", restarts: int = 0, memory: int = 0) -> Usage:
    return Usage(f"shop.prod.r3.web.{number}", state, 0.0, restarts, 0.25, 9.0, memory)  # type: ignore[arg-type]


def kept(tmp_path: Path, *looks: list[Usage]) -> dict[str, Measured]:
    now = [1000.0]
    meter = Meter(tmp_path, 0.0, lambda: now[0])
    for look in looks:
        now[0] += 5.0
        meter.take([sample for usage in look for sample in samples(usage)], list)
    return {one.series.name: one for one in measured(meter, "tens", 0.0, 2000.0)}


def test_two_instances_are_one_series_with_its_lowest_and_highest(tmp_path: Path) -> None:
    found = kept(tmp_path, [used(1, memory=10), used(2, memory=30)])
    memory = found["instance.memory"]
    assert (memory.now.value, memory.now.low, memory.now.high) == (20.0, 10.0, 30.0)
    assert (memory.series.release, memory.series.labels) == ("r3", (("process", "web"),))


def test_one_that_does_not_run_uses_nothing_that_is_known(tmp_path: Path) -> None:
    assert set(kept(tmp_path, [used(1, "backoff")])) == {"instance.restarts"}


def test_restarts_are_counted_from_one_look_to_the_next(tmp_path: Path) -> None:
    found = kept(tmp_path, [used(1, restarts=4)], [used(1, restarts=6)])
    assert sum((figures.rate or 0) * 10 for _, figures in found["instance.restarts"].steps) == 2
