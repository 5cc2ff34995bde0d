"""Runs: the list, one with all its steps and deployments, stopping one, doing one again, watching one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from starlette.concurrency import run_in_threadpool

from shipway.state import decisions, deployments, facts, pushes, releases, runs, suspicions
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.runs import Run
from shipway.story import carry
from shipway.traffic import addresses
from shipway.web import anew, held, journey, lookups, narration, outcomes, rehearsing, shapes
from shipway.web.call import Call
from shipway.web.purposes import purpose
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.streams import LiveText
from shipway.web.untouched import half_undone, still_set


def list_runs(site: Site, call: Call) -> dict[str, Any]:
    """The newest runs first, of everything or of one application, branch or commit.

    `taken_back` is true where the release that a run brought lost its requests to the one before, also long after
    it passed, `blocked` where a closed gate stopped it and nothing failed; `brief` is the reason in one line.
    """
    named = call.query("application")
    with site.database.read() as conn:
        found = runs.recent(
            conn,
            application=None if named is None else lookups.application(conn, named).name,
            branch=call.query("branch"),
            commit=call.query("commit"),
            limit=call.number("limit", 50, most=500),
        )
        back, blocked = outcomes.rolled_back(conn, found), outcomes.blocked(conn, found)
    return {"runs": [_ended(one, back, blocked) for one in found]}


def show_run(site: Site, call: Call) -> dict[str, Any]:
    """A run with the push it came by, its steps and its deployments.

    Of a deployment that was undone only in part `half_undone` says what stands, and what to do. Of a run that is
    over `by_now` says what is held against its commit, and what the judge does with what it brought. `again` is
    what it would do, and which requests would move, to do it again: empty where that cannot be. `decided` is what
    somebody gave a reason for that it carries out: what it `says`, or `wants` until it is done.
    """
    with site.database.read() as conn:
        run = lookups.run(conn, call.place("run"))
        push = None if run.push is None else pushes.get(conn, run.push)
        made = deployments.all_of_run(conn, run.id)
        numbers = {one.release: releases.get(conn, one.release).number for one in made}
        steps = runs.steps_of(conn, run.id)
        suspected = suspicions.of_run(conn, run.id)
        recorded = facts.after(conn, 0, runs=[run.id])
        bad, half = journey.judged_bad(recorded), deployments.half_undone(recorded)
        left = {one.id: _stays(conn, one) if one.id in bad else "" for one in made}
        back, blocked = outcomes.rolled_back(conn, [run]), outcomes.blocked(conn, [run])
        not_again = carry.why_not_again(conn, run)
        decided = decisions.of_run(conn, run.id)
        so = [*held.of_run(conn, site.story.cast, site.commits, run)] if run.over else []
    return {
        **_ended(run, back, blocked),
        "push": None if push is None else {"id": push.id, "ref": push.ref, "old": push.old, "new": push.new},
        "steps": [shapes.step(one) for one in steps],
        "suspicions": [dict(fact.data) for fact in suspected],
        "rehearsals": [asdict(one) for one in rehearsing.of(recorded)],
        "deployments": [
            {
                **_deployment(site, run, one, numbers[one.release]),
                "judged_bad": one.id in bad,
                "stays": left[one.id],
                "half_undone": half_undone(one.environment, half[one.id]) if one.id in half else "",
            }
            for one in made
        ],
        "by_now": so,
        "decided": None if decided is None else {**(shapes.decision(decided) or {}), "wants": decided.wants},
        "again": "" if not_again else anew.says(site.database, site.places, run),
    }


def cancel_run(site: Site, call: Call) -> dict[str, Any]:
    """Stops a run that has not begun to deploy; a deployment that has begun is finished or undone."""
    run = _find(site, call)
    site.story.cancel(run.id, call.who)
    with site.database.read() as conn:
        return shapes.run(runs.get(conn, run.id))


def retry_run(site: Site, call: Call) -> dict[str, Any]:
    """The new run that does this one again; `says` what it does, and which requests move by that."""
    run = _find(site, call)
    said = anew.says(site.database, site.places, run)
    return {**shapes.run(site.story.retry(run.id, call.who)), "says": said}


async def watch_run(site: Site, call: Call) -> LiveText:
    """The lines that a push shows of this run, live; the very last is `outcome: <how it ended>`."""
    run = await run_in_threadpool(_find, site, call)
    return LiveText(site, call, _with_outcome(site, run))


async def _with_outcome(site: Site, run: Run) -> Any:
    so_far = site.story.cast.so_far
    async for line in narration.watch(site.database, site.commits, site.places, [run.id], site.proxy_port, so_far):
        yield f"{line}\n"
    ended = await run_in_threadpool(_read, site, run.id)
    yield f"outcome: {ended.state}\n"


def _find(site: Site, call: Call) -> Run:
    with site.database.read() as conn:
        return lookups.run(conn, call.place("run"))


def _read(site: Site, run: str) -> Run:
    with site.database.read() as conn:
        return runs.get(conn, run)


def _ended(run: Run, back: Collection[str], blocked: Collection[str]) -> dict[str, Any]:
    """`what` it was asked to do in words; `taken_back` is whether it brought a release that lost its requests to
    the one before, `blocked` whether a closed gate stopped it; `brief` the reason in one line.
    """
    lost = run.id in back
    about = {"what": purpose(run), "taken_back": lost, "blocked": run.id in blocked}
    return {**shapes.run(run), **about, "brief": outcomes.brief(run, back=lost)}


def _deployment(site: Site, run: Run, one: Deployment, number: int) -> dict[str, Any]:
    """With how many seconds after the run was asked for its traffic had moved, and it was done."""
    return {
        **shapes.deployment(one, number),
        "url": addresses.address(one.application, one.environment, site.proxy_port),
        "traffic_after": _since(run, one.switched),
        "ended_after": _since(run, one.ended),
    }


def _stays(conn: Connection, bad: Deployment) -> str:
    """That what was set otherwise comes again, where it does."""
    changed = journey.stay_set(conn, bad)
    return still_set(changed, bad.environment) if changed else ""


def _since(run: Run, moment: float | None) -> float | None:
    return None if moment is None else round(moment - run.created, 3)


ROUTES = (
    declare("GET", "/api/v1/runs", list_runs, who="user"),
    declare("GET", "/api/v1/runs/{run}", show_run, who="user"),
    declare("POST", "/api/v1/runs/{run}/cancel", cancel_run, who="user"),
    declare("POST", "/api/v1/runs/{run}/retry", retry_run, who="user"),
    declare("GET", "/api/v1/runs/{run}/watch", watch_run, who="user"),
)
