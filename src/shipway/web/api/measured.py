"""What the applications of an environment measure themselves: the figures of each series, and their past."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from shipway.signals.scraped import Scraped
from shipway.signals.series.kept import MINUTES, STEPS, TENS
from shipway.signals.series.meter import SERIES
from shipway.signals.series.series import Series
from shipway.signals.series.summing import Measured, measured
from shipway.web import lookups
from shipway.web.api.environments import BASE
from shipway.web.call import Call
from shipway.web.refusals import Unreadable
from shipway.web.routes import declare
from shipway.web.site import Site

OVER = 120  # seconds that figures are of
SPANS = {"15m": (900, TENS), "1h": (3600, TENS), "6h": (6 * 3600, MINUTES), "1d": (24 * 3600, MINUTES)}
"""How far back one may look: seconds, and the ring that has it."""
USUAL = "1h"
LINES = 50  # series whose past is told in one answer


def show_measured(site: Site, call: Call) -> dict[str, Any]:
    """Each series that was told something in the last `over` seconds (120, at most 900), with its figures."""
    over = call.number("over", OVER, most=900) or OVER
    where = _named(site, call)
    meter = site.story.cast.meters.of(*where)
    found = lately(site, *where, over=over, name=call.query("name"))
    return {
        "application": where[0],
        "environment": where[1],
        "over": over,
        "series": [{**_shape(one.series), **asdict(one.now)} for one in found],
        "known": meter.heard(),
        "most": SERIES,
        "refused": dict(meter.refused()),
        "asked": [asdict(one) for one in asked(site, *where)],
    }


def lately(
    site: Site, application: str, environment: str, *, over: float = OVER, name: str | None = None
) -> list[Measured]:
    """The series of an environment that were told something in the last `over` seconds."""
    now = time.time()
    return measured(site.story.cast.meters.of(application, environment), TENS, now - over, now, name)


def asked(site: Site, application: str, environment: str) -> list[Scraped]:
    """What became of the instances of an environment that are asked for what they measure."""
    told = site.story.cast.meters.scraped
    return [one for name, one in sorted(told.items()) if name.startswith(f"{application}.{environment}.r")]


def show_past(site: Site, call: Call) -> dict[str, Any]:
    """The figures of the series called `name` in each step of the last `span` (15m, 1h, 6h, 1d).

    A step is 10 seconds, or 60 beyond the last hour; longer if `step` wants that, in seconds. Its `at` is its end.
    """
    span, name = call.choice("span", SPANS) or USUAL, call.query("name")
    if name is None:
        raise Unreadable("`name` is missing: the series that figures are wanted of.")
    where, (length, ring) = _named(site, call), SPANS[span]
    now, step = time.time(), max(STEPS[ring], call.number("step", 0, most=length))
    found = measured(site.story.cast.meters.of(*where), ring, now - length, now, name, step)
    return {
        "application": where[0],
        "environment": where[1],
        "span": length,
        "step": step,
        "series": [
            {**_shape(one.series), "steps": [{"at": at, **asdict(figures)} for at, figures in one.steps]}
            for one in found[:LINES]
        ],
    }


def _named(site: Site, call: Call) -> tuple[str, str]:
    application, environment = call.place("application"), call.place("environment")
    with site.database.read() as conn:
        lookups.environment(site, conn, application, environment)
    return application, environment


def _shape(series: Series) -> dict[str, Any]:
    return {
        "name": series.name,
        "kind": series.kind,
        "unit": series.unit,
        "labels": dict(series.labels),
        "release": series.release,
    }


ROUTES = (
    declare("GET", f"{BASE}/signals/measured", show_measured, who="user"),
    declare("GET", f"{BASE}/signals/measured/history", show_past, who="user"),
)
