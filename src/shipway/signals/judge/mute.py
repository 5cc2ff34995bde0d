"""Whether the new release answers at all."""

from __future__ import annotations

from shipway.signals.judge.reading import Reading

SECONDS, TIMES = 10.0, 10
WAITING, OLD = 3, 10


class Mute:
    """It does not if several requests wait, none has ended for ten seconds (ten times what nine of ten requests
    took, if that is more), and the old release answers, if it serves.
    """

    def __init__(self) -> None:
        self.waiting = 0
        self._seconds, self._needed, self._old, self._alone = 0.0, SECONDS, 0, False

    @property
    def long(self) -> float:
        """For how many seconds, if for long."""
        answered = self._alone or self._old >= OLD
        return self._seconds if answered and self._seconds >= self._needed else 0.0

    def see(self, reading: Reading, usual: float) -> None:
        self.waiting, self._alone = reading.new_waiting, reading.share >= 1
        self._needed = max(SECONDS, TIMES * usual)
        if reading.new.requests or reading.new_waiting < WAITING:
            self._seconds, self._old = 0.0, 0
        else:
            self._seconds, self._old = self._seconds + reading.seconds, self._old + reading.old.requests
