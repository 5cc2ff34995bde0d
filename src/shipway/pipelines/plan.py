"""The steps of a run as values, in an order in which they can happen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Protocol

from shipway.config.problems import Complaint
from shipway.config.validate import nearest
from shipway.pipelines.settings import StepSettings

MOST_CYCLES = 5
MOST_SHOWN = 8


@dataclass(frozen=True)
class PlannedStep:
    """A step with nothing left to decide; `timeout` in seconds, `retry` counts further attempts."""

    name: str
    needs: tuple[str, ...]
    run: str
    env: Mapping[str, str]
    timeout: float
    retry: int
    network: bool


class Pipeline(Protocol):
    """What has steps, such as a project."""

    @property
    def steps(self) -> Mapping[str, StepSettings]: ...


def compile(pipeline: Pipeline) -> tuple[PlannedStep, ...]:
    """Every step after the steps it needs; the same pipeline always gives the same order."""
    steps = pipeline.steps
    order = TopologicalSorter({name: step.needs for name, step in steps.items()}).static_order()
    return tuple(_planned(name, steps[name]) for name in order)


def complaints(needs: Mapping[str, Sequence[str]]) -> Iterator[Complaint]:
    """What makes a pipeline impossible: a step needs one that does not exist, or in the end itself."""
    known: dict[str, list[str]] = {}
    for name, needed in needs.items():
        known[name] = [other for other in needed if other in needs]
        for index, other in enumerate(needed):
            if other not in needs:
                path = ("steps", name, "needs", index)
                yield Complaint(path, f"names no step of this file: {other[:60]}", nearest(other, needs))
    for cycle in _cycles(known):
        shown = cycle if len(cycle) <= MOST_SHOWN else [*cycle[: MOST_SHOWN - 1], "… which in the end", cycle[0]]
        yield Complaint(("steps", cycle[0], "needs"), f"never starts: {' needs '.join(shown)}")


def _cycles(needs: dict[str, list[str]]) -> Iterator[list[str]]:
    """Some cycles, each opened at its first step so that the next can be found."""
    for _ in range(MOST_CYCLES):
        try:
            TopologicalSorter(needs).prepare()
        except CycleError as error:
            cycle: list[str] = error.args[1][::-1]  # graphlib lists what is needed first
            yield cycle
            needs[cycle[0]].remove(cycle[1])
        else:
            return


def _planned(name: str, step: StepSettings) -> PlannedStep:
    return PlannedStep(name, step.needs, step.run, dict(step.env), step.timeout, step.retry, step.network)
