"""What git knows of a commit, asked once: commits never change."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from itertools import islice
from operator import itemgetter

from shipway.config.places import Places
from shipway.errors import NotFound, UserError
from shipway.pushes.git import CommitInfo, Git, GitFailed, Revert
from shipway.web import meant
from shipway.web.milestones import Milestones
from shipway.web.reverts import Reverts
from shipway.web.words import counted, several

WHOLE = re.compile(r"[0-9a-f]{40}", re.ASCII)
NOT_PUSHED = "It may not have been pushed yet: `git push shipway HEAD` does that. `shipway runs` lists what was."
REMEMBERED, REMEMBERED_LISTS, REMEMBERED_HISTORIES = 10_000, 500, 10
REMEMBERED_REVERTS = 200  # applications; of each at most a thousand pairs of commits, and most have few
REMEMBERED_MILESTONES = 200  # applications; of each at most a thousand commits
OLDER, NEWER = 100, 2000  # commits of which it is kept which newer ones have them, and how many of these
FIRST = (0, 1, 4)  # milestones tried after an old commit: a branch brings what was committed days before
LAST = (-1, -2, -4, -8)  # those tried before new commits: most branches are made of what was new lately
FEW = 6  # milestones since an old commit, before which all of the way is as short
Asking = Callable[[str, str, Collection[str]], set[str]]
Author = tuple[str, str]
"""A name, and what stands before the @ of the address: often what a person is called where they push."""
Reverted = tuple[str, str]
"""A commit, and beside a merge the parent whose state came back."""


class Ambiguous(UserError):
    """More than one commit begins with the digits that were given; `commits` are their whole ids."""

    id = "commits.ambiguous"
    status = 409

    def __init__(self, application: str, said: str, commits: Sequence[str]) -> None:
        named = ", ".join(commit[: max(len(said) + 3, 10)] for commit in commits[:5])
        super().__init__(
            f"{counted(len(commits)).capitalize()} commits of {application} begin with {said}: {named}.",
            hint="Give a digit more.",
        )
        self.application = application
        self.commits = commits


class Commits:
    """Subjects, authors and ancestry of the commits of all applications."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._about = lru_cache(REMEMBERED)(self._look_up)
        self._there = lru_cache(REMEMBERED)(self._read)
        self._extent = lru_cache(REMEMBERED)(self._measure)
        self._contains = lru_cache(REMEMBERED)(self._ask)
        self._among = lru_cache(OLDER)(self._begin_to_know)
        self._milestones = lru_cache(REMEMBERED_MILESTONES)(self._begin_to_measure)
        self._brought = lru_cache(REMEMBERED_LISTS)(self._list)
        self._reverts = lru_cache(REMEMBERED_REVERTS)(self._begin_to_read)
        self._authors = lru_cache(REMEMBERED_LISTS)(self._name)
        self._newest = lru_cache(REMEMBERED_HISTORIES)(self._look_back)

    def about(self, application: str, commit: str) -> CommitInfo:
        """Who wrote it and what it says; empty words when the repository does not have it (any more)."""
        return self._about(application, commit)

    def contains(self, application: str, newer: str, older: str) -> bool:
        """Whether `newer` is `older` or has it among its ancestors; not where git cannot tell."""
        return newer == older or self._contains(application, newer, older) is True

    def lacks(self, application: str, newer: str, older: str) -> bool:
        """Whether `newer` is known to be made without `older`; not where git cannot tell."""
        return newer != older and self._contains(application, newer, older) is False

    def containing(self, application: str, older: str, among: Collection[str]) -> set[str]:
        """Those of `among` that are `older` or have it among their ancestors: one question to git, about those
        it was not asked about before. Of an old commit it walks to the next milestone, not to what is new.
        """
        return self._having(application, older, among, self._look)

    def _having(self, application: str, older: str, among: Collection[str], ask: Asking) -> set[str]:
        kept = self._among(application, older)
        known = dict(kept)
        new = set(among) - known.keys()
        if new:
            try:
                having = ask(application, older, new)
            except (GitFailed, ValueError):  # one of them is no longer there
                return {commit for commit in among if self.contains(application, commit, older)}
            known |= {commit: commit in having for commit in new}
            if len(known) > NEWER:
                known = {commit: known[commit] for commit in among}
                kept.clear()  # whoever looks meanwhile asks once more
            kept.update(islice(known.items(), NEWER))
        return {commit for commit in among if known[commit]}

    def _look(self, application: str, older: str, among: Collection[str]) -> set[str]:
        found: set[str] = set()
        for milestone in self._milestones_with(application, older):
            if left := set(among) - found:
                found |= self._having(application, milestone, left, self._walk_by_milestones)
        return found | self._walk(application, older, set(among) - found)

    def _milestones_with(self, application: str, older: str) -> Sequence[str]:
        """Some of those that have `older`, the newest first; none where it is almost as new."""
        every = self._milestones(application).known()
        if len(every) < FEW:
            return ()
        at = self.about(application, older).at
        later = [commit for _, commit in every[bisect_left(every, at, key=itemgetter(0)) :]]
        if len(later) < FEW:
            return ()
        having = self._having(application, older, _some(later, FIRST), self._walk_by_milestones)
        first = next((place for place in FIRST if later[place] in having), len(later))
        return _some(later[first:], LAST)

    def _walk(self, application: str, older: str, among: Collection[str]) -> set[str]:
        return self._git(application).containing(older, among) if among else set()

    def _walk_by_milestones(self, application: str, older: str, among: Collection[str]) -> set[str]:
        """Nothing has them once their history is gone."""
        try:
            return self._walk(application, older, among)
        except GitFailed:
            if not self._milestones(application).are_gone():
                raise
            return set()

    def brought(self, application: str, base: str, head: str, limit: int) -> Sequence[CommitInfo] | None:
        """What `head` has and `base` has not, merges too, newest first, at most `limit`; None if nobody knows."""
        return self._brought(application, base, head, limit)

    def newest(self, application: str, head: str, limit: int) -> Sequence[CommitInfo]:
        """`head` and what is before it, newest first, without merges, at most `limit`; nothing if git has none."""
        return self._newest(application, head, limit)

    def authors(self, application: str, head: str, limit: int) -> Sequence[Author]:
        """Who wrote `head` and what is before it, each once, the newest first; nobody if git has none."""
        return self._authors(application, head, limit)

    def reverted(self, application: str, commit: str, heads: Collection[str], ready: str = "") -> dict[str, str]:
        """What takes `commit` back in each of `heads` and was not taken back there itself, where anything does.

        That is a commit that says so as `git revert` does, or `ready`, which was made to take it back. Who reverts
        a merge takes back all that it brought. It is one question to git about what is new, unless some commit
        says so.
        """
        told = self._reverting(application, commit, heads) if heads else ()
        having = [(self.containing(application, by, heads), by, what) for by, what in told]
        found = {}
        for head in heads:
            said = [(by, what) for those, by, what in having if head in those]
            if by := self._taken_back(application, commit, head, said, ready):
                found[head] = by
        return found

    def _taken_back(
        self,
        application: str,
        commit: str,
        head: str,
        said: Sequence[tuple[str, Sequence[Reverted]]],
        ready: str,
    ) -> str:
        undone: list[Reverted] = []
        for by, what in said:
            if self._is_among(application, by, undone):
                continue
            if self._is_among(application, commit, what):
                return by
            undone += what
        there = (
            ready and not self._is_among(application, ready, undone) and self.contains(application, head, ready)
        )
        return ready if there else ""

    def _is_among(self, application: str, commit: str, reverted: Sequence[Reverted]) -> bool:
        return any(one == commit or self._brought_by(application, commit, one, on) for one, on in reverted)

    def _brought_by(self, application: str, commit: str, merge: str, on: str) -> bool:
        """Whether it came by a merge, and was not in the parent that the merge was reverted to."""
        contains = partial(self.contains, application)
        return bool(on) and contains(merge, commit) and contains(merge, on) and not contains(on, commit)

    def resolve(self, application: str, said: str) -> str:
        """The whole id of a commit, branch or tag that people name.

        NotFound when there is none, Ambiguous when several commits begin like that.
        """
        found = self.find(application, said)
        if found is None:
            raise self.unknown(application, said)
        return found

    def find(self, application: str, said: str) -> str | None:
        """The same for whoever goes on where there is none: what may be meant is looked for only to be shown."""
        if WHOLE.fullmatch(said):
            with suppress(GitFailed):  # asked again, git says why
                if self._there(application, said).commit == said:
                    return said
        git = self._git(application)
        found = git.resolve(said)
        if found is None and len(candidates := git.beginning(said)) > 1:
            raise Ambiguous(application, said, candidates)
        return found

    def unknown(self, application: str, said: str) -> NotFound:
        """That there is none of that name, with those that may be meant."""
        hint = _hint(meant.near(self._git(application), said))
        return NotFound(f"{application} has no commit {said!r}.", hint=hint)

    def parents(self, application: str, commit: str) -> list[str]:
        """What it was made on top of; nothing when the repository does not have it."""
        return list(self._about(application, commit).parents or ())

    def extent(self, application: str, commit: str) -> str:
        """`3 files, 41 lines added, 6 removed.`; empty when the repository does not have it."""
        return self._extent(application, commit)

    def _measure(self, application: str, commit: str) -> str:
        try:
            files, added, removed = self._git(application).extent(commit)
        except (GitFailed, ValueError):
            return ""
        if not files:
            return "It changes no file."
        lines = f"{several(added, 'line')} added, {counted(removed) if removed else 'none'} removed"
        return f"{several(files, 'file')}, {lines}.".capitalize()

    def _look_up(self, application: str, commit: str) -> CommitInfo:
        try:
            return self._there(application, commit)
        except (GitFailed, ValueError):
            return CommitInfo(commit, "", "", "", 0.0)

    def _read(self, application: str, commit: str) -> CommitInfo:
        return self._git(application).commit(commit)

    def _begin_to_know(self, _application: str, _older: str) -> dict[str, bool]:
        return {}

    def _begin_to_measure(self, application: str) -> Milestones:
        return Milestones(self._git(application))

    def _list(self, application: str, base: str, head: str, limit: int) -> Sequence[CommitInfo] | None:
        try:
            return tuple(self._git(application).brought(base, head, limit, merges=True))
        except (GitFailed, ValueError):
            return None

    def _look_back(self, application: str, head: str, limit: int) -> Sequence[CommitInfo]:
        try:
            return tuple(self._git(application).brought(None, head, limit))
        except (GitFailed, ValueError):
            return ()

    def _name(self, application: str, head: str, limit: int) -> Sequence[Author]:
        wrote = self._look_back(application, head, limit)
        return tuple(dict.fromkeys((one.author, one.email.partition("@")[0]) for one in wrote))

    def _begin_to_read(self, application: str) -> Reverts:
        return Reverts(self._git(application))

    def _reverting(self, application: str, commit: str, heads: Collection[str]) -> Sequence[Revert]:
        """Without those of merges made before it: most are."""
        try:
            found = self._reverts(application).about(commit, heads)
        except (GitFailed, ValueError):
            return ()
        merges = {by for by, what in found if any(on for _, on in what)}
        late = self.containing(application, commit, merges) if merges else merges
        return [one for one in found if one[0] in late or one[0] not in merges]

    def _ask(self, application: str, newer: str, older: str) -> bool | None:
        try:
            return self._git(application).is_ancestor(older, newer)
        except (GitFailed, ValueError):
            return None

    def _git(self, application: str) -> Git:
        return Git(self._places.repository(application))


def _hint(near: Sequence[str]) -> str:
    return (
        f"Did you mean {' or '.join(near)}? If not: {NOT_PUSHED[:1].lower()}{NOT_PUSHED[1:]}"
        if near
        else NOT_PUSHED
    )


def _some(of: Sequence[str], places: Sequence[int]) -> list[str]:
    return [of[place] for place in places if -len(of) <= place < len(of)]
