"""Which commits of an application say that they take others back: each commit is read once, however often it is
asked.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence

from shipway.pushes.git import Git, Revert

MANY = 1000  # of one application, the newest
HEADS = 20  # up to which it is known


class Reverts:
    """What git was asked of one repository, and what it said."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._asking = threading.Lock()
        self._heads: list[str] = []
        self._found: list[Revert] = []

    def about(self, commit: str, heads: Collection[str]) -> Sequence[Revert]:
        """Those that may take a commit back in one of `heads`, or take back what does, what comes later first; and
        those of merges, which may have brought it.

        Raises GitFailed where the repository cannot be read, and ValueError for what is no commit's id.
        """
        said, found = {commit}, []
        for by, what in reversed(self._all(heads)):
            if any(one in said or on for one, on in what):
                said.add(by)
                found.append((by, what))
        return found[::-1]

    def _all(self, heads: Collection[str]) -> Sequence[Revert]:
        """Those of `heads` and of others before them: what is new since comes later than all that is known."""
        with self._asking:
            new = [head for head in heads if head not in self._heads]
            if new:
                told = self._git.reverts(self._heads, new, MANY)
                newest = {by for by, _ in told}
                self._found = [*told, *(one for one in self._found if one[0] not in newest)][:MANY]
                self._heads = [*new, *self._heads][:HEADS]
            return self._found
