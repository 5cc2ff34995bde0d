"""Taking a push in two phases, so that a crash between them neither loses it nor invents one.

1. `offer`, in git's pre-receive hook: what may not be is refused; the rest is recorded as offered.
2. git syncs the objects, moves the refs and syncs them.
3. `accept`, in git's post-receive hook: what moved is recorded as accepted, the rest as dropped.

If 3 does not happen, `reconcile` finds the offer and looks at the ref.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shipway.errors import UserError
from shipway.pushes.git import Git
from shipway.pushes.reconcile import decide
from shipway.pushes.rules import broken_rule
from shipway.state import pushes
from shipway.state.database import Database
from shipway.state.pushes import NOTHING, Push, Update

Check = Callable[[str, str, str, Mapping[str, str]], list[str]]

_PATIENCE = 10.0  # seconds that a push waits for another one on the same ref, which takes milliseconds


class Refused(UserError):
    """Nothing of the push was accepted; each line of `problems` says why, or what to do instead."""

    id = "pushes.refused"
    status = 409

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Arrival:
    """A push as git's hook tells of it: `process` is the identity of the receive-pack that carries it."""

    application: str
    who: str
    process: str
    updates: Sequence[Update]
    quarantine: Mapping[str, str] = field(default_factory=dict)


def offer(
    database: Database, repository: Path, arrival: Arrival, *, delivered: Mapping[str, Sequence[str]], check: Check
) -> list[Push]:
    """Records the updates as offered, or raises Refused with every problem at once.

    `check` (application, ref, new, quarantine) judges what a branch would contain. Returns what was accepted
    on the way: earlier pushes to these refs whose end nobody had told.
    """
    git = Git(repository, quarantine=arrival.quarantine)
    problems = [line for update in arrival.updates for line in broken_rule(git, update, delivered)]
    if not problems:
        problems = [
            line
            for update in arrival.updates
            if update.branch is not None and not update.deletes
            for line in check(arrival.application, update.ref, update.new, arrival.quarantine)
        ]
    if problems:
        raise Refused(problems)
    return _claim(database, Git(repository), arrival)


def accept(database: Database, repository: Path, arrival: Arrival) -> list[Push]:
    """Records that git moved the refs of `arrival`; what else its process had offered did not move.

    Calling it again changes nothing. Returns the pushes in the order of the updates.
    """
    _sync_directories(repository, [update.ref for update in arrival.updates])
    with database.write() as conn:
        known = pushes.of_process(conn, arrival.application, arrival.process)
        offered = {(push.ref, push.old, push.new): push for push in known}
        accepted = []
        for update in arrival.updates:
            push = offered.pop((update.ref, update.old, update.new), None)
            if push is None:
                push = pushes.record(conn, arrival.application, update, who=arrival.who, process=arrival.process)
            accepted.append(pushes.accept(conn, push))
        for push in offered.values():
            pushes.drop(conn, push)
    return accepted


def _claim(database: Database, git: Git, arrival: Arrival) -> list[Push]:
    """Records the offer once no other push to one of its refs is under way.

    One offer at a time on a ref: then the ref itself tells what became of it.
    """
    wanted = {update.ref for update in arrival.updates}
    settled: list[Push] = []
    deadline = time.monotonic() + _PATIENCE
    while True:
        with database.write() as conn:
            refs = {ref: new for ref, new in git.refs().items() if ref in wanted}
            offered = [push for push in pushes.offered(conn, arrival.application) if push.ref in wanted]
            outcome = decide(offered, pushes.heads(conn, arrival.application, wanted), refs)
            settled += pushes.settle(conn, arrival.application, outcome)
            busy = {push.ref for push in offered if push not in (*outcome.accepted, *outcome.dropped)}
            if not busy:
                moved = [one for one in arrival.updates if one.old != refs.get(one.ref, NOTHING)]
                if not moved:
                    pushes.offer(
                        conn, arrival.application, arrival.updates, who=arrival.who, process=arrival.process
                    )
                    return settled
        if not busy:
            raise Refused([_moved(database, git, arrival, one, refs.get(one.ref, NOTHING)) for one in moved])
        if time.monotonic() > deadline:
            raise Refused([f"{ref}: another push to it is still under way. Push again." for ref in sorted(busy)])
        time.sleep(0.05)


def _moved(database: Database, git: Git, arrival: Arrival, update: Update, now: str) -> str:
    """That a ref is not any more where the client was told that it is, by whose push, and what helps."""
    with database.read() as conn:
        last = next(iter(pushes.recent(conn, arrival.application, ref=update.ref, limit=1)), None)
    by = f", by {last.who}," if last is not None and last.new == now and last.who != "unknown" else ""
    told = f"{update.name}: another push to it{by} was accepted while this one was on its way."
    known = not update.deletes and now != NOTHING
    pushed = Git(git.directory, quarantine=arrival.quarantine)
    on_top = known and pushed.is_ancestor(now, update.new)
    return f"{told} Push again." if on_top else f"{told} Fetch, then push again."


def _sync_directories(repository: Path, refs: Sequence[str]) -> None:
    """Syncs the directories in which git has renamed files: git syncs the files only (`core.fsync`)."""
    directories = {repository / "objects" / "pack", repository / "objects", repository}
    for ref in refs:
        directories.update((repository / ref).parents)
    for directory in directories:
        if directory.is_relative_to(repository) and directory.is_dir():
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
