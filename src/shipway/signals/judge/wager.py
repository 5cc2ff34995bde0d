"""Evidence as the fortune of a gambler who bets that the new release is worse."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2

AT_ONCE = 0.8
"""The part staked at the first round: most bad releases are bad from their first request on."""
MOST = 1e300


class Wager:
    """Starts with 1. In each round a unit staked on each alternative becomes its factor.

    Factors whose mean is at most 1 as long as the new release is no worse, whatever happened before, keep the mean
    of `evidence` at most 1 as well, so it ever reaches N with a chance of at most 1/N (Ville's inequality). The
    part not staked at once is staked bit by bit, so that what becomes worse later is found as well: of it
    1/log2(n + 2) is left after n rounds.
    """

    def __init__(self, weights: Sequence[float]) -> None:
        whole = sum(weights)
        self._weights = [weight / whole for weight in weights]
        self._stakes = [0.0] * len(weights)
        self._kept = 1.0
        self._rounds = 0

    def round(self, factors: Sequence[float]) -> None:
        """Stakes, then learns what became of it."""
        kept = (1 - AT_ONCE) / log2(self._rounds + 2)
        staked, self._kept = self._kept - kept, kept
        self._rounds += 1
        self._stakes = [
            min((stake + staked * weight) * factor, MOST)
            for stake, weight, factor in zip(self._stakes, self._weights, factors, strict=True)
        ]

    @property
    def evidence(self) -> float:
        return self._kept + sum(self._stakes)
