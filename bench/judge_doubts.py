"""How often a harmless release that serves alone is doubted for slow requests, and how soon a slower one is.

Two rules over the same simulated requests: the judge's, and the one it had before, for which three of three slow
requests were enough. For each, at 1, 5, 20 and 100 requests a second: how often in an hour the release before is
asked about one that differs in nothing, and for how many seconds that one has most requests then; after how many
seconds one that became two, four or ten times slower is asked about (median / what 19 of 20 stay below).
Prints Markdown and one JSON line. Usage: bench/judge_doubts.py [TRIALS] [SEED]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from math import inf, log
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from shipway.signals.judge import Policy
from shipway.signals.judge.doubt import FAST, SLOWLY, Enough, Slower
from shipway.traffic.strategies import asking
from support.watching import Seen, Watching, watched
from support.worlds import Change, World

ask = partial(Watching, asked=asking.KEPT / 100, hold=asking.HOLD, deadline=asking.DEADLINE)
BEFORE = tuple(Slower(1.0, 0.15, more, Enough(log(30.0), 3)) for more in (FAST, SLOWLY))
RULES = {"before": ask(policy=Policy(doubts_slower=BEFORE)), "now": ask()}
RATES = (1, 5, 20, 100)
SECONDS = 600
BECOMES = 20.0
"""Seconds after which a slower one becomes slower."""
LOOKED_FOR = 120.0
SLOWER = {"durations x2": 2.0, "durations x4": 4.0, "durations x10": 10.0}


def steady(rate: int, rng: Random) -> World:
    return World(rate)


def alike(rate: int, rng: Random) -> World:
    """Requests that take nearly the same time each."""
    return World(rate, spread=0.2)


def busy(rate: int, rng: Random) -> World:
    """Every 20 to 120 s the machine is busy otherwise: for 1 to 8 s requests take 1.2 to 3 times as long."""
    every, lasts, longer = rng.uniform(20, 120), rng.uniform(1, 8), rng.uniform(1.2, 3)
    return World(rate, spread=0.3, slower=lambda second: longer if second % every < lasts else 1.0)


def busier(rate: int, rng: Random) -> World:
    """From the second minute on all requests take 1.2 to 2 times as long, whoever answers them."""
    longer = rng.uniform(1.2, 2)
    return World(rate, spread=0.5, slower=lambda second: longer if second > 60 else 1.0)


WORLDS: dict[str, Callable[[int, Random], World]] = {
    "nothing happens, durations differ much": steady,
    "nothing happens, durations are alike": alike,
    "a machine that is busy for seconds": busy,
    "a machine that stays busier": busier,
}


Cell = tuple[str, str, int]


def main() -> None:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    alarms = [(rule, world, rate) for world in WORLDS for rate in RATES for rule in RULES]
    found = [(rule, change, rate) for change in SLOWER for rate in RATES for rule in RULES]
    with ProcessPoolExecutor(2) as pool:
        calm = dict(zip(alarms, pool.map(partial(harmless, trials, seed), alarms), strict=True))
        worse = dict(zip(found, pool.map(partial(regression, trials, seed), found), strict=True))
    hours = trials * SECONDS / 3600
    table("asked in an hour (seconds)", WORLDS, calm, partial(often, hours))
    table("asked about after", SLOWER, worse, after)
    print(json.dumps(figures(trials, hours, calm)))


def table(
    title: str, rows: Iterable[str], seen: dict[Cell, list[Seen]], cell: Callable[[Sequence[Seen]], str]
) -> None:
    print(f"| {title} | " + " | ".join(f"{rate}/s: before, now" for rate in RATES) + " |")
    print("| --- |" + " --- |" * len(RATES))
    for row in rows:
        cells = (", ".join(cell(seen[rule, row, rate]) for rule in RULES) for rate in RATES)
        print(f"| {row} | " + " | ".join(cells) + " |")
    print()


def harmless(trials: int, seed: int, cell: Cell) -> list[Seen]:
    rule, world, rate = cell
    drawn = ((rng := Random(f"{seed} {cell[1:]} {number}"), WORLDS[world](rate, rng)) for number in range(trials))
    return [watched(world, Change(), rng, RULES[rule], seconds=SECONDS) for rng, world in drawn]


def regression(trials: int, seed: int, cell: Cell) -> list[Seen]:
    rule, change, rate = cell
    world, slower, by = World(rate), Change(slower=SLOWER[change]), RULES[rule]
    rngs = (Random(f"{seed} {cell[1:]} {number}") for number in range(trials))
    return [watched(world, slower, rng, by, since=BECOMES, seconds=BECOMES + LOOKED_FOR) for rng in rngs]


def often(hours: float, seen: Sequence[Seen]) -> str:
    asked, given = sum(len(each.asked) for each in seen), sum(each.given for each in seen)
    return f"{asked / hours:.1f} ({given / hours:.0f} s)"


def after(seen: Sequence[Seen]) -> str:
    waited = [min((at - BECOMES for at in each.asked if at > BECOMES), default=inf) for each in seen]
    found = sorted(each for each in waited if each < inf)
    share = "" if len(found) == len(seen) else f"{len(found) / len(seen):.0%}; "
    return share + (f"{most(found, 0.5):.0f} / {most(found, 0.95):.0f} s" if found else "")


def most(ordered: Sequence[float], part: float) -> float:
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)]


def figures(trials: int, hours: float, calm: dict[Cell, list[Seen]]) -> dict[str, object]:
    asked = dict.fromkeys(RULES, 0)
    for (rule, _, _), seen in calm.items():
        asked[rule] += sum(len(each.asked) for each in seen)
    return {
        "trials": trials,
        "hours": round(hours * len(WORLDS) * len(RATES), 1),
        "asked": asked,
        "ratio": round(asked["before"] / max(asked["now"], 1), 1),
    }


if __name__ == "__main__":
    main()
