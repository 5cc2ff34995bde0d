"""A release before the judge: what was judged, from which numbers, and what became of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from shipway.state import messages, runs
from shipway.state.database import Connection
from shipway.state.messages import Message
from shipway.state.runs import Run
from shipway.web import icons, lookups, printed, quarantines, sentences, trials, why
from shipway.web.call import Call
from shipway.web.pages import trial_chart, ways
from shipway.web.pages.comparing import Compared, compared, doubted
from shipway.web.pages.environment import BASE, Refused
from shipway.web.pages.rendering import page
from shipway.web.routes import declare
from shipway.web.shares import Move
from shipway.web.site import Site
from shipway.web.trials import Trial

FORM = "go-to"
"""The form with which requests go to the release of a page."""

PILLS = {
    "not deployed": ("queued", "Not deployed"),
    "coming": ("running", "On its way"),
    "on trial": ("running", "On trial"),
    "watched": ("serving", "Serving"),
    "serves": ("serving", "Serving"),
    "going back": ("rolled", "Going back"),
    "gone back": ("rolled", "Rolled back"),
    "replaced": ("draining", "Retired"),
    "stuck": ("blocked", "Frozen"),
    "unknown": ("unknown", "Not known"),
}


@dataclass(frozen=True)
class Judged:
    """A verdict, or what was seen when the release before was asked, with what it came from, drawn."""

    at: float
    icon: str
    kind: str
    title: str
    reason: str
    findings: Sequence[Compared]
    waits: str = ""


def release_page(site: Site, call: Call) -> Response:
    return drawn(site, call, call.place("release"), Refused())


def drawn(site: Site, call: Call, name: str, refused: Refused) -> Response:
    """The page of the release of that name, with the form that was refused open."""
    application, environment = call.place("application"), call.place("environment")
    with site.database.read() as conn:
        lookups.environment(site, conn, application, environment)
        release = lookups.release(conn, application, environment, name)
        trial = trials.read(conn, release)
        kept = quarantines.over(conn, release, environment)
        return page(
            site,
            call,
            "release.html",
            here="applications",
            application=application,
            environment=environment,
            release=release,
            trial=trial,
            title=sentences.sentence(trial),
            why=sentences.explanation(trial),
            said=sentences.last_words(trial),
            log=None if trial.deployment is None else printed.of(conn, trial.deployment),
            pills=_pills(trial, held=kept is not None and kept.in_force),
            info=site.commits.about(application, release.commit),
            run=None if trial.deployment is None else runs.get(conn, trial.deployment.run),
            judged=[*_judged(trial), *_so_far(site, trial)],
            tried=_tried(conn, trial),
            charts=_charts(site, trial),
            refused=refused,
            form=FORM,
            way=None if trial.moving or trial.asking else ways.to_release(site, conn, release),
            kept=kept,
            told=_told(conn, trial),
            runs=_runs(conn, trial),
            events=why.events(conn, application, environment, release.commit),
        )


def _tried(conn: Connection, trial: Trial) -> list[tuple[str, Trial, Run, list[Judged]]]:
    """Each time that it was tried, the last one first, if there were several."""
    before = trials.before_that(conn, trial)
    every = [*before, trial]
    told = [
        (says, one, runs.get(conn, one.deployment.run), _judged(one))
        for says, one in zip(sentences.headings(before, trial), every, strict=True)
        if one.deployment is not None
    ]
    return told[::-1] if before else []


def _judged(trial: Trial) -> list[Judged]:
    """In the order in which it was."""
    verdicts = [
        Judged(
            one.at,
            icons.VERDICTS[one.kind],
            one.kind.capitalize(),
            f"At {one.share} % of the requests",
            one.reason,
            compared(one.findings),
        )
        for one in trial.verdicts
    ]
    asked = [_asked(trial, move) for move in trial.moves if move.reason]
    return sorted([*verdicts, *asked], key=lambda one: one.at)


def _so_far(site: Site, trial: Trial) -> list[Judged]:
    """What would be the verdict at this moment, while it is judged."""
    now = trials.so_far(site.story.cast, trial)
    if now is None:
        return []
    title = f"So far, with {trial.share} % of the requests"
    return [
        Judged(
            time.time(),
            icons.VERDICTS[now.kind],
            now.kind.capitalize(),
            title,
            now.reason,
            compared(now.numbers),
            sentences.next_move(trial, now),
        )
    ]


def _asked(trial: Trial, move: Move) -> Judged:
    before = sentences.named(trial.before)
    if move.asked:
        title = f"{before} was asked: it has {100 - move.share} % of the requests"
        return Judged(move.at, "unknown", "Looked bad", title, move.reason, doubted(move.findings))
    if move.kind == "good":
        kind, title = "Answered", f"{before} did no better: all requests again"
    else:
        kind, title = move.kind.capitalize(), f"Nobody can tell if {before} does better: all requests again"
    return Judged(move.at, icons.VERDICTS[move.kind], kind, title, move.reason, compared(move.findings))


def _pills(trial: Trial, *, held: bool) -> list[tuple[str, str]]:
    """Its states: more than one where a release has gone back."""
    found = [PILLS[trial.fate]] if trial.fate in PILLS else _undone(trial)
    if trial.stuck is not None:
        found = [("blocked", trial.stuck.state.capitalize())]
    if trial.asking or trial.fate == "on trial":
        found = [("running", f"On trial, {trial.share} %")]
    return [*found, ("quarantined", "Quarantined")] if held else found


def _undone(trial: Trial) -> list[tuple[str, str]]:
    if trial.unjudged:
        return [("unknown", "Not known"), ("rolled", "Rolled back")]
    return [("rolled", "Rolled back")] if trial.moves else [("failed", "Undone")]


def _charts(site: Site, trial: Trial) -> Any:
    """What both releases did meanwhile; nothing where no request ever came to it."""
    if not trial.moves:
        return None
    over = trial_chart.window(trial, time.time())
    collector = site.story.cast.collector
    new, old = (
        [] if one is None else collector.readings(one.name, over.begins, over.ends)
        for one in (trial.release, trial.before)
    )
    return trial_chart.drawn(trial, new, old, over)


def _told(conn: Connection, trial: Trial) -> list[Message]:
    """Who was told of it, oldest first."""
    release = trial.release
    found = messages.recent(conn, application=release.application, commit=release.commit)
    return [one for one in reversed(found) if one.environment in (None, release.environment)]


def _runs(conn: Connection, trial: Trial) -> dict[str, Run]:
    """The runs that moved its share, by their ids."""
    return {move.run: runs.get(conn, move.run) for move in trial.moves}


ROUTES = (declare("GET", f"{BASE}/releases/{{release}}", release_page, who="user"),)
