"""How often the judge calls a harmless release bad: simulated deployments of a release that differs in nothing.

Half of them begin with 10 % of the requests, half (and all below five a second) with 50 %, for two minutes; two
minutes with 50 % follow, and three alone. The first 20 requests of the new release are ten times slower. The
baseline, in the same run, is a rule as it is often written: at the end of any minute, one point more errors than
the old release, or a 90th percentile a quarter above its. Prints one JSON line (bar: at most 1 % of all); "beyond
the bar" are worlds in which no judge could tell. Each world is told on stderr as soon as it is done. With the last
word visitors stay with the release that answered them first, as `sticky` has it: they are all alike, or differ
(support/sessions.py). Usage: bench/judge_false_alarms.py [DEPLOYMENTS] [SEED] [alike|differ]
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from shipway.signals.judge import Reading
from shipway.traffic.tally import Tally
from support.sessions import sessions
from support.worlds import HARMLESS, UNTELLABLE, Change, Moves, World, judged, one_by_one, readings

COLD = Change(cold=20)


def main() -> None:
    deployments = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    sticky = sys.argv[3] if len(sys.argv) > 3 else ""
    each, worlds = deployments // len(HARMLESS), [*HARMLESS, *UNTELLABLE]
    rows: dict[str, Counter[str]] = {}
    with ProcessPoolExecutor(2) as pool:
        every = pool.map(alarms, worlds, repeat(each), repeat(seed), repeat(sticky))
        for world, found in zip(worlds, every, strict=True):
            rows[world] = found
            print(f"{world}, {each}:", dict(found), file=sys.stderr, flush=True)
    bad = sum(rows[world]["bad"] for world in HARMLESS)
    ruled = sum(rows[world]["by the rule"] for world in HARMLESS)
    figures = {
        "deployments": each * len(HARMLESS),
        "visitors stay": sticky or "no",
        "called bad": bad,
        "share": round(bad / (each * len(HARMLESS)), 5),
        "by the rule": ruled,
        "ratio": round(ruled / max(bad, 1), 1),
        "of each world": each,
        "by world": {world: dict(rows[world]) for world in HARMLESS},
        "beyond the bar": {world: dict(rows[world]) for world in UNTELLABLE},
    }
    print(json.dumps(figures))


def alarms(world: str, deployments: int, seed: int, sticky: str) -> Counter[str]:
    """How many were called bad, for what, and how many by the rule."""
    found: Counter[str] = Counter()
    for number in range(deployments):
        rng = Random(f"{seed} {world} {number}")
        drawn: World = (HARMLESS | UNTELLABLE)[world](rng)
        first = 0.5 if drawn.rate < 5 or number % 2 else 0.1
        every = 0.25 if number % 4 < 2 else 1.0
        moves = Moves(((first, 120), (0.5, 120), (1.0, 180)), every=every)
        visits = sessions(rng, differ=sticky == "differ") if sticky else one_by_one
        deployment = list(readings(drawn, COLD, moves, rng, visits))
        found["by the rule"] += by_the_rule(deployment)
        outcome = judged(iter(deployment))
        if outcome.bad:
            found["bad"] += 1
            found[("alone: " if outcome.at > 240 else "") + outcome.what.partition(" slower")[0]] += 1
    return found


def by_the_rule(deployment: Sequence[Reading]) -> bool:
    """At the end of each minute in which both served, with at least twenty requests of each."""
    minutes: dict[int, list[Reading]] = {}
    second = 0.0
    for reading in deployment:
        if 0 < reading.share < 1:
            minutes.setdefault(int(second // 60), []).append(reading)
            second += reading.seconds
    return any(worse(minute) for minute in minutes.values())


def worse(minute: Sequence[Reading]) -> bool:
    old = sum((reading.old for reading in minute), Tally())
    new = sum((reading.new for reading in minute), Tally())
    if min(old.requests, new.requests) < 20:
        return False
    slower = (new.quantile(0.9) or 0) > 1.25 * (old.quantile(0.9) or 0)
    return slower or new.errors / new.requests > old.errors / old.requests + 0.01


if __name__ == "__main__":
    main()
