"""CODEOWNERS of a repository: whose the files are; the last line that matches a file wins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codeowners import CodeOwners

from shipway.incidents import patterns
from shipway.pushes.git import Git

PLACES = (".github/CODEOWNERS", ".gitlab/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
LARGEST = 256 * 1024  # bytes
MOST_FILES, LONGEST = 300, 300  # characters of a path, and of a pattern
MOST_WORK = 1_000_000_000
"""Characters of all patterns times those of all paths: more takes seconds, and says nothing about who it is."""

CLEAR = 2
"""More owners than this for one trouble say nothing about who can mend it."""


@dataclass(frozen=True)
class Line:
    """A pattern, what matches its paths, and whose these are."""

    pattern: str
    paths: re.Pattern[str]
    owners: tuple[str, ...]


def owners(git: Git, commit: str, files: Iterable[str]) -> list[str]:
    """Who owns these files at a commit (an address, `@name`, `@org/team`), if that is clear; nobody otherwise."""
    lines = _read(git, commit)
    looked_at = [path for path in files if len(path) <= LONGEST][:MOST_FILES]
    if sum(len(line.pattern) for line in lines) * sum(map(len, looked_at)) > MOST_WORK:
        return []
    every = dict.fromkeys(owner for path in looked_at for owner in _of(lines, path))
    return list(every) if len(every) <= CLEAR else []


def read(text: str) -> list[Line]:
    """The lines that can be used, the last first; one that cannot is left out, as hosts of repositories do."""
    return [found for line in reversed(text.splitlines()) for found in _line(line)]


def _read(git: Git, commit: str) -> list[Line]:
    for place in PLACES:
        text = git.read(commit, place, LARGEST)
        if text is not None:
            return read(text.decode(errors="replace"))
    return []


def _line(line: str) -> list[Line]:
    try:
        return [
            Line(pattern, patterns.compiled(pattern), tuple(owner for _kind, owner in whose))
            for _regex, pattern, whose, _number, _section in CodeOwners(line).paths
            if len(pattern) <= LONGEST
        ]
    except (ValueError, re.error, IndexError):
        return []


def _of(lines: Sequence[Line], path: str) -> tuple[str, ...]:
    return next((line.owners for line in lines if line.paths.match(path)), ())
