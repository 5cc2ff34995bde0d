"""What is known of the old release: how often it failed, how long it took, and its moments."""

from __future__ import annotations

from shipway.traffic.tally import BOUNDS, Tally

MOMENT_REQUESTS, MOMENT_SECONDS = 50, 3.0
"""A moment has at least so many, so that a few errors among few requests are not a bad moment."""
UNKNOWN = 0.5
"""What is allowed to a release of which nothing is known before: to fail half of its requests."""

UNSETTLED, LONGEST = 5.0, 60.0


class Past:
    def __init__(self) -> None:
        self.requests = self.errors = self.timed = 0
        self.durations = [0] * len(Tally().durations)
        self._moment = (0, 0, 0.0)
        self._moments: list[float] = []

    def learn(self, old: Tally, seconds: float) -> None:
        requests = old.requests
        if not requests:
            return
        self.requests, self.errors = self.requests + requests, self.errors + old.errors
        self.durations = [a + b for a, b in zip(self.durations, old.durations, strict=True)]
        self.timed += sum(old.durations)
        bad, of, length = self._moment
        bad, of, length = bad + old.errors, of + requests, length + seconds
        if of >= MOMENT_REQUESTS and length >= MOMENT_SECONDS:
            self._moments.append(bad / of)
            bad, of, length = 0, 0, 0.0
        self._moment = (bad, of, length)

    @property
    def failing(self) -> float:
        """The share of requests that failed, a little more than nothing if none did."""
        return (self.errors + 0.01) / (self.requests + 2)

    @property
    def failing_usually(self) -> float:
        """Twice that, and two of a hundred more; at most half."""
        return min(2 * self.failing + 0.02, UNKNOWN)

    @property
    def failing_at_worst(self) -> float:
        """What a release is allowed when there is nothing beside it: twice what was usual or what happened in the
        worst moment, and two of a hundred more. The worst moment never excuses more than half.
        """
        worst = min(max(self._moments), UNKNOWN) if self._moments else UNKNOWN
        return min(max(2 * self.failing, worst) + 0.02, 1.0)

    @property
    def failing_mostly(self) -> float:
        """Twice what it failed at most in three of four moments, and two of a hundred more: an outage that is over
        does not tell how it usually does.
        """
        if not self._moments:
            return self.failing_at_worst
        usual = sorted(self._moments)[(3 * len(self._moments) - 1) // 4]
        return min(2 * usual + 0.02, 1.0)

    def place(self, share: float) -> int | None:
        """Below which place of BOUNDS this share of the requests lay; None while too few are known."""
        if self.timed * (1 - share) < 3 or self.timed < 30:
            return None
        reached = 0
        for place, count in enumerate(self.durations):
            reached += count
            if reached >= share * self.timed:
                return min(place, len(BOUNDS) - 1)
        return len(BOUNDS) - 1

    @property
    def settles(self) -> float:
        """Seconds after which nine of ten requests have ended."""
        place = self.place(0.9)
        return UNSETTLED if place is None else min(BOUNDS[place] / 1000, LONGEST)

    def count_slower_than(self, place: int) -> int:
        """How many requests took longer than BOUNDS[place]."""
        return sum(self.durations[place + 1 :])
