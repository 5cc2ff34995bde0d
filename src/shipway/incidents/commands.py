"""Whose commit changed what a release command does to the data."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Sequence

from shipway.incidents import imports
from shipway.incidents.differences import Written
from shipway.incidents.suspects import Evidence, Suspicion, as_in_a_diff
from shipway.pushes.git import CommitInfo

_MIGRATES = re.compile(
    r"(^|/)(migrat|alembic|liquibase|flyway|db/changelog)|\.sql$|(^|/)schema\.\w+$", re.IGNORECASE
)
_WORD = re.compile(r"[\w./-]+")
SHOWN = 3  # hunks


def migrates(path: str) -> bool:
    """Whether a file is one of those that tools for migrations read, by its path."""
    return _MIGRATES.search(path) is not None


def files(command: str, known: Collection[str], text: Callable[[str], str]) -> list[str]:
    """The files of the repository that a command names, also as a module, and those that they import."""
    words = [posixpath.normpath(word) for word in _WORD.findall(command)]
    modules = [name for word in words for name in imports.imported("", f"import {word}", known)]
    mains = [name for word in words if (name := f"{word.replace('.', '/')}/__main__.py") in known]
    named = list(dict.fromkeys([*(word for word in words if word in known), *modules, *mains]))
    return list(
        dict.fromkeys([*named, *(one for name in named for one in imports.imported(name, text(name), known))])
    )


def suspect(
    said: str, paths: Collection[str], between: Sequence[Written], brought: Sequence[CommitInfo]
) -> Suspicion:
    """Who is suspected of what the command did, `said` being why it is that.

    `paths` are the files that it is made of, and `between` the commits that touched them, newest first; `brought`
    are all commits that came with the command. Of several authors nobody is named.
    """
    touched = [(one, [path for path in one.hunks if path in paths]) for one in between]
    touched = [(one, theirs) for one, theirs in touched if theirs]
    if touched:
        who, theirs = touched[0]
        if len({one.email.lower() for one, _ in touched}) > 1:
            likely = tuple(one.commit for one, _ in touched)
            return Suspicion(f"{said}: {len(likely)} commits changed what it does.", candidates=likely)
        hunks = [
            Evidence(path, 0, "", "uses", as_in_a_diff(each), start=each.start)
            for path in theirs
            for each in who.hunks[path]
        ]
        reason = f"{said}: {who.commit[:7]} changed {theirs[0]}."
        return Suspicion(reason, who.commit, who.author, who.email, who.subject, "medium", tuple(hunks[:SHOWN]))
    if len({one.email.lower() for one in brought}) != 1:
        return Suspicion(f"{said}. Nothing says whose change that was.")
    only = brought[0]
    reason = f"{said}, and one author alone wrote what came with it."
    return Suspicion(reason, only.commit, only.author, only.email, only.subject, "low")
