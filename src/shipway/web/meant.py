"""Which commit somebody may have meant by a name that is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import islice

from shipway.pushes.git import Git, GitFailed

KINDS = ("refs/heads/", "refs/tags/")
MOST_COMPARED = 2000
LONGEST = 60
AT_MOST = 3
ALIKE = 0.6
ONE_DIGIT = 0.8  # of two random ids with seven digits few are as much alike
_ID = re.compile(r"[0-9a-f]{6,40}", re.ASCII)


def near(git: Git, said: str) -> list[str]:
    """The branches and tags that are most like what was said, and the newest commits of branches if it is like an
    id with a digit wrong; the most alike first.
    """
    if len(said) > LONGEST:
        return []
    try:
        refs = git.refs(newest_first=True)
    except GitFailed:
        return []
    found = _alike(said, _names(refs), ALIKE)
    if _ID.fullmatch(said):
        found += _alike(said, (commit[: len(said)] for commit in refs.values()), ONE_DIGIT)
    return found[:AT_MOST]


def _names(refs: Iterable[str]) -> Iterator[str]:
    for ref in refs:
        kind = next((kind for kind in KINDS if ref.startswith(kind)), "")
        yield ref.removeprefix(kind)


def _alike(said: str, names: Iterable[str], cutoff: float) -> list[str]:
    """Small letters and capitals are alike. Of many names the first count, without those whose length alone makes
    them unlike.
    """
    shortest, longest = len(said) * cutoff / (2 - cutoff), len(said) * (2 - cutoff) / cutoff
    alike = (name for name in names if shortest <= len(name) <= min(longest, LONGEST))
    known = {name.casefold(): name for name in islice(alike, MOST_COMPARED)}
    return [known[each] for each in get_close_matches(said.casefold(), known, AT_MOST, cutoff)]
