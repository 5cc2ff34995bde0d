"""Whether the new release is warm: a fresh process is slow at first, and so is one that was restarted."""

from __future__ import annotations

from shipway.signals.judge.policy import Policy
from shipway.signals.judge.reading import Reading

COLD_TIMES = 10


class Warmth:
    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._requests, self._seconds = 0, 0.0
        self._needed, self._lasts = policy.warm_requests, policy.warm_seconds
        self.warm = False

    def feel(self, reading: Reading, usual: float) -> None:
        """`warm` says whether it was before this reading began. `usual`: seconds within which nine of ten requests
        end; a cold one takes so much longer that it may end long after those that were sent when it was.
        """
        if reading.new_restarts:
            self._requests, self._seconds = 0, 0.0
        self._needed = self._policy.warm_requests * reading.new_instances
        self._lasts = max(self._policy.warm_seconds, COLD_TIMES * usual)
        self.warm = self._seconds >= self._lasts
        if self._requests >= self._needed:
            self._seconds += reading.seconds
        self._requests += reading.new.requests

    @property
    def requests_left(self) -> int:
        """How many must come until its first ones are over."""
        return max(self._needed - self._requests, 0)

    @property
    def seconds_left(self) -> float:
        """Seconds that must pass after those."""
        return max(self._lasts - self._seconds, 0.0)

    @property
    def says(self) -> str:
        """How far it is: `7 of 20 requests`, then `20 requests came, and 2 of the 5 s to wait after them`."""
        if self.requests_left:
            return f"{self._requests} of {self._needed} requests"
        passed = f"{self._seconds:.0f} of the {self._lasts:.0f} s to wait after them"
        return f"{self._needed} requests came, and {passed}"
