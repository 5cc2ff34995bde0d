"""The installation itself: versions, processes, sizes, and what is the matter with its machine."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from shipway.web import checkup, installation, shapes
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site


def show_installation(site: Site, _call: Call) -> dict[str, Any]:
    """Versions, ports, processes with their memory, sizes of data, channels, and what `shipway doctor` finds."""
    now = installation.look(site)
    return {
        **asdict(now),
        "data": str(now.data),
        "channels": [shapes.channel(one) for one in now.channels],
        "checks": [vars(check) for check in checkup.machine(site.places)],
    }


ROUTES = (declare("GET", "/api/v1/installation", show_installation, who="user"),)
