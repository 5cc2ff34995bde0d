"""Whether a run may be done again without a new commit."""

from __future__ import annotations

from shipway.errors import UserError
from shipway.state import artifacts, deployments, pushes, runs, sequence
from shipway.state.database import Connection
from shipway.state.pushes import NOTHING
from shipway.state.runs import Run

_MANY = 500  # runs of one commit on one branch: more are not looked through


class NotAgain(UserError):
    """The run is under way, it passed, or something later is there already."""

    id = "pipelines.not_again"
    status = 409


def check(conn: Connection, run: Run) -> None:
    """Raises NotAgain with the reason; in one transaction with the making of the new run.

    The new run has the newest number, and by their numbers the gate knows what is newer. So a push is done again
    only while its branch stands at its commit, and what people ordered only while nothing else came there since.
    """
    last = _last_try(conn, run)
    if not last.over:
        raise NotAgain(
            f"Run {last.number} of {last.commit[:7]} is {_under_way(last)}.",
            hint=f"Wait for it, or stop it first: shipway runs {last.number} --cancel",
        )
    if last.state == "passed" and _stands(conn, last):
        raise NotAgain(
            f"Run {last.number} of {last.commit[:7]} passed, so there is nothing to do again.",
            hint=f"shipway deploy {last.commit[:7]} --env ENVIRONMENT takes it to an environment.",
        )
    if last.purpose == "push":
        _branch_has_not_moved(conn, last)
    else:
        _nothing_came_since(conn, last)


def _last_try(conn: Connection, run: Run) -> Run:
    """The newest run that was to do the same: it says whether there is anything left to do."""
    of_commit = runs.recent(conn, application=run.application, branch=run.branch, commit=run.commit, limit=_MANY)
    return next((one for one in of_commit if _alike(one, run)), run)


def _alike(one: Run, other: Run) -> bool:
    return one.purpose == other.purpose and (one.purpose == "push" or one.deliver == other.deliver)


def _under_way(run: Run) -> str:
    return "waiting for its turn" if run.state == "queued" else "under way"


def _stands(conn: Connection, passed: Run) -> bool:
    """Whether what a run left is there; a pruned artifact may be built anew."""
    return passed.purpose != "push" or artifacts.of_commit(conn, passed.application, passed.commit) is not None


def _branch_has_not_moved(conn: Connection, run: Run) -> None:
    ref = f"refs/heads/{run.branch}"
    head = pushes.heads(conn, run.application, [ref]).get(ref, NOTHING)
    if head != run.commit:
        now = "is not there any more" if head == NOTHING else f"has gone on to {head[:7]}"
        raise NotAgain(
            f"{run.branch} {now}, so {run.commit[:7]} does not come after it.",
            hint=f"To test it alone: git push shipway {run.commit[:7]}:refs/heads/again",
        )


def _nothing_came_since(conn: Connection, run: Run) -> None:
    for environment in run.deliver:
        now = deployments.running_in(conn, run.application, environment)
        since = sequence.moved_since(conn, run, environment) if now is None else now.run
        if since is not None:
            number = runs.get(conn, since).number
            raise NotAgain(
                f"Run {number} has gone to {environment} since, and this would take it back.",
                hint=f"shipway deploy {run.commit[:7]} --env {environment} does so all the same.",
            )
