"""What a judge is told beforehand: how sure it has to be, and what it lets pass."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.signals.judge.doubt import SLOWER, Slower


@dataclass(frozen=True)
class Policy:
    """Shares from 0 to 1, times in seconds.

    `false_alarms`: the share of harmless releases that may be called bad, over everything that is compared and
    however often it is looked at. Durations of the first `warm_requests` of each new instance, and for
    `warm_seconds` after them (ten times what nine of ten requests took, if that is more), are not compared,
    because a fresh process is cold; its errors are.
    `tolerance` and `later_tolerance` are steps of BOUNDS (an eighth each) by which the new release may be slower
    while both serve, and once only the new one does.
    """

    false_alarms: float = 0.01
    minimum_failures: int = 3
    enough_requests: int = 50
    doubt: float = 10.0
    """From this evidence on a release is not called good either."""
    warm_requests: int = 20
    warm_seconds: float = 5.0
    tolerance: int = 1
    later_tolerance: int = 6
    doubts_slower: tuple[Slower, ...] = SLOWER
    """How many slow requests of a release that serves alone are reason to ask the one before."""
    restarts_an_hour: float = 1.0
    """How often an instance that is well may be restarted."""
    flaky: float = 0.03
    """How often a check may fail of a release that is well, unless its own history says more."""

    @property
    def proof(self) -> float:
        """The evidence from which on a release is bad."""
        return 1.0 / self.false_alarms
