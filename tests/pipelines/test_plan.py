from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import pytest

from shipway.pipelines import plan
from shipway.pipelines.settings import StepSettings


@dataclass(frozen=True)
class Pipeline:
    steps: dict[str, StepSettings]


def _pipeline(**needs: str) -> Pipeline:
    return Pipeline(
        {name: StepSettings(run=f"do {name}", needs=tuple(each.split())) for name, each in needs.items()}
    )


def _order(pipeline: Pipeline) -> list[str]:
    return [step.name for step in plan.compile(pipeline)]


def test_every_step_comes_after_the_steps_it_needs() -> None:
    needs = {"install": "", "lint": "install", "test": "install", "scan": "", "report": "test scan lint"}
    for names in permutations(needs):
        order = _order(_pipeline(**{name: needs[name] for name in names}))
        assert sorted(order) == sorted(needs)
        for name, needed in needs.items():
            assert all(order.index(other) < order.index(name) for other in needed.split())


def test_the_same_pipeline_always_has_the_same_order() -> None:
    pipeline = _pipeline(**{f"s{n}": "" if n < 5 else f"s{n - 5} s{n - 3}" for n in range(40)})
    assert len({tuple(_order(pipeline)) for _ in range(5)}) == 1


def test_a_pipeline_without_steps_is_a_plan_without_steps() -> None:
    assert plan.compile(Pipeline({})) == ()


def test_a_planned_step_leaves_nothing_to_decide() -> None:
    step = StepSettings(run="x", env={"A": "b"}, timeout="1m", retry=2, network=True)  # type: ignore[arg-type]
    assert plan.compile(Pipeline({"a": step})) == (
        plan.PlannedStep(name="a", needs=(), run="x", env={"A": "b"}, timeout=60, retry=2, network=True),
    )


@pytest.mark.parametrize(
    ("needs", "told"),
    [
        ({"a": ["a"]}, ["never starts: a needs a"]),
        ({"a": ["b"], "b": ["c"], "c": ["a"]}, ["needs"]),
        ({"a": ["b"], "b": ["a"], "c": ["d"], "d": ["c"]}, ["a", "c"]),
        ({"a": ["x"], "b": ["y"]}, ["names no step of this file: x", "names no step of this file: y"]),
        ({"a": [], "b": ["a"]}, []),
    ],
)
def test_what_can_never_run_is_told(needs: dict[str, list[str]], told: list[str]) -> None:
    complaints = list(plan.complaints(needs))
    assert len(complaints) == len(told)
    for complaint, words in zip(complaints, told, strict=True):
        assert words in complaint.message
