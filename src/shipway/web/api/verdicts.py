"""What was judged of a release, and why a commit is where it is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from shipway.web import lookups, quarantines, sentences, shapes, trials, whereabouts, why
from shipway.web.api import commits
from shipway.web.api.environments import BASE
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site


def judged(site: Site, call: Call) -> dict[str, Any]:
    """The release `r3` before the judge: its shares over time, its verdicts with their numbers, what followed."""
    application, environment = call.place("application"), call.place("environment")
    with site.database.read() as conn:
        lookups.environment(site, conn, application, environment)
        release = lookups.release(conn, application, environment, call.place("release"))
        trial = trials.read(conn, release)
        kept = quarantines.over(conn, release, environment)
    so_far = trials.so_far(site.story.cast, trial)
    return {
        "release": shapes.release(release),
        "says": sentences.sentence(trial),
        "why": sentences.explanation(trial),
        "fate": trial.fate,
        "before": None if trial.before is None else trial.before.number,
        "after": None if trial.after is None else trial.after.number,
        "deadline": trial.deadline,
        "shares": [asdict(move) for move in trial.moves],
        "verdicts": [asdict(one) for one in trial.verdicts],
        "so_far": None if so_far is None else asdict(so_far),
        "quarantine": None if kept is None else shapes.quarantine(kept),
        "mended_by": (kept and kept.mended_by) or None,
        "revert": (kept and kept.branch) or None,
    }


def explain(site: Site, call: Call) -> dict[str, Any]:
    """Where the commit is in `environment`, and everything on record that led there."""
    application, commit = commits.resolve(site, call)
    with site.database.read() as conn:
        environment = lookups.environment(site, conn, application, call.query("environment") or "prod")
        found = whereabouts.where(conn, site.commits, application, commit, [environment])[0]
        events = why.events(conn, application, environment, commit)
    return {
        "commit": commit,
        "environment": environment,
        "state": found.state,
        "reason": found.reason,
        "events": [asdict(event) for event in events],
    }


ROUTES = (
    declare("GET", f"{BASE}/releases/{{release}}/verdicts", judged, who="user"),
    declare("GET", f"{commits.BASE}/why", explain, who="user"),
)
