"""Environments: what one serves with everything around it, deploying to it and rolling it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from shipway.errors import KeeperGone
from shipway.hosts.keeper import processes
from shipway.hosts.keeper.client import Keeper
from shipway.hosts.keeper.processes import Process
from shipway.hosts.keeper.spec import InstanceState
from shipway.state import configurations, decisions, deployments, holds, instances, releases, stuck, verdicts
from shipway.state.database import Connection
from shipway.state.releases import Release, Serving
from shipway.state.runs import Run
from shipway.state.stuck import Stuck
from shipway.story import beneath
from shipway.traffic import addresses
from shipway.web import differences, kept_away, lookups, shapes, trials
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.trials import Trial
from shipway.web.words import sentences

PATIENCE = 0.5  # seconds: a page that says "not known" is better than one that does not come
BASE = "/api/v1/applications/{application}/environments/{environment}"


def show_environment(site: Site, call: Call) -> dict[str, Any]:
    """What serves, on which instances, with the last releases and deployments, the configuration and the holds.

    `failing` is what was answered in the last seconds, if most of it failed, until no more than a quarter does.
    `url` is what it serves, `page` is Shipway's own page of it.
    """
    states = running(site, *_names(call))
    with site.database.read() as conn:
        application, environment = _named(site, conn, call)
        now = releases.now_serving(conn, application, environment)
        numbers = {one.id: one.number for one in releases.recent(conn, application, environment, limit=500)}
        return {
            "application": application,
            "environment": environment,
            "url": addresses.address(application, environment, site.proxy_port),
            "page": f"{site.called(call.request)}/applications/{application}/environments/{environment}",
            "serving": None if now is None else _serving(conn, now),
            "failing": shapes.failing(site.rates.failing(application, environment)),
            "stuck": shapes.stuck(stuck.now(conn, application, environment)),
            "decided": shapes.decision(decisions.of_what_serves(conn, application, environment)),
            "instances": _instances(conn, application, environment, now, states),
            "releases": [shapes.release(one) for one in releases.recent(conn, application, environment)],
            "deployments": [
                shapes.deployment(one, numbers.get(one.release, 0))
                for one in deployments.recent(conn, application, environment)
            ],
            "configuration": shapes.configuration(configurations.newest(conn, application, environment)),
            "holds": [shapes.hold(one) for one in _holds(conn, application, environment)],
        }


def list_instances(site: Site, call: Call) -> dict[str, Any]:
    """The instances of what serves, comes, is frozen beside it and is kept warm: what the keeper has."""
    states = running(site, *_names(call))
    with site.database.read() as conn:
        application, environment = _named(site, conn, call)
        now = releases.now_serving(conn, application, environment)
        return {"instances": _instances(conn, application, environment, now, states)}


def list_releases(site: Site, call: Call) -> dict[str, Any]:
    """The newest releases first, `limit` of them: which serves, which is kept warm, what was judged of each."""
    with site.database.read() as conn:
        application, environment = _named(site, conn, call)
        now = releases.now_serving(conn, application, environment)
        left = stuck.now(conn, application, environment)
        tried = trials.under_way(conn, application, environment)
        found = releases.recent(conn, application, environment, limit=call.number("limit", 20, most=500))
        return {
            "releases": [{**_release(site, conn, one, now, left), "trial": _tried(tried, one)} for one in found]
        }


def _tried(trial: Trial | None, one: Release) -> dict[str, Any] | None:
    """Of one that is on its way its `fate` (coming, on trial or going back) and its `share` of 100 requests."""
    if trial is None or trial.release.id != one.id:
        return None
    return {"fate": trial.fate, "share": trial.share}


def _release(
    site: Site, conn: Connection, one: Release, now: Serving | None, left: Stuck | None
) -> dict[str, Any]:
    """`served_since` is null for what does not serve, `warm_until` for what is not kept running beside that.

    What has the `verdict` bad runs that long as well, and is no place to go back to. `stuck` is what is so with a
    release that is frozen with its share, and with the one that has the others; `was_stuck` one of which the
    requests were moved since. `outcome` says why one never had all requests; null for one that had them, or moves.
    """
    judged = verdicts.of_release(conn, one.id)
    is_stuck = left is not None and left.release.id == one.id
    return {
        **shapes.release(one),
        "subject": site.commits.about(one.application, one.commit).subject,
        "served_since": now.since if now is not None and now.release == one.id else None,
        "warm_until": now.warm_until if now is not None and now.warm == one.id else None,
        "stuck": shapes.stuck(left) if left is not None and one.id in _ids(left) else None,
        "was_stuck": bool(judged) and not is_stuck and _was_stuck(conn, one),
        "outcome": _outcome(conn, one),
        "verdict": judged[-1].kind if judged else None,
        "verdict_reason": judged[-1].reason if judged else None,
    }


def _outcome(conn: Connection, one: Release) -> str | None:
    last = next(iter(deployments.of_release(conn, one.id)), None)
    if last is None:
        return "not deployed"
    if deployments.has_served(conn, one.id):
        return None
    if last.state == "failed":
        return "rolled back" if deployments.shares(conn, last) else "undone"
    return "not known" if last.state == "unknown" else None


def _was_stuck(conn: Connection, one: Release) -> bool:
    return any(stuck.was_left(conn, came) for came in deployments.of_release(conn, one.id))


def _ids(left: Stuck) -> list[str]:
    return [one.id for one in (left.before, left.release) if one is not None]


def deploy(site: Site, call: Call) -> dict[str, Any]:
    """Takes a commit that is green to this environment; the run that does it, and in words if it goes back, and
    what is set and not in what serves: that comes along.
    """
    with site.database.read() as conn:
        application, environment = _named(site, conn, call)
        now = releases.now_serving(conn, application, environment)
        serves = None if now is None else releases.get(conn, now.release)
        along = differences.waiting(site, conn, application, environment)
    commit = site.commits.resolve(application, call.field("commit"))
    run = site.story.deploy(application, environment, commit, call.who)
    said = (_back(site, run, serves), "" if along is None else along.says)
    return {"run": run.id, "number": run.number, "says": sentences(*said)}


def _back(site: Site, run: Run, serves: Release | None) -> str:
    if serves is None or serves.commit == run.commit:
        return ""
    if not site.commits.contains(run.application, serves.commit, run.commit):
        return ""
    return (
        f"{run.commit[:7]} is older than what serves, r{serves.number} ({serves.commit[:7]}). "
        f"It is deployed anew; `shipway rollback --env {serves.environment}` goes back to a release that is there."
    )


def roll_back(site: Site, call: Call) -> dict[str, Any]:
    """Back to the release `to` (`r3`), or to the one before; the run that does it.

    With the variables that its configuration changes, as in `compare`, and all that in words. With `why` somebody
    decides: of a release that is frozen and the one beside it `to` gets all requests, and what the release `past`
    (`r4`) did to the data is no obstacle. Where that takes back what is on trial, the run is the one that tries
    it, and `takes_back` says which release loses its requests, and which has all of them again.
    """
    said, past, why = (call.json().get(name) for name in ("to", "past", "why"))
    with site.database.read() as conn:
        application, environment = _named(site, conn, call)
        to, beyond = (
            None if one is None else lookups.exact_release(conn, application, environment, str(one)).number
            for one in (said, past)
        )
        now = releases.now_serving(conn, application, environment)
    run = site.story.roll_back(application, environment, to, call.who, why=str(why or ""), past=beyond)
    return {
        "run": run.id,
        "number": run.number,
        "takes_back": _takes_back(site, run, environment, now),
        **_coming_along(site, run, now),
    }


def _takes_back(site: Site, run: Run, environment: str, now: Serving | None) -> dict[str, Any] | None:
    """Nothing where the run itself goes back."""
    if run.purpose == "rollback":
        return None
    with site.database.read() as conn:
        tried = deployments.of_run(conn, run.id, environment)
        return {
            "from": None if tried is None else shapes.release(releases.get(conn, tried.release)),
            "to": None if now is None else shapes.release(releases.get(conn, now.release)),
        }


def going_back(site: Site, call: Call) -> dict[str, Any]:
    """What `rollback` with the same `to`, `past` and `why` would do, as things are: nothing is done.

    `to` is the release that would get all requests, `from` the one that serves now or is on trial, with the
    variables that would change, as in `compare`; `warm` says that `to` still runs, and `fails` that it failed
    since the release command of `from` began, where that was seen. Where nothing serves beside what is on trial,
    `to` is nothing. Refused as that would be.
    """
    said, past = (call.query(name) for name in ("to", "past"))
    with site.database.read() as conn:
        application, environment = _named(site, conn, call)
        number, beyond = (
            None if one is None else lookups.exact_release(conn, application, environment, one).number
            for one in (said, past)
        )
        to = site.story.going_back(
            conn, application, environment, number, why=call.query("why") or "", past=beyond
        )
        now = releases.now_serving(conn, application, environment)
        serving = to if now is None else releases.get(conn, now.release)
        tried = deployments.running_in(conn, application, environment)
        loses = releases.get(conn, tried.release) if tried is not None and serving == to else serving
        changed = [] if serving is None or to is None else differences.configuration(site, conn, serving, to)
        fails = "" if loses is None or to is None else beneath.fails_since(conn, to, loses)
    return {
        "from": None if loses is None else shapes.release(loses),
        "to": None if to is None else shapes.release(to),
        "warm": now is not None and to is not None and to.id in (now.warm, now.release),
        "variables": [asdict(one) for one in changed],
        "says": "" if to is None else differences.coming_along(to, changed),
        "fails": fails,
    }


def _coming_along(site: Site, run: Run, now: Serving | None) -> dict[str, Any]:
    """Nothing changes for what serves when the share of a release on trial is given back."""
    target = next((node["arguments"]["release"] for node in run.plan["nodes"] if node["id"] == "rollback"), None)
    if now is None or target is None:
        return {"variables": [], "says": ""}
    with site.database.read() as conn:
        release = releases.get(conn, target)
        changed = differences.configuration(site, conn, releases.get(conn, now.release), release)
    return {
        "variables": [asdict(one) for one in changed],
        "says": differences.coming_along(release, changed),
    }


def freeze(site: Site, call: Call) -> dict[str, Any]:
    """Lets nothing new be deployed here: `why`, and `until` when (`2h`, `Monday 08:00`; nothing: until thawed).

    `replaced` are the freezes that were in force and end with it, however long they were to last.
    """
    until = call.json().get("until") or ""
    hold, replaced = site.story.freeze(*_names(call), call.field("why"), str(until), call.who)
    return {"hold": shapes.hold(hold), "replaced": [shapes.hold(one) for one in replaced]}


def thaw(site: Site, call: Call) -> dict[str, Any]:
    """Ends the freezes of this environment; those that were in force.

    `waits` is the newest commit that they stopped and that does not serve there: nothing deploys it by itself.
    """
    application, environment = _names(call)
    thawed = site.story.thaw(application, environment, call.who)
    with site.database.read() as conn:
        waits = kept_away.newest(conn, site.commits, application, environment, thawed)
    return {"thawed": [shapes.hold(one) for one in thawed], "waits": waits}


def running(site: Site, application: str, environment: str) -> list[InstanceState] | None:
    """What the keeper says of the instances there, each by the application's own process, not the sandbox's
    around it; nothing when it does not answer.
    """
    try:
        states = Keeper(site.places, patience=PATIENCE).instances(f"{application}.{environment}")
    except KeeperGone:
        return None
    everybody = processes.scan()
    return [replace(state, pid=_own(everybody, state.pid)) for state in states]


def _own(everybody: Mapping[int, Process], pid: int | None) -> int | None:
    found = None if pid is None else processes.application(everybody, pid)
    return pid if found is None else found.pid


def _instances(
    conn: Connection, application: str, environment: str, now: Serving | None, states: list[InstanceState] | None
) -> list[dict[str, Any]]:
    """Those of the release that serves, of one that comes or is frozen beside it, and of the one kept warm."""
    coming = deployments.running_in(conn, application, environment)
    left = stuck.now(conn, application, environment)
    beside = [None if coming is None else coming.release, None if left is None else left.release.id]
    here = [None, None] if now is None else [now.release, now.warm]
    names = [name for name in dict.fromkeys((here[0], *beside, here[1])) if name is not None]
    wanted = [one for name in names for one in instances.of_release(conn, name)]
    numbers = {name: releases.get(conn, name).number for name in names}
    return [
        {**shape, "release": numbers[one.release]}
        for one, shape in zip(wanted, shapes.instances(wanted, states), strict=True)
    ]


def _serving(conn: Connection, now: Serving) -> dict[str, Any]:
    warm = None if now.warm is None else releases.get(conn, now.warm)
    return shapes.serving(now, releases.get(conn, now.release), warm)


def _holds(conn: Connection, application: str, environment: str) -> list[holds.Hold]:
    """What holds every commit, then each commit that is quarantined."""
    everything = holds.on(conn, application, environment, "")
    return [*everything, *holds.quarantined(conn, application, environment)]


def _names(call: Call) -> tuple[str, str]:
    return call.place("application"), call.place("environment")


def _named(site: Site, conn: Connection, call: Call) -> tuple[str, str]:
    application, environment = _names(call)
    return application, lookups.environment(site, conn, application, environment)


ROUTES = (
    declare("GET", BASE, show_environment, who="user"),
    declare("GET", f"{BASE}/ps", list_instances, who="user"),
    declare("GET", f"{BASE}/releases", list_releases, who="user"),
    declare("POST", f"{BASE}/deploy", deploy, who="user"),
    declare("GET", f"{BASE}/rollback", going_back, who="user"),
    declare("POST", f"{BASE}/rollback", roll_back, who="user"),
    declare("POST", f"{BASE}/freeze", freeze, who="user"),
    declare("DELETE", f"{BASE}/freeze", thaw, who="user"),
)
