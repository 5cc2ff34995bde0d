"""The installation: whether its machine is fit, what runs on it, and what it fills."""

from __future__ import annotations

import time
from collections.abc import Sequence

from starlette.responses import Response

from shipway.incidents.letter import listed
from shipway.web import icons, installation
from shipway.web.call import Call
from shipway.web.checkup import Check
from shipway.web.pages.rendering import page
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.words import several


def installation_page(site: Site, call: Call) -> Response:
    assert call.caller is not None
    looked = site.checkup.looked()
    now = installation.look(site)
    return page(
        site,
        call,
        "installation.html",
        here="installation",
        owner=call.caller.owner,
        now=now,
        checks=looked.checks,
        shapes=icons.PROCESSES,
        looked=time.time(),
        checked=looked.at,
        title=_title(looked.checks, [one.name for one in now.parts if one.state != "running"]),
    )


def _title(checks: Sequence[Check], missing: list[str]) -> str:
    bad = [check.what for check in checks if not check.good and not check.optional]
    if bad:
        return f"Somebody should look at this machine: {listed(bad)}"
    if missing:
        return f"{listed(missing).capitalize()} {'does' if len(missing) == 1 else 'do'} not answer"
    unwell = [check for check in checks if not check.good]
    return f"The machine is fit, with {several(len(unwell), 'reservation')}" if unwell else "The machine is fit"


ROUTES = (declare("GET", "/installation", installation_page, who="user"),)
