"""What an environment keeps between releases, and the copies of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from shipway.environments import data
from shipway.web import lookups
from shipway.web.api.environments import BASE
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site

MOST = 100_000  # files of one directory that are looked at


def show_data(site: Site, call: Call) -> dict[str, Any]:
    """Each file and directory of its data with its bytes (`whole` unless there are more), and the copies."""
    application = call.place("application")
    with site.database.read() as conn:
        environment = lookups.environment(site, conn, application, call.place("environment"))
    return {
        "data": [asdict(one) for one in data.kept(site.places, application, environment, MOST)],
        "copies": [asdict(one) for one in data.copies(site.places, application, environment, MOST)],
        "copies_kept": data.COPIES_KEPT,
    }


ROUTES = (declare("GET", f"{BASE}/data", show_data, who="user"),)
