"""Commits of the default branch, one in so many: each of them has all that are before it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from math import inf

from shipway.pushes.git import Git, GitFailed

EVERY = 200  # commits, which git walks in less time than it takes to start
MOST = 200_000  # commits that are looked through, the newest
OFTEN = 3600.0  # seconds; what comes within them is walked as fast


class Milestones:
    """Those of one repository: looked up once, and once an hour those that have come since. Where the branch was
    moved to a history without the last one they stay as they are, which is as true and not as near, until git has
    forgotten theirs.
    """

    def __init__(self, git: Git) -> None:
        self._git = git
        self._looking = threading.Lock()
        self._looked = -inf
        self._known: list[tuple[float, str]] = []

    def known(self) -> Sequence[tuple[float, str]]:
        """Oldest first: their ids, each with a time (seconds since 1970) at which it was committed, and all that
        are before it, however their clocks differed.
        """
        with self._looking:
            if time.monotonic() - self._looked > OFTEN:
                self._known = [*self._known, *self._new()]
                self._looked = time.monotonic()
            return self._known

    def are_gone(self) -> bool:
        """Whether git has forgotten them, as it does some time after a forced push: they are looked up anew."""
        with self._looking:
            if self._known and self._git.resolve(self._known[-1][1]) is None:
                self._known, self._looked = [], -inf
            return not self._known

    def _new(self) -> Iterator[tuple[float, str]]:
        latest, last = self._known[-1] if self._known else (0.0, None)
        try:
            found = self._git.first_parents(last, EVERY, MOST)
        except GitFailed:  # nobody has pushed to the default branch
            return
        for at, commit in found:
            latest = max(at, latest)
            yield latest, commit
