"""Readings made up, as a collector would have kept them."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping

from shipway.config.places import Places
from shipway.signals.history import History
from shipway.signals.reading import Reading
from shipway.traffic.tally import BOUNDS, Tally

Answers = tuple[float, float, float]
"""Requests a second, the share of them that fails, and the milliseconds half of the others take."""
Happening = Callable[[float], Mapping[int, Answers]]
"""What each release does, by its number, so many seconds ago."""


def kept(places: Places, application: str, environment: str, happening: Happening, *, seconds: int) -> None:
    """What was read in the last so many seconds: once in ten, and once a second in the last minute."""
    history = History(f"{application}.{environment}", places.environment(application, environment) / "signals")
    chance, now = random.Random(7), math.floor(time.time())
    moments = [*((ago, 10) for ago in range(seconds, 60, -10)), *((ago, 1) for ago in range(59, -1, -1))]
    for ago, length in moments:
        history.add(
            [
                Reading(
                    now - ago,
                    length,
                    f"{application}.{environment}.r{number}",
                    tally(answers, length, chance),
                    2,
                    True,
                )
                for number, answers in happening(ago).items()
            ]
        )


def tally(answers: Answers, seconds: float, chance: random.Random) -> Tally:
    """Durations around their median as they are in life: log-normal."""
    rate, failing, median = answers
    requests = round(rate * seconds * chance.gauss(1.0, 0.03))
    failed = sum(chance.random() < failing for _ in range(requests))
    durations = [0] * (len(BOUNDS) + 1)
    for _ in range(min(requests, 400)):
        taken = median * math.exp(chance.gauss(0.0, 0.5))
        durations[next((place for place, bound in enumerate(BOUNDS) if taken < bound), len(BOUNDS))] += 1
    return Tally((0, requests - failed, 0, 0, failed), tuple(durations))
