"""What becomes of a release that serves alone: three ways of watching it, over the same simulated requests.

*Alone*: it is compared with what was known before. *A share stays*: of a hundred requests one or five are left
with the release before, all the time. *Asked*: when the judge doubts, most requests go back to it for a while, by
the plan of `traffic/strategies/asking.py`. For each: how often a release that differs in nothing is called bad
when what both depend on is out for 5 to 60 s, and in other worlds; after how many seconds a release that became
worse is found, and how many of its requests have failed by then (median / what 19 of 20 stay below).
Prints Markdown and one JSON line; meanwhile each cell on stderr, as soon as it is done. WAY is one of the table's
names. Usage: bench/judge_asking.py [TRIALS] [SEED] [WAY...]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from shipway.traffic.strategies import asking
from support.watching import Seen, Watching, watched
from support.worlds import HARMLESS, Change, World, always, rate

WAYS = {
    "alone": Watching(),
    "1 of 100 stays": Watching(kept=0.99),
    "5 of 100 stay": Watching(kept=0.95),
    "asked": Watching(asked=asking.KEPT / 100, hold=asking.HOLD, deadline=asking.DEADLINE),
}
BECOMES = 20.0
"""Seconds after which a bad one becomes bad."""
CHANGES = {
    "all fail": Change(failing=1.0),
    "half fail": Change(failing=0.5),
    "errors +20 points": Change(failing=0.2),
    "durations x10": Change(slower=10.0),
}
RATES = (1, 5, 20, 100)


def outage(fails_after: float, rng: Random) -> World:
    begins, lasts = rng.uniform(5, 110), rng.uniform(5, 60)
    failing = lambda second: 1.0 if begins <= second < begins + lasts else 0.001  # noqa: E731
    return World(rate(rng), failing, fails_after=fails_after)


WORLDS: dict[str, Callable[[Random], World]] = {
    "an outage": partial(outage, 1.0),
    "an outage, failures at once": partial(outage, 0.01),
    "an outage, failures after 15 s": partial(outage, 375.0),
    **{name: HARMLESS[name] for name in ("bursts of errors", "drifting", "heavy-tailed durations")},
}


def main() -> None:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    ways = sys.argv[3:] or list(WAYS)
    alarms = [(way, world) for way in ways for world in WORLDS]
    found = [(way, change, rate) for way in ways for change in CHANGES for rate in RATES]
    called: dict[tuple[str, str], list[Seen]] = {}
    worse: dict[tuple[str, str, int], list[Seen]] = {}
    with ProcessPoolExecutor(2) as pool:
        for alarm, seen in zip(alarms, pool.map(partial(harmless, trials, seed), alarms), strict=True):
            called[alarm] = seen
            print(*alarm, bad(seen), file=sys.stderr, flush=True)
        few = max(trials // 4, 1)
        for cell, seen in zip(found, pool.map(partial(regression, few, seed), found), strict=True):
            worse[cell] = seen
            print(*cell, told(seen), file=sys.stderr, flush=True)
    print(f"| called bad, of {trials} | " + " | ".join(ways) + " |")
    print("| --- |" + " --- |" * len(ways))
    for world in WORLDS:
        print(f"| {world} | " + " | ".join(str(bad(called[way, world])) for way in ways) + " |")
    print("\n| found | " + " | ".join(ways) + " |")
    print("| --- |" + " --- |" * len(ways))
    for change in CHANGES:
        for each in RATES:
            cells = " | ".join(told(worse[way, change, each]) for way in ways)
            print(f"| {change}, {each}/s | {cells} |")
    if "asked" in ways:
        print(json.dumps(figures(trials, called)))


def harmless(trials: int, seed: int, cell: tuple[str, str]) -> list[Seen]:
    way, world = cell
    drawn = ((rng := Random(f"{seed} {world} {number}"), WORLDS[world](rng)) for number in range(trials))
    return [watched(world, Change(), rng, WAYS[way]) for rng, world in drawn]


def regression(trials: int, seed: int, cell: tuple[str, str, int]) -> list[Seen]:
    way, change, each = cell
    world, rngs = World(each, always(0.001)), (Random(f"{seed} {cell[1:]} {number}") for number in range(trials))
    return [watched(world, CHANGES[change], rng, WAYS[way], since=BECOMES, seconds=600) for rng in rngs]


def bad(outcomes: Sequence[Seen]) -> int:
    return sum(outcome.bad for outcome in outcomes)


def told(outcomes: Sequence[Seen]) -> str:
    found = [outcome for outcome in outcomes if outcome.bad]
    share = f"{len(found) / len(outcomes):.0%}"
    if len(found) * 2 < len(outcomes):
        return share
    seconds, failed = (sorted(values) for values in ([o.at - BECOMES for o in found], [o.failed for o in found]))
    told = ", ".join(
        f"{most(ordered, 0.5):g} / {most(ordered, 0.95):g} {unit}"
        for ordered, unit in ((seconds, "s"), (failed, "failed"))
    )
    return told if share == "100%" else f"{share}; {told}"


def most(ordered: Sequence[float], part: float) -> float:
    return round(ordered[min(int(part * len(ordered)), len(ordered) - 1)], 2)


def figures(trials: int, called: dict[tuple[str, str], list[Seen]]) -> dict[str, object]:
    asked = {world: called["asked", world] for world in WORLDS}
    return {
        "trials": trials,
        "asked in each": {
            world: round(sum(len(s.asked) for s in seen) / trials, 2) for world, seen in asked.items()
        },
        "seconds for which": {
            world: round(sum(s.given for s in seen) / trials, 1) for world, seen in asked.items()
        },
    }


if __name__ == "__main__":
    main()
