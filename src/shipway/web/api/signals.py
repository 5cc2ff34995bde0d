"""What the releases of an environment answer, and what their instances use."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from shipway.signals.encoding import number_of
from shipway.signals.history import LOOKS, MINUTES, TENS
from shipway.signals.instances import Usage
from shipway.signals.reading import Reading
from shipway.signals.summary import Step, steps, summary
from shipway.state import deployments, releases
from shipway.state.releases import Release
from shipway.web import lookups, marks
from shipway.web.api.environments import BASE
from shipway.web.beside import beside
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site

OVER = 10  # seconds that the table looks back
SPANS = {
    "3m": (180, 3, LOOKS),
    "15m": (900, 10, LOOKS),
    "1h": (3600, 60, TENS),
    "6h": (6 * 3600, 300, MINUTES),
    "1d": (24 * 3600, 1200, MINUTES),
    "7d": (7 * 24 * 3600, 7200, MINUTES),
}
"""How far back one may look: seconds, the seconds of a step, and the ring that has it."""
USUAL = "1h"
FAR = 500  # deployments back, among which those are looked for that are marked
CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")


def show_signals(site: Site, call: Call) -> dict[str, Any]:
    """The last `over` seconds (10, at most 600) of each release that the router has, newest first."""
    over = call.number("over", OVER, most=600) or OVER
    application, environment = call.place("application"), call.place("environment")
    with site.database.read() as conn:
        lookups.environment(site, conn, application, environment)
        known = {one.name: one for one in releases.recent(conn, application, environment, limit=500)}
    return {
        "application": application,
        "environment": environment,
        "over": over,
        "releases": [_release(known.get(name), name, some, used) for name, some, used in now(site, call, over)],
    }


def now(site: Site, call: Call, over: float) -> list[tuple[str, list[Reading], list[Usage]]]:
    """Each release of this environment that the router had in the last `over` seconds, newest first, with what was
    read of it and its instances."""
    collector = site.story.cast.collector
    kept = collector.history(call.place("application"), call.place("environment"))
    readings = kept.steps(LOOKS, time.time() - over)
    names = sorted({one.release for one in readings}, key=number_of, reverse=True)
    used = collector.instances.latest.values()
    return [
        (name, [one for one in readings if one.release == name], [one for one in used if one.release == name])
        for name in names
    ]


def show_history(site: Site, call: Call) -> dict[str, Any]:
    """What happened in each step of the last `span` (3m, 15m, 1h, 6h, 1d, 7d), and the deployments in it.

    `deployments` are the moments at which one moved requests: its release began to be `tried`, got `all` requests,
    lost them `back` to the one that is named, or was `frozen`.
    `beside` are the releases that had some of the requests beside what serves, and when.
    """
    span = call.choice("span", SPANS) or USUAL
    application, environment = call.place("application"), call.place("environment")
    with site.database.read() as conn:
        lookups.environment(site, conn, application, environment)
        since = time.time() - SPANS[span][0]
        recent = deployments.recent(conn, application, environment, limit=FAR)
        marked = marks.marks(conn, environment, recent, since)
        tried = beside(conn, environment, recent, since)
    return {
        "application": application,
        "environment": environment,
        "span": SPANS[span][0],
        "step": SPANS[span][1],
        "steps": [_step(one) for one in steps(history(site, call, span), SPANS[span][1])],
        "deployments": [
            {
                "at": one.at,
                "moment": one.kind,
                "kind": one.deployment.kind if one.kind != "back" else "rollback",
                "commit": one.commit,
                "release": one.number,
                "run": one.deployment.run,
                "says": one.says,
            }
            for one in marked
        ],
        "beside": [asdict(one) for one in tried],
    }


def history(site: Site, call: Call, span: str) -> Sequence[Reading]:
    """What was read in a span, of all releases, oldest first."""
    length, _step, ring = SPANS[span]
    kept = site.story.cast.collector.history(call.place("application"), call.place("environment"))
    return kept.steps(ring, time.time() - length)


def _release(
    known: Release | None, name: str, readings: Sequence[Reading], used: Sequence[Usage]
) -> dict[str, Any]:
    return {
        "release": number_of(name),
        "commit": None if known is None else known.commit,
        **asdict(summary(readings)),
        "cpu": round(sum(one.cpu for one in used), 4),
        "memory": sum(one.memory for one in used),
        "restarts": sum(one.restarts for one in used),
        "instances": [{**asdict(one), "process": one.process} for one in used],
    }


def _step(step: Step) -> dict[str, Any]:
    return {"at": step.begins, "releases": [_reading(one) for one in step.releases.values()]}


def _reading(one: Reading) -> dict[str, Any]:
    classes = dict(zip(CLASSES, one.tally.classes, strict=True))
    return {"release": number_of(one.release), **asdict(summary([one])), "classes": classes}


ROUTES = (
    declare("GET", f"{BASE}/signals", show_signals, who="user"),
    declare("GET", f"{BASE}/signals/history", show_history, who="user"),
)
