"""What was judged of a release, and why a commit is where it is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from shipway.errors import NotFound
from shipway.incidents import new_errors
from shipway.signals.verdict import Verdict
from shipway.state import facts, runs
from shipway.state.database import Connection
from shipway.web import lookups, printed, quarantines, sentences, shapes, trials, undelivered, whereabouts, why
from shipway.web.api import commits
from shipway.web.api.environments import BASE
from shipway.web.call import Call
from shipway.web.life import record as lives
from shipway.web.life import turn as turns
from shipway.web.routes import declare, formerly
from shipway.web.site import Site
from shipway.web.trials import Trial
from shipway.web.whereabouts import STOPPED


def judged(site: Site, call: Call) -> dict[str, Any]:
    """The release `r3` before the judge: its shares over time, its verdicts with their numbers, what followed.

    `exceptions` name what went wrong with a bad one, each with its file and line and the commit that this leads
    to, as far as is known. Of a release that was tried again, `shares` and `verdicts` are of the last time, and
    `trials` has every one, the oldest first. `said` are the lines with which it explains why it never came to
    that, and `log` is the command for all that it printed.
    """
    application, environment = call.place("application"), call.place("environment")
    with site.database.read() as conn:
        lookups.environment(site, conn, application, environment)
        trial = trials.read(conn, lookups.release(conn, application, environment, call.place("release")))
        return _judged(site, conn, trial)


def foremost(site: Site, call: Call) -> dict[str, Any]:
    """The same of the release that is on trial in an environment; else of the one that was tried last, in vain, is
    judged still, was judged last, or serves. `took` says which of them it is, and `also` the number of
    what serves meanwhile and is judged still.
    """
    application, environment = call.place("application"), call.place("environment")
    with site.database.read() as conn:
        lookups.environment(site, conn, application, environment)
        found = trials.foremost(site.story.cast, conn, application, environment)
        if found is None:
            hint = "`shipway where` says how far a commit is."
            raise NotFound(f"Nothing serves in {environment} of {application}, and nothing was judged.", hint=hint)
        return {**_judged(site, conn, found.trial), "took": found.took, "also": found.also and found.also.number}


def _judged(site: Site, conn: Connection, trial: Trial) -> dict[str, Any]:
    kept = quarantines.over(conn, trial.release, trial.release.environment)
    whole = None if trial.deployment is None else printed.of(conn, trial.deployment)
    so_far = trials.so_far(site.story.cast, trial)
    before = trials.before_that(conn, trial)
    every = zip(sentences.headings(before, trial), (*before, trial), strict=True)
    return {
        "release": shapes.release(trial.release),
        "took": "",
        "also": None,
        "says": sentences.sentence(trial),
        "why": sentences.explanation(trial),
        "exceptions": _exceptions(conn, trial),
        "said": sentences.last_words(trial),
        "log": None if whole is None else whole.command,
        "fate": trial.fate,
        "before": None if trial.before is None else trial.before.number,
        "after": None if trial.follower is None else trial.follower.number,
        "deadline": trial.deadline,
        "decided": shapes.decision(trial.decided),
        "shares": [asdict(move) for move in trial.moves],
        "verdicts": [asdict(one) for one in trial.verdicts],
        "trials": [_tried(conn, says, one) for says, one in every],
        "so_far": None if so_far is None else _so_far(trial, so_far),
        "quarantine": None if kept is None else shapes.quarantine(kept),
        "mended_by": (kept and kept.mended_by) or None,
        "revert": (kept and kept.branch) or None,
        "take_back": (kept and kept.take_back) or None,
    }


def _tried(conn: Connection, says: str, trial: Trial) -> dict[str, Any]:
    came = trial.deployment
    return {
        "says": says,
        "fate": trial.fate,
        "run": None if came is None else runs.get(conn, came.run).number,
        "began": trial.began,
        "ended": sentences.ended(trial),
        "before": None if trial.before is None else trial.before.number,
        "shares": [asdict(move) for move in trial.moves],
        "verdicts": [asdict(one) for one in trial.verdicts],
    }


def _exceptions(conn: Connection, trial: Trial) -> list[str]:
    came = trial.deployment
    if came is None:
        return []
    bad = facts.after(conn, 0, runs=[came.run], environment=came.environment, kinds=["verdict.bad"])
    return new_errors.named(conn, bad[-1]) if bad else []


def explain(site: Site, call: Call) -> dict[str, Any]:
    """Where the commit is in `environment`, and everything on record that led there.

    `next` is what would mend it, if anything has to be. `judging` is the release that brings it there, while that
    is judged: what the judge says at this moment.
    """
    application, commit = commits.find(site, call)
    if commit is None:
        return commits.of_longer_name(site, call, "why")
    with site.database.read() as conn:
        environment = lookups.environment(site, conn, application, call.query("environment") or "prod")
        found = whereabouts.where(conn, site.commits, application, commit, [environment])[0]
        events = why.events(conn, application, environment, commit)
        next_ = _next(site, conn, application, commit, environment) if found.state == STOPPED else None
        judging = commits.judging(site, conn, application, commit, found)
    return {
        "commit": commit,
        "environment": environment,
        "state": found.state,
        "reason": found.reason,
        "brief": found.brief,
        "stuck": shapes.stuck(found.stuck),
        "events": [asdict(event) for event in events],
        "next": next_,
        "judging": None if judging is None else _judging(*judging),
    }


def _next(site: Site, conn: Connection, application: str, commit: str, environment: str) -> dict[str, str] | None:
    """What would mend it as far as this environment goes, or would take it there where no push does."""
    record = lives.read(conn, site.commits, application, commit, [environment])
    turn = turns.turn(record, site.commits.about(application, commit).author, environment)
    if turn is not None:
        return {"whose": turn.whose, "says": turn.mend, "command": turn.command}
    way = lookups.environments(site, conn, application)
    alone = undelivered.by_hand(conn, application, commit, environment, way)
    return None if alone is None else {"whose": "", "says": alone.says, "command": alone.command}


def _judging(trial: Trial, so_far: Verdict) -> dict[str, Any]:
    return {
        "release": shapes.release(trial.release),
        "says": sentences.sentence(trial),
        "before": None if trial.before is None else trial.before.number,
        "so_far": _so_far(trial, so_far),
    }


def _so_far(trial: Trial, verdict: Verdict) -> dict[str, Any]:
    """With what is waited for, in the words of the pages."""
    return {
        "kind": verdict.kind,
        "reason": verdict.reason,
        "findings": verdict.numbers,
        "waits": sentences.next_move(trial, verdict),
    }


WHY = declare("GET", f"{commits.BASE}/why", explain, who="user")
ROUTES = (
    declare("GET", f"{BASE}/releases/{{release}}/verdicts", judged, who="user"),
    declare("GET", f"{BASE}/verdicts", foremost, who="user"),
    WHY,
    formerly(f"{commits.BEFORE}/why", WHY),
)
