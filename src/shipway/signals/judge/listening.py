"""How far it is until durations of the new release are compared: it must be warm, and enough must be known."""

from __future__ import annotations

from math import ceil, inf, log

from shipway.signals.judge.past import Past
from shipway.signals.judge.ranks import KNOWN
from shipway.signals.judge.reading import Reading
from shipway.signals.judge.warmth import Warmth

ENOUGH = 20.0
"""A slow request that lies with the new release says at most log(1/share). With so much in all, 29 requests at
half and 9 at a tenth, one that takes five times as long is found (bench/judge_slow_canary.py).
"""
BELIEVED = 10
"""Requests after which what comes now counts for more than what came before."""


class Listening:
    """What is still to come before a share says anything of durations, and how fast it comes."""

    def __init__(self, warmth: Warmth, past: Past) -> None:
        self._warmth = warmth
        self._past = past
        self._share = 0.0
        self._heard = 0
        self._before, self._now = (0, 0.0), (0, 0.0)

    def see(self, reading: Reading, heard: int) -> None:
        """`heard` durations of the new release were compared so far."""
        self._share, self._heard = reading.share, heard
        timed = reading.old.timed + reading.new.timed
        if reading.share:
            self._now = (self._now[0] + timed, self._now[1] + reading.seconds)
        else:
            self._before = (self._before[0] + timed, self._before[1] + reading.seconds)

    @property
    def lasts(self) -> float:
        """Seconds until enough are compared, if requests go on to come as they did: 0 once they are, infinite
        while none come. What serves alone is compared with nothing.
        """
        if not 0 < self._share < 1:
            return 0.0
        enough = ceil(ENOUGH / log(1 / self._share))
        if self._heard >= enough:
            return 0.0
        warm = self._after(self._warmth.requests_left, self._share) + self._warmth.seconds_left
        known = self._after(KNOWN - self._past.timed, 1 - self._share)
        return max(warm, known) + self._after(enough - self._heard, self._share)

    def comes(self, requests: int) -> float:
        """Seconds in which the new release is asked so many more, as requests come now: what came before is
        forgotten as soon as enough have come to tell.
        """
        came, lately = self._now
        return _in(requests, self._share * (came / lately if came >= BELIEVED else self._pace))

    def _after(self, left: int, share: float) -> float:
        """Seconds in which so many more come of a share of all."""
        return _in(left, share * self._pace)

    @property
    def _pace(self) -> float:
        """Requests a second to both that have a duration: at first as many as before."""
        (before, earlier), (now, lately) = self._before, self._now
        if not before:
            return now / lately if lately else 0.0
        return (now + BELIEVED) / (lately + BELIEVED * earlier / before)

    @property
    def says(self) -> str:
        """Why none are compared yet."""
        if not self._warmth.warm:
            return f"warming up: {self._warmth.says}"
        if self._past.timed < KNOWN:
            return f"too few are known of the old release: {self._past.timed} of {KNOWN}"
        return "none heard yet"


def _in(left: int, pace: float) -> float:
    """The seconds that so many take at so many a second; infinite where none come."""
    if left <= 0:
        return 0.0
    return left / pace if pace else inf
