"""What there is to be found: pages, applications, environments, what can be done there, commits, runs, people.

Whoever is signed in may see all of it. What is looked at is bounded: the board of all applications, which is kept,
the newest runs, and a few questions to the record.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from itertools import chain

from shipway.state import runs
from shipway.state.database import Connection
from shipway.state.runs import Run
from shipway.web.finding.found import Found, best, words
from shipway.web.overview import rows
from shipway.web.overview.places import Place
from shipway.web.overview.rows import Row
from shipway.web.site import Site
from shipway.web.words import several

MOST = 30
LATELY = 60  # runs of which the words are looked at
DIGITS = re.compile(r"[0-9a-f]{4,40}")
PAGES = (
    Found("page", "Applications", "every application on one line", "/", "home overview"),
    Found("page", "Runs", "the newest runs of everything", "/runs"),
    Found("page", "Mine", "the applications you pushed to lately", "/?who=mine", "my applications"),
    Found(
        "page", "Needs a person", "what stands still until somebody acts", "/?who=needs", "failed blocked stuck"
    ),
)


def search(site: Site, conn: Connection, said: str, most: int = MOST) -> list[Found]:
    """The best of what fits the words, at most so many; without a word, what may need a person first."""
    now, asked = time.time(), words(said)
    every = rows.in_order([rows.row(one, now) for one in site.board.standings(conn)])
    if not asked:
        return [*(_application(row) for row in every[: most - len(PAGES)]), *PAGES]
    found = chain(
        PAGES,
        (_application(row) for row in every),
        _numbered(conn, every, asked),
        chain.from_iterable(_of_row(row) for row in every),
        _commits(site, conn, asked),
        _people(every),
    )
    return best(found, asked, most)


def _application(row: Row) -> Found:
    about = f"{row.word}: {row.remark.text}"
    return Found("application", row.name, about, _place(row, row.last), row.team or "")


def _of_row(row: Row) -> Iterator[Found]:
    """Its environments, its newest commit and run, and what can be done with them."""
    for place in reversed(row.places):
        yield Found("environment", f"{row.name} {place.name}", _serves(place), _place(row, place))
    if row.head is not None:
        yield _commit(row.name, row.head.run.commit, row.standing.subject, row.head.run.who)
        yield _run(row.head.run)
    for before, place in reversed(list(zip([None, *row.places], row.places, strict=False))):
        yield from _acts(row, place, before)
    yield from _acts_on_run(row)


def _acts(row: Row, place: Place, before: Place | None) -> Iterator[Found]:
    where, address = f"{row.name} {place.name}", _place(row, place)
    if place.release is not None:
        about = f"r{place.release.number} serves; the page says what moves, and asks"
        yield Found("action", f"Roll back {where}", about, f"{address}#acts", "rollback go back undo")
    if before is not None and before.release is not None and not _same(before, place):
        commit = before.release.commit[:7]
        about = f"{commit} serves in {before.name}; the page says what moves, and asks"
        yield Found("action", f"Promote {commit} to {where}", about, f"{address}#acts", "deploy release")
    if any(hold.kind == "freeze" for hold in place.holds):
        yield Found("action", f"Thaw {where}", "the page asks", f"{address}#acts", "unfreeze open lift hold")
    else:
        yield Found(
            "action", f"Freeze {where}", "nothing new is deployed; the page asks why", f"{address}#acts", "hold"
        )
    yield Found(
        "action", f"Configure {where}", "values and secrets", f"{address}#configuration", "env secret value set"
    )
    yield Found("action", f"Compare releases of {where}", "in order, with their commits", f"{address}#releases")
    errors = f"/applications/{row.name}/errors?environment={place.name}"
    yield Found("action", f"Read errors of {where}", "what was reported from there", errors, "exceptions")


def _same(one: Place, other: Place) -> bool:
    """Whether both serve the same commit."""
    return one.release is not None and other.release is not None and one.release.commit == other.release.commit


def _acts_on_run(row: Row) -> Iterator[Found]:
    if row.head is None:
        return
    run = row.head.run
    name, address = f"{row.name} {run.number}", f"/runs/{run.application}:{run.number}"
    if run.state in ("failed", "cancelled"):
        yield Found(
            "action", f"Run {name} again", "tests what failed once more", f"{address}#acts", "retry repeat"
        )
    if not run.over:
        yield Found("action", f"Cancel run {name}", "its page asks", f"{address}#acts", "stop abort")
    yield Found("action", f"Read the log of {name}", run.state, f"{address}#log")


def _numbered(conn: Connection, every: Sequence[Row], asked: Sequence[str]) -> Iterator[Found]:
    """Runs that are asked for by their number, of all applications that the other words fit."""
    numbers = [word for word in asked if word.isdecimal() and len(word) < 10]
    others = [word for word in asked if word not in numbers and word not in ("run", "runs")]
    if len(numbers) != 1:
        return
    named = [row.name for row in every if all(word in row.name for word in others)]
    for name in named[:MOST]:
        found = runs.numbered(conn, name, int(numbers[0]))
        if found is not None:
            yield _run(found)


def _commits(site: Site, conn: Connection, asked: Sequence[str]) -> Iterator[Found]:
    """By the first digits of their ids, and the newest by their words and their authors."""
    for word in asked:
        if DIGITS.fullmatch(word):
            for application, commit in runs.beginning(conn, word, limit=MOST):
                yield _commit(application, commit, site.commits.about(application, commit).subject, "")
    for run in runs.recent(conn, limit=LATELY):
        info = site.commits.about(run.application, run.commit)
        yield _commit(run.application, run.commit, info.subject, f"{run.who} {info.author}")
        yield _run(run)


def _people(every: Sequence[Row]) -> Iterator[Found]:
    teams = sorted({row.team for row in every if row.team})
    people = sorted({who for row in every for who in row.standing.people})
    for team in teams:
        count = several(sum(row.team == team for row in every), "application")
        yield Found("team", team, count, f"/?team={team}")
    for who in people:
        count = several(sum(who in row.standing.people for row in every), "application")
        yield Found("person", who, f"pushed to {count} lately", f"/?person={who}")


def _commit(application: str, commit: str, subject: str, who: str) -> Found:
    address = f"/applications/{application}/commits/{commit[:10]}"
    return Found("commit", f"{commit[:7]} {subject}".strip(), application, address, f"{commit} {who}")


def _run(run: Run) -> Found:
    about = f"{run.state}, {run.who}, {run.commit[:7]} on {run.branch}"
    return Found("run", f"{run.application} {run.number}", about, f"/runs/{run.application}:{run.number}")


def _place(row: Row, place: Place) -> str:
    return f"/applications/{row.name}/environments/{place.name}"


def _serves(place: Place) -> str:
    if place.release is None:
        return "nothing serves yet"
    return f"r{place.release.number} serves, {place.release.commit[:7]}"
