"""CODEOWNERS of a repository: whose the files are; the last line that matches a file wins."""

from __future__ import annotations

import re
from collections.abc import Iterable

from codeowners import CodeOwners

from shipway.pushes.git import Git

PLACES = (".github/CODEOWNERS", ".gitlab/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
LARGEST = 256 * 1024  # bytes
MOST_STARS = 4
"""Wildcards of one pattern. Patterns become regular expressions; the time these take grows with that power."""

MOST_FILES, LONGEST_PATH = 300, 300
CLEAR = 2
"""More owners than this for one trouble say nothing about who can mend it."""


def owners(git: Git, commit: str, files: Iterable[str]) -> list[str]:
    """Who owns these files at a commit (an address, `@name`, `@org/team`), if that is clear; nobody otherwise."""
    found = _read(git, commit)
    looked_at = [path for path in files if len(path) <= LONGEST_PATH][:MOST_FILES]
    every = dict.fromkeys(owner for path in looked_at for _kind, owner in found.of(path))
    return list(every) if len(every) <= CLEAR else []


def _read(git: Git, commit: str) -> CodeOwners:
    for place in PLACES:
        text = git.read(commit, place, LARGEST)
        if text is not None:
            return CodeOwners("\n".join(filter(_fit, text.decode(errors="replace").splitlines())))
    return CodeOwners("")


def _fit(line: str) -> bool:
    """Whether a line can be used; one that cannot is left out, as hosts of repositories do."""
    pattern = line.strip().partition(" ")[0]
    if len(re.findall(r"\*+", pattern)) > MOST_STARS or len(pattern) > LONGEST_PATH:
        return False
    try:
        CodeOwners(line)
    except (ValueError, re.error, IndexError):
        return False
    return True
