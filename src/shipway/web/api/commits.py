"""A commit: in which environments it is and if not, why not; and waiting for it."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from starlette.concurrency import run_in_threadpool

from shipway.signals.verdict import Verdict
from shipway.state.database import Connection
from shipway.state.facts import Fact
from shipway.web import held, hurt, lookups, sentences, shapes, trials, whereabouts
from shipway.web.call import Call
from shipway.web.life import comeback, evidence, saying, telling
from shipway.web.life import record as lives
from shipway.web.life.record import Record, Suspected
from shipway.web.routes import declare, formerly
from shipway.web.site import Site
from shipway.web.trials import Trial
from shipway.web.whereabouts import PENDING, SERVES, Whereabouts

LONGEST = 25  # seconds: shorter than what programs between us and the asker cut off
BASE = "/api/v1/applications/{application}/commits/{commit:path}"
BEFORE = "/api/v1/commits/{application}/{commit:path}"
"""Where they were until applications came first in every address. The name of a branch may have slashes."""


def life(site: Site, call: Call) -> dict[str, Any]:
    """The whole life of a commit: where it is, and everything that happened to it, each with its fact.

    `came_back` has, of each release that was taken back, when that was `decided`, when its requests were served
    `elsewhere` and when the first `person` was `told`, and of how many `requests` people were `hurt` by it.
    `commit` may be shortened, or the name of a branch or tag, with its slashes. Of a name that ends in `/where`,
    `/wait` or `/why` this is the answer too, unless what stands before that is a commit as well: then
    `refs/heads/` before the name says that the branch is meant.
    """
    return _life(site, *resolve(site, call))


def _life(site: Site, application: str, commit: str) -> dict[str, Any]:
    with site.database.read() as conn:
        names = lookups.environments(site, conn, application)
        record = lives.read(conn, site.commits, application, commit, names)
    info, extent = site.commits.about(application, commit), site.commits.extent(application, commit)
    return {
        "application": application,
        "commit": commit,
        "subject": info.subject or None,
        "author": info.author or None,
        "email": info.email or None,
        "parents": site.commits.parents(application, commit),
        "states": [words for _, words in saying.states(record)],
        "says": saying.sentence(record),
        "environments": [_shape(one) for one in record.places],
        "runs": [shapes.run(each.run) for each in record.journeys],
        "artifact": None
        if record.artifact is None
        else {"digest": record.artifact.digest, "size": record.artifact.size},
        "moments": [asdict(one) for one in telling.moments(record, extent)],
        "suspected_of": [*map(_suspected, record.suspected), *map(_printed, record.printed)],
        "told": [shapes.message(one) for one in record.told],
        "came_back": [
            found for one in record.trials.values() if (found := _came_back(site, record, one)) is not None
        ],
    }


def _came_back(site: Site, record: Record, trial: Trial) -> dict[str, Any] | None:
    """How fast it was, and what failed until then."""
    back = comeback.comeback(record, trial)
    if back is None:
        return None
    release, since = trial.release, trial.moves[0].at
    readings = site.story.cast.collector.readings(release.name, since) if hurt.is_bad(trial) else []
    hurts = hurt.hurt(trial, readings)
    return {**asdict(back), "hurt": None if hurts is None else asdict(hurts)}


def _suspected(one: Suspected) -> dict[str, Any]:
    release = None if one.release is None else one.release.number
    suspicion = dict(one.place.suspicion or {})
    return {
        "error": one.error.number,
        "title": one.error.title,
        "environment": one.place.environment,
        "release": release,
        "suspicion": suspicion,
    }


def _printed(fact: Fact) -> dict[str, Any]:
    """Of what a release printed: no error was reported."""
    return {
        "error": None,
        "title": fact.data["title"],
        "environment": fact.environment,
        "release": fact.data["release"],
        "suspicion": evidence.of_printed(fact.data),
    }


def where(site: Site, call: Call) -> dict[str, Any]:
    """In which environments a commit is, and why not in the others.

    `commit` may be shortened, or the name of a branch or tag.
    """
    application, commit = find(site, call)
    if commit is None:
        return of_longer_name(site, call, "where")
    with site.database.read() as conn:
        names = lookups.environments(site, conn, application)
        found = whereabouts.where(conn, site.commits, application, commit, names)
    return {"commit": commit, "environments": [_shape(one) for one in found]}


async def wait(site: Site, call: Call) -> dict[str, Any]:
    """Answers once the commit serves in `environment` or was stopped, or after `seconds` as pending.

    `held` says what keeps it from there or is held against it, if anything; `judging` what the judge does with the
    release that brings it.
    """
    application, commit = await run_in_threadpool(find, site, call)
    if commit is None:
        return await run_in_threadpool(of_longer_name, site, call, "wait")
    environment = call.query("environment") or "prod"
    ends = time.monotonic() + call.number("seconds", LONGEST, most=LONGEST)
    while True:
        seen = site.pulse.changes
        found = await run_in_threadpool(_in_one, site, application, commit, environment)
        left = ends - time.monotonic()
        if found.state != PENDING or left <= 0:
            return await run_in_threadpool(_as_it_stands, site, application, commit, found)
        await site.pulse.after(seen, left)


def _in_one(site: Site, application: str, commit: str, environment: str) -> Whereabouts:
    with site.database.read() as conn:
        lookups.environment(site, conn, application, environment)
        return whereabouts.where(conn, site.commits, application, commit, [environment])[0]


def _as_it_stands(site: Site, application: str, commit: str, found: Whereabouts) -> dict[str, Any]:
    with site.database.read() as conn:
        judged = judging(site, conn, application, commit, found)
        against = held.held(conn, application, commit, found.environment, serves=found.state == SERVES)
    return {
        "commit": commit,
        "state": found.state,
        "reason": found.reason,
        "brief": found.brief,
        "stuck": shapes.stuck(found.stuck),
        "held": against,
        "judging": "" if judged is None else sentences.sentence(judged[0]),
    }


def judging(
    site: Site, conn: Connection, application: str, commit: str, found: Whereabouts
) -> tuple[Trial, Verdict] | None:
    """The release that brings a commit to where it is looked for, while that is judged: one of the commit itself,
    or of a newer one, where it does not serve yet. With what the judge says at this moment.
    """
    judged = trials.judging(site.story.cast, conn, application, found.environment)
    brought = "" if judged is None else judged[0].release.commit
    if brought == commit:
        return judged
    brings = found.state == PENDING and brought and site.commits.contains(application, brought, commit)
    return judged if brings else None


def resolve(site: Site, call: Call) -> tuple[str, str]:
    """The application and the whole id of the commit that the address names."""
    application, commit = find(site, call)
    if commit is None:
        raise site.commits.unknown(application, call.place("commit"))
    return application, commit


def find(site: Site, call: Call) -> tuple[str, str | None]:
    """The same, and no commit where the address names none."""
    application = call.place("application")
    with site.database.read() as conn:
        lookups.application(conn, application)
    return application, site.commits.find(application, call.place("commit"))


def of_longer_name(site: Site, call: Call, word: str) -> dict[str, Any]:
    """The life of a commit whose name goes on with `word`, the end of the address; NotFound if none does.

    Asked where what stands before that is none: no two branches are called `fix` and `fix/why`.
    """
    application, said = call.place("application"), call.place("commit")
    commit = site.commits.find(application, f"{said}/{word}")
    if commit is None:
        raise site.commits.unknown(application, said)
    return _life(site, application, commit)


def _shape(one: Whereabouts) -> dict[str, Any]:
    return {
        "name": one.environment,
        "serves": one.state == SERVES,
        "state": one.state,
        "release": None if one.release is None else asdict(one.release),
        "reason": one.reason,
        "brief": one.brief,
        "stuck": shapes.stuck(one.stuck),
    }


HERE = (
    declare("GET", BASE, life, who="user"),
    declare("GET", f"{BASE}/where", where, who="user"),
    declare("GET", f"{BASE}/wait", wait, who="user"),
)
ROUTES = (*HERE, *(formerly(one.path.replace(BASE, BEFORE), one) for one in HERE))
