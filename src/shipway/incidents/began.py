"""Where trouble began: a commit on top of one that had the same already did not bring it.

What is free of it is the newest commit below of which that is on record, or of which nothing is. What lies between
is not told apart by it, and where the oldest of these had the very same trouble, whatever came later is innocent.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from shipway.incidents import production, stops
from shipway.incidents.cause import Cause
from shipway.pushes.git import Git
from shipway.state import facts, pushes, releases, runs
from shipway.state.database import Connection
from shipway.state.facts import Fact
from shipway.state.pushes import NOTHING
from shipway.state.runs import Run

FAR = 50  # pushes that are looked back at, and the newest runs of each
WITH_STEPS = ("failed", "timed out")
ITSELF = ""
"""In the place of a step: the run, where no step of it failed."""

_CHANGING = re.compile(r"\b(?=\w*\d)\w+")
"""Numbers, times and ids, by which two runs differ that say the same."""


@dataclass(frozen=True)
class Began:
    """`free` is the commit below that is free of it, empty where none is; `commit` the first that had the same,
    empty where it is new, and what it `said`. `far`: there are commits between that are not free of it.
    """

    free: str
    far: bool = False
    commit: str = ""
    said: str = ""


def of_step(conn: Connection, git: Git, run: Run, step: str, said: str) -> Began:
    """Since when a step fails (or ITSELF), of which `said` explains the failure, one line after the other.

    Commits below that failed in another way, or of which nobody knows, are just not free. Raises GitFailed.
    """
    found, same = Began(_below(conn, git, [run])), True
    for _ in range(FAR):
        earlier = _pushed(conn, run.application, found.free) if found.free else []
        if not earlier or any(_passed(conn, each, step) for each in earlier):
            break
        before = [words for each in earlier if (words := _failure(conn, each, step))]
        alike = next((words for words in before if is_same(said, words)), "")
        same = same and (not before or bool(alike))
        found = replace(found, commit=found.free, said=alike) if same and alike else found
        found = replace(found, free=_below(conn, git, earlier), far=True)
    return found


def traced(conn: Connection, git: Git, cause: Cause) -> Cause:
    """A cause with where it began, if the record has more of that. Raises GitFailed, ValueError."""
    if cause.whose != "author" or cause.commit is None or cause.began or cause.run is None:
        return cause
    if cause.kind == "stopped" and not cause.step:
        found = of_step(conn, git, cause.run, ITSELF, cause.run.reason)
        return replace(cause, base=found.free, far=found.far, began=found.commit)
    return _in_environment(conn, git, cause) if cause.kind in _TROUBLE and cause.suspect is None else cause


_TROUBLE = {
    "bad": ("verdict.bad",),
    "silent": ("release.silent",),
    "undone": ("deployment.failed", "rehearsal.failed"),
}


def _in_environment(conn: Connection, git: Git, cause: Cause) -> Cause:
    """What was tried before, came to grief in the same way, and is part of what is tried now as it was."""
    tried = _tried(conn, cause)
    cause = _on_something(conn, git, cause, {fact.commit for fact in tried})
    if not cause.base or git.resolve(cause.base) is None:
        return cause
    between = (
        git.run("rev-list", "--max-count=1000", values=[f"^{cause.base}", str(cause.commit)]).decode().split()
    )
    earlier = [fact for fact in tried if fact.commit in between]
    if not earlier or not all(is_same(_said(cause), _said_by(fact)) for fact in earlier):
        return cause
    first = str(earlier[0].commit)
    if not _is_as_it_was(git, cause.base, first, str(cause.commit)):
        return cause
    judged = production.verdict(conn, earlier[0]) if cause.kind == "bad" else None
    return replace(cause, began=first, suspect=None if judged is None else judged.suspect)


def _tried(conn: Connection, cause: Cause) -> list[Fact]:
    """The same trouble of other commits, oldest first; of what never served, in the same environment."""
    found = facts.newest_of(conn, _TROUBLE[cause.kind], str(cause.application), FAR)
    others = [fact for fact in reversed(found) if fact.commit != cause.commit]
    return [fact for fact in others if cause.kind != "undone" or _bound_for(fact) == cause.environment]


def _bound_for(fact: Fact) -> str | None:
    return fact.environment if fact.kind == "deployment.failed" else str(fact.data["before"][0])


def _on_something(conn: Connection, git: Git, cause: Cause, tried: Collection[str | None]) -> Cause:
    """Where nothing serves yet, what was pushed before and came to grief as well is nothing to compare with."""
    if cause.kind != "undone" or releases.now_serving(conn, str(cause.application), str(cause.environment)):
        return cause
    for _ in range(FAR):
        earlier = _pushed(conn, str(cause.application), cause.base) if cause.base in tried and cause.base else []
        if not earlier:
            break
        cause = replace(cause, base=_below(conn, git, earlier), far=True)
    return cause


def _said(cause: Cause) -> str:
    if cause.kind == "bad":
        return _judged(cause.what)
    return "\n".join([cause.what, *(cause.lines if cause.kind == "undone" else ())])


def _said_by(fact: Fact) -> str:
    """What `_said` is of a cause that was read from this fact."""
    if fact.kind == "verdict.bad":
        return _judged(str(fact.data.get("reason", "")))
    if fact.kind == "release.silent":
        return production.no_answers(fact)
    what = stops.rehearsed(fact) if fact.kind == "rehearsal.failed" else str(fact.data.get("reason", ""))
    return "\n".join([what, str(fact.data.get("excerpt", ""))])


def _is_as_it_was(git: Git, free: str, first: str, commit: str) -> bool:
    """Whether nothing that came by the first was taken back or touched since."""
    brought = git.run("rev-list", "--max-count=1000", values=[f"^{free}", first]).decode().split()
    reverted = {one for _by, said in git.reverts([free], [commit]) for one, _back in said}
    return reverted.isdisjoint(brought) and set(git.changed(free, first)).isdisjoint(git.changed(first, commit))


def _judged(reason: str) -> str:
    """What was bad, without at which share that was and how sure the judge is."""
    return reason.partition(":")[0]


def is_same(said: str, before: str) -> bool:
    """Whether nothing is said that was not said before, but for numbers and ids."""
    words = _words(said)
    return bool(words) and words <= _words(before)


def _words(said: str) -> set[str]:
    lines = (" ".join(_CHANGING.sub("#", line).split()) for line in said.splitlines())
    return {line for line in lines if any(map(str.isalpha, line))}


def _below(conn: Connection, git: Git, of_commit: Sequence[Run]) -> str:
    """What the branch was at before the push of a commit; for a new branch what the commit was made on."""
    moved = [pushes.get(conn, run.push).old for run in of_commit if run.push is not None]
    commit = of_commit[0].commit
    onto = next((old for old in moved if old not in (NOTHING, commit)), None)
    return onto or next(iter(git.parents(commit)), "")


def _pushed(conn: Connection, application: str, commit: str) -> list[Run]:
    found = runs.recent(conn, application=application, commit=commit, limit=FAR)
    return [run for run in found if run.purpose == "push"]


def _passed(conn: Connection, run: Run, step: str) -> bool:
    """Whether it was free of it: of a step it came through that, of ITSELF it came as far as its steps."""
    steps = runs.steps_of(conn, run.id)
    if step == ITSELF:
        return run.state == "passed" or (bool(steps) and not _failure(conn, run, step))
    return run.state == "passed" or [each.state for each in steps if each.name == step][-1:] == ["passed"]


def _failure(conn: Connection, run: Run, step: str) -> str:
    """What explains why it failed there; empty where it did not."""
    steps = runs.steps_of(conn, run.id)
    if step == ITSELF:
        failed = any(each.state in WITH_STEPS for each in steps)
        return run.reason if run.state == "failed" and not failed else ""
    last = [each for each in steps if each.name == step][-1:]
    return "".join(each.excerpt for each in last if each.state in WITH_STEPS)
