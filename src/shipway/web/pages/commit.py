"""A commit: its whole life on one time line, also by a short hash, alone or within its application."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from shipway.incidents import heard
from shipway.incidents.letter import listed
from shipway.pushes.git import CommitInfo, GitFailed
from shipway.signals.reading import Reading
from shipway.state import applications, runs
from shipway.state.database import Connection
from shipway.state.messages import Message
from shipway.web import hurt, lookups
from shipway.web.call import Call
from shipway.web.commits import Ambiguous
from shipway.web.hurt import Hurt
from shipway.web.life import evidence, gathering, saying, telling
from shipway.web.life import record as lives
from shipway.web.life import turn as turns
from shipway.web.life.gathering import Entry
from shipway.web.life.record import Record
from shipway.web.life.turn import Turn
from shipway.web.pages import canary_chart
from shipway.web.pages.canary_chart import Canary
from shipway.web.pages.rendering import page
from shipway.web.pages.trial_chart import Window
from shipway.web.pages.voyage import voyage
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.trials import TRIED, Trial
from shipway.web.whereabouts import SERVES
from shipway.web.words import counted, date

DIGITS = re.compile(r"[0-9a-f]{4,40}")
BASE = "/applications/{application}/commits/{commit:path}"
NEWEST = 5


@dataclass(frozen=True)
class Read:
    """What the routers said of a release and of the one before, in a time."""

    over: Window
    new: Sequence[Reading]
    old: Sequence[Reading]


@dataclass(frozen=True)
class Candidate:
    """A commit that may be meant."""

    application: str
    info: CommitInfo


def commit_page(site: Site, call: Call) -> Response:
    """The commit that a hash, a shortened one or a branch of the application names."""
    application, said = call.place("application"), call.place("commit")
    with site.database.read() as conn:
        lookups.application(conn, application)
    try:
        commit = site.commits.find(application, said)
    except Ambiguous as error:
        return _choose(site, call, said, [(application, each) for each in error.commits])
    if commit is None:
        return _choose(site, call, said, [], application)
    with site.database.read() as conn:
        names = lookups.environments(site, conn, application)
        record = lives.read(conn, site.commits, application, commit, names)
    return _page(site, call, record)


def anywhere(site: Site, call: Call) -> Response:
    """`/c/<hash>`: the commit of whatever application has it.

    Raises GitFailed where a repository cannot be read and no other has it.
    """
    said = call.place("commit").lower()
    with site.database.read() as conn:
        names = [one.name for one in applications.every(conn)]
        found = runs.beginning(conn, said) if DIGITS.fullmatch(said) else []
    broken: list[GitFailed] = []
    for name in [] if found else names:
        try:
            found += [(name, commit) for commit in _candidates(site, name, said)]
        except GitFailed as error:
            broken.append(error)
    if broken and not found:
        raise broken[0]
    if len(found) == 1:
        application, commit = found[0]
        return RedirectResponse(f"/applications/{application}/commits/{commit[:10]}", 307)
    return _choose(site, call, said, found)


def _candidates(site: Site, application: str, said: str) -> Sequence[str]:
    if not DIGITS.fullmatch(said):
        return ()
    try:
        found = site.commits.find(application, said)
    except Ambiguous as error:
        return error.commits
    return () if found is None else (found,)


def _page(site: Site, call: Call, record: Record) -> Response:
    application, commit = record.application, record.commit
    info = site.commits.about(application, commit)
    entries = gathering.entries(telling.moments(record, site.commits.extent(application, commit)))
    read, turn = _read(site, record.trials), turns.turn(record, info.author)
    return page(
        site,
        call,
        "commit.html",
        here="applications",
        application=application,
        commit=commit,
        info=info,
        parents=site.commits.parents(application, commit),
        record=record,
        first=None if record.way is None else record.way.first.run,
        pills=saying.states(record),
        lead=saying.sentence(record),
        place_state=saying.state,
        place_says=saying.besides_state,
        carrier=_carrier(record),
        turn=turn,
        revert=_revert(site, record, turn),
        stretches=gathering.stretches(entries),
        days=_days(entries, time.time()),
        opened=_opened(record, entries),
        charges=evidence.charges(record),
        heard=_heard(record.told),
        nobody=_nobody(record),
        voyage=voyage(record),
        charts=_charts(record.trials, read),
        hurts=_hurts(record.trials, read),
        to_prod=_to_the_end(record),
    )


def _days(found: Sequence[Entry], now: float) -> dict[str, str]:
    """The day beside the entry, by its id, with which another one begins than the last; today is not named."""
    days = {entry.id: date(entry.moment.at) for entry in found}
    before = [date(now), *days.values()]
    return {entry: day for (entry, day), last in zip(days.items(), before, strict=False) if day != last}


def _opened(record: Record, found: Sequence[Entry]) -> tuple[str, str]:
    """Of which release the curve is shown at once, and which entry its numbers: what goes on now, or was judged
    bad, or came last; the others wait to be opened."""
    trials = [one for one in reversed(list(record.trials.values())) if one.moves]
    bad = [one for one in trials if one.decisive is not None and one.decisive.kind == "bad"]
    shown = next(iter([*(one for one in trials if one.fate in TRIED or one.asking), *bad, *trials]), None)
    if shown is None:
        return "", ""
    address = telling.address(shown.release)
    judged = [entry.id for entry in found if entry.moment.kind == "verdict" and entry.moment.address == address]
    return shown.release.id, next(reversed(judged), "")


def _carrier(record: Record) -> str:
    """The other commit that took it furthest."""
    brought = [one.release.commit for one in record.places if one.state == SERVES and one.release is not None]
    return next((each for each in reversed(brought) if each != record.commit), "")


def _heard(told: Sequence[Message]) -> dict[str, list[Message]]:
    """What each person was told, who heard first before the others."""
    found: dict[str, list[Message]] = {}
    for one in told:
        found.setdefault(heard.who(one), []).append(one)
    return found


def _nobody(record: Record) -> str:
    """What is said where nobody was told: that can still come while it moves."""
    shapes = {shape for shape, _ in saying.states(record)}
    if shapes & {"running", "queued"} or any(one.moving for one in record.trials.values()):
        return "Nobody was told so far."
    return "Nobody was told." if shapes & {"failed", "rolled"} else "Nobody had to hear of it."


def _to_the_end(record: Record) -> float | None:
    """Seconds from its run to all requests of the last environment; a share of them is not yet the end."""
    last = record.places[-1].environment if record.places else ""
    for now in record.journeys:
        trial = next((one for one in record.trials.values() if one.release.environment == last), None)
        whole = None if trial is None else next((move for move in trial.moves if move.share == 100), None)
        if now.run.purpose == "push" and whole is not None:
            return whole.at - now.run.created
    return None


def _charts(trials: Mapping[str, Trial], read: Mapping[str, Read]) -> dict[str, Canary]:
    """What is drawn of the releases that were tried on a share of the requests, by their ids."""
    return {
        release: canary_chart.canary(trials[release], one.new, one.old, one.over)
        for release, one in read.items()
        if _on_a_share(trials[release])
    }


def _on_a_share(trial: Trial) -> bool:
    return any(0 < move.share < 100 for move in trial.moves)


def _read(site: Site, trials: Mapping[str, Trial]) -> dict[str, Read]:
    """Of those of which it is shown: what was tried on a share, or hurt people."""
    collector, now, found = site.story.cast.collector, time.time(), {}
    for release, trial in trials.items():
        if not _on_a_share(trial) and not hurt.is_bad(trial):
            continue
        over = canary_chart.window(trial, now)
        new, old = (
            [] if one is None else collector.readings(one.name, over.begins, over.ends)
            for one in (trial.release, trial.before)
        )
        found[release] = Read(over, new, old)
    return found


def _hurts(trials: Mapping[str, Trial], read: Mapping[str, Read]) -> list[tuple[Trial, Hurt]]:
    found = ((trials[release], hurt.hurt(trials[release], one.new)) for release, one in read.items())
    return [(trial, one) for trial, one in found if one is not None]


def _revert(site: Site, record: Record, turn: Turn | None) -> str:
    """The commit that takes it back, where that stands ready and is what would help."""
    if turn is None or not turn.command:
        return ""
    branch = next((each.branch for each in reversed(record.held) if each.take_back), "")
    try:
        return (site.commits.find(record.application, branch) if branch else None) or ""
    except Ambiguous:
        return ""


def _choose(
    site: Site, call: Call, said: str, found: Sequence[tuple[str, str]], application: str | None = None
) -> Response:
    """Several that may be meant; or none, with what is known instead."""
    with site.database.read() as conn:
        elsewhere = [] if found or not DIGITS.fullmatch(said) else runs.beginning(conn, said)
        newest = [] if found else _newest(conn, application)
    reply = page(
        site,
        call,
        "commit_list.html",
        here="applications",
        said=said,
        title=_title(said, found, application),
        found=_about(site, found or elsewhere),
        newest=_about(site, newest),
        several=bool(found),
    )
    reply.status_code = 300 if found else 404
    return reply


def _title(said: str, found: Sequence[tuple[str, str]], application: str | None) -> str:
    if found:
        where = listed(list(dict.fromkeys(name for name, _ in found)))
        return f"{counted(len(found)).capitalize()} commits of {where} begin with {said}"
    return f"{application or 'No application'} has {'no ' if application else 'a '}commit {said}"


def _newest(conn: Connection, application: str | None) -> list[tuple[str, str]]:
    found = runs.recent(conn, application=application, limit=4 * NEWEST)
    return list(dict.fromkeys((run.application, run.commit) for run in found))[:NEWEST]


def _about(site: Site, found: Sequence[tuple[str, str]]) -> list[Candidate]:
    return [Candidate(application, site.commits.about(application, commit)) for application, commit in found]


ROUTES = (
    declare("GET", BASE, commit_page, who="user"),
    declare("GET", "/c/{commit}", anywhere, who="user"),
)
