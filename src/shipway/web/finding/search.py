"""What there is to be found: pages, applications, environments, what can be done there, commits, runs, people.

Whoever is signed in may see all of it. What is looked at is bounded: the board of all applications, which is kept,
the newest runs, the newest commits of a few applications, and a few questions to the record.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from shipway.state import deployments, errors, runs
from shipway.state.database import Connection
from shipway.state.runs import Run
from shipway.web import outcomes
from shipway.web.finding.found import LONGEST, Found, best, words
from shipway.web.overview import fates, rows
from shipway.web.overview.places import Place
from shipway.web.overview.rows import Row
from shipway.web.site import Site
from shipway.web.words import several

MOST = 30
LATELY = 60  # runs, and open errors, that are looked at
FEW, FAR = 5, 1000  # applications of which git is asked, and commits of each
ACTING = frozenset(
    ["run", "runs", "again", "retry", "repeat", "cancel", "stop", "abort", "read", "download", "the", "log", "of"]
)
DIGITS = re.compile(r"[0-9a-f]{4,40}")
BROKE = "who broke it broken"
PAGES = (
    Found("page", "Applications", "every application on one line", "/", "home overview"),
    Found("page", "Runs", "the newest runs of everything", "/runs"),
    Found("page", "Mine", "the applications you pushed to or wrote lately", "/?who=mine", "my applications"),
    Found(
        "page", "Needs a person", "what stands still until somebody acts", "/?who=needs", "failed blocked stuck"
    ),
)
INSTALLATION = (
    Found("page", "Messages", "who was told what, and what was not delivered", "/messages", "told mail channels"),
    Found(
        "page", "Messages that wait", "what no channel took yet, and why", "/messages?state=waiting", "undelivered"
    ),
    Found("page", "Installation", "its machine, its processes, its data", "/installation", "doctor about health"),
    Found("page", "Sessions", "who is signed in with a browser", "/sessions", "signed in browser"),
    Found("page", "API reference", "every call, and who may make it", "/reference/api", "docs curl programs json"),
    Found("page", "Patterns", "every element of the pages, in every state", "/patterns", "design style"),
    Found("action", "End a session", "its page asks", "/sessions#list", "sign out"),
    Found(
        "action",
        "Send a message again",
        "what no channel took has a button for it",
        "/messages?state=waiting",
        "resend undelivered",
    ),
)
OWNERS = (
    Found("page", "Tokens", "who may call, and what they may do", "/tokens", "keys credentials access"),
    Found("action", "Make a token", "for a person or a program", "/tokens#make", "create new access"),
    Found("action", "Revoke a token", "its page asks", "/tokens#list", "end"),
)


def search(site: Site, conn: Connection, said: str, most: int = MOST, *, owner: bool) -> list[Found]:
    """The best of what fits the words, at most so many; without a word, what may need a person first.

    What only an `owner` of the installation may open is found by owners alone.
    """
    now, rates, asked = time.time(), site.rates, words(said)
    every = rows.in_order([rows.row(one, now, rates) for one in site.board.standings(conn)])
    if not asked:
        return [*(_application(row) for row in every[: most - len(PAGES)]), *PAGES]
    ended = outcomes.words(conn, [row.head.run for row in every if row.head is not None])
    found = chain(
        PAGES,
        INSTALLATION,
        OWNERS if owner else (),
        (_application(row) for row in every),
        _numbered(conn, every, asked),
        chain.from_iterable(_who_broke(row) for row in every),
        chain.from_iterable(_of_row(row, ended) for row in every),
        _cancellable(conn),
        chain.from_iterable(_why_not(site, row) for row in every) if "why" in asked else (),
        _commits(site, conn, asked),
        _older_commits(site, every, asked),
        _errors(conn),
        _people(every),
    )
    return best(found, asked, most)


def _application(row: Row) -> Found:
    about = f"{row.word}: {row.remark.text}"
    return Found("application", row.name, about, _place(row, row.last), row.team or "")


def _of_row(row: Row, said: Mapping[str, str]) -> Iterator[Found]:
    """Its environments, settings and errors, its newest commit and run, and what can be done with them; `said` is
    how runs are called, by their ids.
    """
    for place in reversed(row.places):
        yield Found("environment", f"{row.name} {place.name}", _serves(place), _place(row, place))
    if row.head is not None:
        yield _commit(row.name, row.head.run.commit, row.standing.subject, row.head.run.who)
        yield _run(row.head.run, said[row.head.run.id])
    home = f"/applications/{row.name}"
    yield Found("page", f"Settings of {row.name}", "what shipway.yml says, line by line", f"{home}/settings")
    yield Found(
        "page", f"Errors of {row.name}", "what went wrong in it, by whose commit", f"{home}/errors", "exceptions"
    )
    about = f"{row.standing.application.default_branch}: its shipway.yml says which environments there are"
    yield Found("action", f"Set the default branch of {row.name}", about, f"{home}/settings#branch", "change main")
    for before, place in reversed(list(zip([None, *row.places], row.places, strict=False))):
        yield from _acts(row, place, before)
    yield from _acts_on_run(row, said)


def _acts(row: Row, place: Place, before: Place | None) -> Iterator[Found]:
    where, address = f"{row.name} {place.name}", _place(row, place)
    yield from _ways_back(row, place)
    if before is not None and before.release is not None and place.coming is None and not _same(before, place):
        commit = before.release.commit[:7]
        about = f"{commit} serves in {before.name}; the page says what moves, and asks"
        yield Found("action", f"Promote {commit} to {where}", about, f"{address}#promote", "deploy release")
    if any(hold.kind == "freeze" for hold in place.holds):
        yield Found("action", f"Thaw {where}", "the page asks", f"{address}#thaw", "unfreeze open lift hold")
    else:
        about = "nothing new is deployed; the page asks why"
        yield Found("action", f"Freeze {where}", about, f"{address}#freeze", "hold stop")
    about = "sealed at once, never shown again"
    yield Found("action", f"Set a secret of {where}", about, f"{address}#add-secret", "add password env configure")
    about = "a variable of its processes"
    yield Found("action", f"Set a value of {where}", about, f"{address}#add-value", "add env variable configure")
    about = "what is set is listed; Change has the way"
    also = "unset remove delete env variable"
    yield Found("action", f"Take a value or secret of {where} away", about, f"{address}#configuration", also)
    yield Found(
        "page", f"Configuration of {where}", "values and secrets", f"{address}#configuration", "env configure"
    )
    yield Found("page", f"Log of {where}", "what its instances print", f"{address}/log", "application logs read")
    yield Found("action", f"Compare releases of {where}", "in order, with their commits", f"{address}#releases")
    errors_there = f"/applications/{row.name}/errors?environment={place.name}"
    yield Found("page", f"Errors of {where}", "what was reported from there", errors_there, "exceptions read")


def _ways_back(row: Row, place: Place) -> Iterator[Found]:
    """From what is frozen with a share, from what is tried on one, or from what serves."""
    where, address = f"{row.name} {place.name}", _place(row, place)
    if place.stuck is not None and place.stuck.before is not None:
        about = f"{place.stuck.title}; the page says what moves, and asks why"
        decide = f"{address}#decide-r{place.stuck.before.number}"
        yield Found("action", f"Decide what serves in {where}", about, decide, "give all requests roll back")
    elif place.coming is not None and place.coming.share:
        about = f"it has {place.coming.share} % of the requests; the page says what moves, and asks"
        title = f"Take r{place.coming.release.number} of {where} back"
        yield Found("action", title, about, f"{address}#roll-back", "roll back rollback undo stop cancel abort")
    elif place.release is not None and place.back is not None:
        about = f"r{place.release.number} serves; to r{place.back.number}: the page says what moves, and asks"
        yield Found("action", f"Roll back {where}", about, f"{address}#roll-back", "rollback go back undo")


def _same(one: Place, other: Place) -> bool:
    """Whether both serve the same commit."""
    return one.release is not None and other.release is not None and one.release.commit == other.release.commit


def _acts_on_run(row: Row, said: Mapping[str, str]) -> Iterator[Found]:
    if row.head is not None:
        yield from _acts_on(row.head.run, said[row.head.run.id])


def _acts_on(run: Run, said: str, *, again: bool = True) -> Iterator[Found]:
    """`again`: nobody has done it again yet."""
    name, address = f"{run.application} {run.number}", f"/runs/{run.application}:{run.number}"
    if again and run.state in ("failed", "cancelled"):
        yield Found(
            "action", f"Run {name} again", "its page says what moves, and asks", f"{address}#again", "retry repeat"
        )
    yield Found("action", f"Read the log of {name}", said, f"{address}#log", "download")


def _cancellable(conn: Connection) -> Iterator[Found]:
    """The runs, of whatever branch and by whomever, that go on and have not begun to deploy."""
    for run in runs.recent(conn, limit=LATELY):
        if not run.over and not deployments.all_of_run(conn, run.id):
            yield _cancel(run)


def _cancel(run: Run) -> Found:
    title = f"Cancel run {run.application} {run.number}"
    about = f"{run.commit[:7]}, {run.who}; its page asks"
    return Found("action", title, about, f"/runs/{run.application}:{run.number}#cancel", "stop abort")


def _numbered(conn: Connection, every: Sequence[Row], asked: Sequence[str]) -> Iterator[Found]:
    """Runs that are asked for by their number, of all applications that the other words fit."""
    numbers = [word for word in asked if word.isdecimal() and len(word) < 10]
    others = [word for word in asked if word not in numbers and word not in ACTING]
    if len(numbers) != 1:
        return
    named = [row.name for row in every if all(word in row.name for word in others)]
    for name in named[:MOST]:
        found = runs.numbered(conn, name, int(numbers[0]))
        if found is not None:
            said = outcomes.words(conn, [found])[found.id]
            yield _run(found, said)
            yield from _acts_on(found, said, again=runs.retried(conn, found) is None)
            if not found.over and not deployments.all_of_run(conn, found.id):
                yield _cancel(found)


def _commits(site: Site, conn: Connection, asked: Sequence[str]) -> Iterator[Found]:
    """By the first digits of their ids, and the newest by their words and their authors."""
    for word in asked:
        if DIGITS.fullmatch(word):
            for application, commit in runs.beginning(conn, word, limit=MOST):
                yield _commit(application, commit, site.commits.about(application, commit).subject, "")
    recent = runs.recent(conn, limit=LATELY)
    said = outcomes.words(conn, recent)
    for run in recent:
        info = site.commits.about(run.application, run.commit)
        yield _commit(run.application, run.commit, info.subject, f"{run.who} {info.author}")
        yield _run(run, said[run.id])


def _older_commits(site: Site, every: Sequence[Row], asked: Sequence[str]) -> Iterator[Found]:
    """By their words and authors: those of the applications that are named, or of all where there are few."""
    named = [row for row in every if row.name in asked]
    if len(named) == len(asked):
        return
    for row in (named or (every if len(every) <= FEW else ()))[:FEW]:
        if row.head is not None:
            for info in site.commits.newest(row.name, row.head.run.commit, FAR):
                yield _commit(row.name, info.commit, info.subject, info.author)


def _errors(conn: Connection) -> Iterator[Found]:
    """The errors that were seen last: open ones by what they say and where they were raised, too."""
    for one in errors.newest(conn, limit=LATELY):
        title = f"{one.application} error {one.number}"
        address = f"/applications/{one.application}/errors/{one.number}"
        if one.state == "open":
            yield Found("error", f"{title} {one.title}"[:LONGEST], one.place, address, BROKE)
            yield Found(
                "action", f"Resolve {title}", "opens again if it is seen again", f"{address}#acts", "close mend"
            )
        else:
            yield Found(
                "action", f"Reopen {title}", "it is not mended after all", f"{address}#acts", "open undo again"
            )


def _why_not(site: Site, row: Row) -> Iterator[Found]:
    """The newest commit, for each environment where what serves does not have it."""
    if row.head is None:
        return
    commit = row.head.run.commit
    address = f"/applications/{row.name}/commits/{commit[:10]}#where"
    for place in reversed(row.places):
        if place.release is None or not site.commits.contains(row.name, place.release.commit, commit):
            title = f"Why {commit[:7]} is not in {row.name} {place.name}"
            yield Found("commit", title, row.standing.subject, address, "it where missing")


def _who_broke(row: Row) -> Iterator[Found]:
    """The newest commit, if it was judged bad."""
    bad = fates.furthest_bad(row.places, row.standing.bad)
    if row.head is None or bad is None:
        return
    commit, about = row.head.run.commit, f"{row.name}: judged bad in {bad.environment}"
    address = f"/applications/{row.name}/commits/{commit[:10]}"
    title = f"{commit[:7]} {row.standing.subject}".strip()
    yield Found("commit", title, about, address, f"{commit} {row.head.run.who} {BROKE}")


def _people(every: Sequence[Row]) -> Iterator[Found]:
    teams = sorted({row.team for row in every if row.team})
    people = sorted({who for row in every for who in row.standing.people})
    for team in teams:
        count = several(sum(row.team == team for row in every), "application")
        yield Found("team", team, count, f"/?team={team}")
    for who in people:
        count = several(sum(row.standing.is_of(who) for row in every), "application")
        yield Found("person", who, f"pushed to or wrote {count} lately", f"/?person={who}")


def _commit(application: str, commit: str, subject: str, who: str) -> Found:
    address = f"/applications/{application}/commits/{commit[:10]}"
    return Found("commit", f"{commit[:7]} {subject}".strip(), application, address, f"{commit} {who}")


def _run(run: Run, said: str) -> Found:
    about = f"{said}, {run.who}, {run.commit[:7]} on {run.branch}"
    return Found("run", f"{run.application} {run.number}", about, f"/runs/{run.application}:{run.number}")


def _place(row: Row, place: Place) -> str:
    return f"/applications/{row.name}/environments/{place.name}"


def _serves(place: Place) -> str:
    if place.release is None:
        return "nothing serves yet"
    return f"r{place.release.number} serves, {place.release.commit[:7]}"
