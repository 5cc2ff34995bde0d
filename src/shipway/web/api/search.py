"""Finding anything by a few letters."""

from __future__ import annotations

from typing import Any

from shipway.web.call import Call
from shipway.web.finding import search
from shipway.web.routes import declare
from shipway.web.site import Site


def find(site: Site, call: Call) -> dict[str, Any]:
    """What fits the words in `q`, the best first, at most `limit` (30, at most 50) of it."""
    assert call.caller is not None
    said, most = call.query("q") or "", call.number("limit", search.MOST, most=50)
    with site.database.read() as conn:
        found = search.search(site, conn, said, most, owner=call.caller.owner)
    return {
        "q": said,
        "results": [
            {"kind": one.kind, "title": one.title, "about": one.about, "address": one.address} for one in found
        ],
    }


ROUTES = (declare("GET", "/api/v1/search", find, who="user"),)
