"""What the refs say against what is recorded: after a crash, a lost hook or a hand in the repository."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shipway.config.places import Places
from shipway.pushes import processes
from shipway.pushes.git import Git
from shipway.state import pushes
from shipway.state.database import Database
from shipway.state.pushes import NOTHING, Outcome, Push, Update


def reconcile(database: Database, places: Places, application: str) -> list[Push]:
    """Makes the record agree with the refs of `application`; the pushes that were accepted by it.

    Cheap when they agree already: the write lock is taken only when they do not.
    """
    repository = places.repository(application)
    if not repository.is_dir():
        return []
    git = Git(repository)
    with database.read() as conn:
        outcome = decide(pushes.offered(conn, application), pushes.heads(conn, application), git.refs())
    if outcome == Outcome():
        return []
    with database.write() as conn:
        outcome = decide(pushes.offered(conn, application), pushes.heads(conn, application), git.refs())
        return pushes.settle(conn, application, outcome)


def decide(offered: Sequence[Push], heads: Mapping[str, str], refs: Mapping[str, str]) -> Outcome:
    """What became of the offered pushes, and which refs moved without having been offered.

    `heads` is where the refs stand by the record, `refs` where they really stand. They must be read under
    the write lock for the result to be recorded: then every offer was made before, and a ref that stands
    where no offer leads was moved by other means. An offer whose receive-pack still runs and whose ref has
    not moved stays open.
    """
    reached = dict(heads)
    accepted, dropped = [], []
    for push in offered:
        if push.new == refs.get(push.ref, NOTHING) != reached.get(push.ref, NOTHING):
            accepted.append(push)
            reached[push.ref] = push.new
        elif not processes.lives(push.process):
            dropped.append(push)
    return Outcome(tuple(accepted), tuple(dropped), _moves(reached, refs))


def _moves(heads: Mapping[str, str], refs: Mapping[str, str]) -> tuple[Update, ...]:
    """The moves that would bring the recorded `heads` to `refs`."""
    names = sorted({*heads, *refs})
    moves = (Update(ref, heads.get(ref, NOTHING), refs.get(ref, NOTHING)) for ref in names)
    return tuple(move for move in moves if move.old != move.new)
