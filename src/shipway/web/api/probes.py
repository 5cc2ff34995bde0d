"""What is asked of an environment again and again, and what was answered last."""

from __future__ import annotations

import time
from typing import Any

from shipway.signals.questions import results
from shipway.signals.questions.results import Line
from shipway.web import lookups
from shipway.web.api.environments import BASE
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site


def probes(site: Site, call: Call) -> dict[str, Any]:
    """Invariants first. `release` is whose answer it is (`r3`), null where the environment is asked as a whole."""
    application, environment = call.place("application"), call.place("environment")
    with site.database.read() as conn:
        lookups.environment(site, conn, application, environment)
    now = time.time()
    return {"probes": [_shape(one, now) for one in results.read(site.places, application, environment)]}


def _shape(one: Line, now: float) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "of": one.of,
        "invariant": one.wanted is not None,
        "wanted": one.wanted,
        "release": None if one.release is None else one.release.rpartition(".")[2],
        "state": one.known(now),
        "says": one.says,
        "number": one.number,
        "at": one.at,
        "since": one.since,
        "took": one.took,
    }


ROUTES = (declare("GET", f"{BASE}/probes", probes, who="user"),)
