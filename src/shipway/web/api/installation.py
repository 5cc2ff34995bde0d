"""The installation itself: versions, processes, sizes, and what is the matter with its machine."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from shipway.web import installation, shapes
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site


def show_installation(site: Site, _call: Call) -> dict[str, Any]:
    """Versions, ports, processes with their memory, sizes of data, channels, and what `shipway doctor` finds.

    The checks are at most a minute old: `checked` is when they were made (seconds since 1970).
    """
    now, looked = installation.look(site), site.checkup.looked()
    return {
        **asdict(now),
        "data": str(now.data),
        "channels": [shapes.channel(one) for one in now.channels],
        "checks": [vars(check) for check in looked.checks],
        "checked": looked.at,
    }


ROUTES = (declare("GET", "/api/v1/installation", show_installation, who="user"),)
