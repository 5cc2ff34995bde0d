"""What git says about the commits between two releases, as values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from shipway.incidents import code

FORMAT = "--format=%x00%H%x00%an%x00%ae%x00%s%x00"
"""What `git log` has to be asked for, so that `commits` can read it."""

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_BLAMED = re.compile(r"([0-9a-f]{40}) (\d+) (\d+)(?: \d+)?")


@dataclass(frozen=True)
class Hunk:
    """Lines that were exchanged: `start` is the first new line, or the one after which lines are gone."""

    start: int
    removed: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True)
class Written:
    """A commit, by whom, and what it did to which file."""

    commit: str
    author: str
    email: str
    subject: str
    hunks: Mapping[str, Sequence[Hunk]] = field(default_factory=dict)


@dataclass(frozen=True)
class Changed:
    """A file as it is in the newer release. `origin` has the lines (from 1) that are not in the older one, and by
    which commit they came, `came` as which line of it; `hunks` is the difference between the two.
    """

    path: str
    lines: Sequence[str]
    origin: Mapping[int, str]
    hunks: Sequence[Hunk]
    came: Mapping[int, int] = field(default_factory=dict)

    @cached_property
    def blocks(self) -> Sequence[int | None]:
        """For each line the one that its block begins with."""
        return code.blocks(self.lines)


def commits(log: str) -> list[Written]:
    """The commits of `git log -p -U0`, newest first."""
    parts = log.split("\0")[1:]
    return [_written(*parts[at : at + 5]) for at in range(0, len(parts) - 4, 5)]


def hunks(diff: str) -> dict[str, list[Hunk]]:
    """By path, the hunks of `git diff -U0`."""
    found: dict[str, list[Hunk]] = {}
    path = ""
    for part in re.split(r"^(?=diff --git |@@ )", diff, flags=re.MULTILINE):
        if part.startswith("diff --git "):
            path = _path(part)
        elif part.startswith("@@ ") and path:
            found.setdefault(path, []).append(_hunk(part))
    return found


def origins(blame: str, known: set[str]) -> dict[int, tuple[str, int]]:
    """Which line came by which of the commits in `known`, and as which line of the file then, from
    `git blame --porcelain`.
    """
    found = (_BLAMED.fullmatch(line) for line in blame.split("\n") if not line.startswith("\t"))
    return {int(each[3]): (each[1], int(each[2])) for each in found if each is not None and each[1] in known}


def _written(commit: str, author: str, email: str, subject: str, diff: str) -> Written:
    return Written(commit, author, email, subject, hunks(diff))


def _path(head: str) -> str:
    """The path of the newer side; of the older one when the file is gone."""
    named = dict(_names(head))
    newer = named.get("+++", "/dev/null")
    return (named.get("---", "") if newer == "/dev/null" else newer).partition("/")[2]


def _names(head: str) -> Iterator[tuple[str, str]]:
    for line in head.split("\n"):
        if line.startswith(("--- ", "+++ ")):
            yield line[:3], line[4:].rstrip("\t")


def _hunk(part: str) -> Hunk:
    head, *lines = part.split("\n")
    found = _HUNK.match(head)
    start = int(found[3]) if found is not None else 0
    removed = tuple(line[1:] for line in lines if line.startswith("-"))
    added = tuple(line[1:] for line in lines if line.startswith("+"))
    return Hunk(start, removed, added)
