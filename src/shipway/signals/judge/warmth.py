"""Whether the new release is warm: a fresh process is slow at first, and so is one that was restarted."""

from __future__ import annotations

from shipway.signals.judge.policy import Policy
from shipway.signals.judge.reading import Reading

COLD_TIMES = 10


class Warmth:
    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._requests, self._seconds = 0, 0.0
        self.warm = False

    def feel(self, reading: Reading, usual: float) -> None:
        """`warm` says whether it was before this reading began. `usual`: seconds within which nine of ten requests
        end; a cold one takes so much longer that it may end long after those that were sent when it was.
        """
        if reading.new_restarts:
            self._requests, self._seconds = 0, 0.0
        self.warm = self._seconds >= max(self._policy.warm_seconds, COLD_TIMES * usual)
        if self._requests >= self._policy.warm_requests * reading.new_instances:
            self._seconds += reading.seconds
        self._requests += reading.new.requests
