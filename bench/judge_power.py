"""How soon the judge finds a release that is worse: planted regressions, by requests a second and share.

The new release serves from second 0 with one share for ten minutes; the old one was seen for five minutes before,
fails one of a thousand requests and answers after 40 ms in the median (log-normal, spread 1). For each regression:
how many were found, after how many seconds, and how many requests had failed; first the median, then what 19 of 20
stay below. Seconds count from the first request that failed, or, of a release that is only slow, since it serves.
The baseline, in the same run: a release that is not worse. Prints a Markdown table and one JSON line; meanwhile
each cell on stderr, as soon as it is done. ROW is one of the table's names.
Usage: bench/judge_power.py [TRIALS] [SEED] [ROW...]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.worlds import Change, Moves, Outcome, World, always, judged, readings

CHANGES = {
    "errors +1 point": Change(failing=0.01),
    "errors +5 points": Change(failing=0.05),
    "errors +20 points": Change(failing=0.2),
    "half fail": Change(failing=0.5),
    "all fail": Change(failing=1.0),
    "durations x1.2": Change(slower=1.2),
    "durations x2": Change(slower=2.0),
    "durations x10": Change(slower=10.0),
    "none": Change(),
}
PLACES = ((1, 0.5), (5, 0.5), (20, 0.1), (20, 0.5), (100, 0.1), (100, 0.5))
"""Requests a second, share of the new release."""


def main() -> None:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    names = sys.argv[3:] or list(CHANGES)
    cells = [(name, *place) for name in names for place in PLACES]
    outcomes: dict[tuple[str, float, float], list[Outcome]] = {}
    with ProcessPoolExecutor(2) as pool:
        for cell, found in zip(cells, pool.map(partial(tried, trials, seed), cells), strict=True):
            outcomes[cell] = found
            print(*cell, told(cell[0], found), file=sys.stderr, flush=True)
    print("| | " + " | ".join(f"{rate}/s, {share:.0%}" for rate, share in PLACES) + " |")
    print("| --- |" + " --- |" * len(PLACES))
    for name in names:
        print(f"| {name} | " + " | ".join(told(name, outcomes[name, *place]) for place in PLACES) + " |")
    if {"half fail", "all fail"} <= set(names):
        print(json.dumps(figures(outcomes)))


def tried(trials: int, seed: int, cell: tuple[str, float, float]) -> list[Outcome]:
    name, rate, share = cell
    world = World(rate, always(0.001))
    moves = Moves(((share, 600.0),), every=0.25)
    return [judged(readings(world, CHANGES[name], moves, Random(f"{seed} {cell} {n}"))) for n in range(trials)]


def told(name: str, outcomes: Sequence[Outcome]) -> str:
    found = [outcome for outcome in outcomes if outcome.bad]
    share = (
        f"{len(found) / len(outcomes):.0%}"
        if len(found) in (0, len(outcomes))
        else f"{len(found) / len(outcomes):.1%}"
    )
    if len(found) * 2 < len(outcomes):
        return share
    if not CHANGES[name].failing:
        return f"{share}; {most(found, 0.5, 'at')} / {most(found, 0.95, 'at')} s"
    seconds = f"{most(found, 0.5, 'seconds')} / {most(found, 0.95, 'seconds')} s"
    return f"{share}; {seconds}, {most(found, 0.5, 'failed'):g} / {most(found, 0.95, 'failed'):g} failed"


def most(found: Sequence[Outcome], part: float, what: str) -> float:
    ordered = sorted(getattr(outcome, what) for outcome in found)
    return round(ordered[min(int(part * len(ordered)), len(ordered) - 1)], 2)


def figures(outcomes: dict[tuple[str, float, float], list[Outcome]]) -> dict[str, object]:
    """The three that issues ask for."""
    half, low, every = outcomes["half fail", 20, 0.1], outcomes["half fail", 1, 0.5], outcomes["all fail", 20, 0.1]
    return {
        "trials": len(half),
        "half fail, 20/s, 10 %: within 10 s and 15 failed": sum(
            o.bad and o.seconds <= 10 and o.failed <= 15 for o in half
        ),
        "half fail, 1/s, 50 %: within 60 s of the first failure": sum(o.bad and o.seconds <= 60 for o in low),
        "half fail, 1/s, 50 %: within 60 s of the first request": sum(o.bad and o.at <= 60 for o in low),
        "all fail, 20/s, 10 %: within 1 s": sum(o.bad and o.seconds <= 1 for o in every),
        "all fail, 20/s, 10 %: within 2 s": sum(o.bad and o.seconds <= 2 for o in every),
    }


if __name__ == "__main__":
    main()
