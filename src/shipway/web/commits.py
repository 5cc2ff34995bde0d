"""What git knows of a commit, asked once: commits never change."""

from __future__ import annotations

from functools import lru_cache

from shipway.config.places import Places
from shipway.errors import NotFound
from shipway.pushes.git import CommitInfo, Git, GitFailed

REMEMBERED = 10_000


class Commits:
    """Subjects, authors and ancestry of the commits of all applications."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._about = lru_cache(REMEMBERED)(self._read)
        self._contains = lru_cache(REMEMBERED)(self._ask)

    def about(self, application: str, commit: str) -> CommitInfo:
        """Who wrote it and what it says; empty words when the repository does not have it (any more)."""
        return self._about(application, commit)

    def contains(self, application: str, newer: str, older: str) -> bool:
        """Whether `newer` is `older` or has it among its ancestors."""
        return newer == older or self._contains(application, newer, older)

    def resolve(self, application: str, said: str) -> str:
        """The whole id of a commit, branch or tag that people name; NotFound when there is none."""
        found = self._git(application).resolve(said)
        if found is None:
            raise NotFound(f"{application} has no commit {said!r}.", hint="It may not have been pushed yet.")
        return found

    def _read(self, application: str, commit: str) -> CommitInfo:
        try:
            return self._git(application).commit(commit)
        except (GitFailed, ValueError):
            return CommitInfo(commit, "", "", "", 0.0)

    def _ask(self, application: str, newer: str, older: str) -> bool:
        try:
            return self._git(application).is_ancestor(older, newer)
        except (GitFailed, ValueError):
            return False

    def _git(self, application: str) -> Git:
        return Git(self._places.repository(application))
