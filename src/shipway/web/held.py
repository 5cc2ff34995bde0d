"""What holds a commit now, and what the judge does with what it brought, for who waits or looks at a run."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.releases import gate
from shipway.releases.gate import GateClosed
from shipway.state import artifacts, deployments
from shipway.state.database import Connection
from shipway.state.runs import Run
from shipway.story.cast import Cast
from shipway.web import by_now, quarantines, sentences, trials
from shipway.web.commits import Commits


def held(conn: Connection, application: str, commit: str, environment: str, *, serves: bool) -> str:
    """What keeps a commit (a whole id) from an environment, or is held against it where it `serves` all the same:
    a sentence without its full stop; empty where nothing is, or nothing was built of it.
    """
    kept = quarantines.of_commit(conn, application, commit, environment)
    artifact = artifacts.of_commit(conn, application, commit)
    if kept is not None and kept.in_force:
        return kept.says
    try:
        if artifact is not None and not serves:
            gate.not_held(conn, artifact, environment)
    except GateClosed as closed:
        return closed.message
    return ""


def against(conn: Connection, run: Run) -> Iterator[str]:
    """The quarantines of a run's commit where it was to bring that, and what has ended them: whole sentences."""
    for name in run.deliver:
        kept = quarantines.of_commit(conn, run.application, run.commit, name)
        if kept is not None:
            yield f"{kept.says}." if kept.in_force else f"{name}: {kept.says}."


def of_run(conn: Connection, cast: Cast, commits: Commits, run: Run) -> Iterator[str]:
    """What is so by now of what a run that is over was to bring: where it waits, what is held against it, and what
    is judged. Whole sentences, but for a command at the end.
    """
    waits = by_now.of(conn, commits, run)
    if waits is not None:
        yield str(waits) if waits.command else f"{waits.says}."
    yield from against(conn, run)
    for name in run.deliver:
        judged = trials.judging(cast, conn, run.application, name)
        if judged is not None and judged[0].deployment == deployments.of_run(conn, run.id, name):
            yield f"{name}: {sentences.sentence(judged[0])}."
