"""Whether a canary that is slow is found before it has everything, where few requests come.

A release takes five times or twice as long, or no longer; its first 20 requests ten times as long whichever it
is. It gets 10 % and 50 % of the requests, below five a second 50 % at once, each for `hold` seconds, as the story
moves it. The baseline, in the same run: a rule that goes on after `hold` whether durations were heard or not. For
each: how many were called bad before all requests had moved, with how many requests, and after how many seconds
those that were not had all (medians). Prints a Markdown table and one JSON line.
Usage: bench/judge_slow_canary.py [TRIALS] [HOLD]
"""

from __future__ import annotations

import json
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from shipway.signals.judge import Clocks, Judge, Step, step
from shipway.traffic.plan import Judged
from support.canary import Tried, rule, tried
from support.worlds import Change, World, always

RATES = (0.05, 0.2, 0.5, 1.0, 2.0, 4.0, 5.0, 10.0, 20.0)
SLOWER = (5.0, 2.0, 1.0)


def main() -> None:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    hold = float(sys.argv[2]) if len(sys.argv) > 2 else 6.0
    cells = list(product(RATES, SLOWER, (True, False)))
    with ProcessPoolExecutor(2) as pool:
        found = dict(zip(cells, pool.map(partial(all_tried, trials, hold), cells), strict=True))
    print("| requests a second | " + " | ".join(f"x{slower:g}, before | now" for slower in SLOWER) + " |")
    print("| --- |" + " --- |" * (2 * len(SLOWER)))
    for rate in RATES:
        told = [said(found[rate, slower, now]) for slower in SLOWER for now in (False, True)]
        print(f"| {rate:g} | " + " | ".join(told) + " |")
    before, now = (sum(one.bad for one in found[rate, 5.0, which]) for which in (False, True) for rate in [2.0])
    print(json.dumps({"trials": trials, "hold": hold, "x5 at 2/s found before": before, "now": now}))


def all_tried(trials: int, hold: float, cell: tuple[float, float, bool]) -> list[Tried]:
    rate, slower, now = cell
    world, change, by = World(rate, always(0.001)), Change(slower=slower, cold=20), rule if now else as_it_was
    return [tried(world, change, Random(f"{rate} {slower} {number}"), hold, by=by) for number in range(trials)]


def as_it_was(judge: Judge, heard: float, waited: float, condition: Judged) -> Step:
    clocks = Clocks(heard, judge.unheard, 0.0, waited, condition.hold, condition.deadline)
    return step(judge.verdict(), clocks)


def said(found: list[Tried]) -> str:
    bad = [one for one in found if one.bad]
    moved = [one.seconds for one in found if not one.bad]
    parts = [f"{len(bad) / len(found):.0%} found"] if bad else []
    if bad:
        parts[0] += f", {statistics.median(one.served for one in bad):g} requests"
    return "; ".join(parts + ([f"all after {statistics.median(moved):.0f} s"] if moved else []))


if __name__ == "__main__":
    main()
