"""Finding anything by a few letters, where no script does it while one types."""

from __future__ import annotations

from starlette.responses import Response

from shipway.web.call import Call
from shipway.web.finding.found import LONGEST
from shipway.web.finding.search import search
from shipway.web.pages.rendering import page
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.words import counted


def search_page(site: Site, call: Call) -> Response:
    assert call.caller is not None
    said = (call.query("q") or "")[:LONGEST]
    with site.database.read() as conn:
        found = search(site, conn, said, owner=call.caller.owner)
    title = f"{counted(len(found)).capitalize()} found" if found else "Nothing is called that"
    return page(
        site, call, "search.html", here="", said=said, found=found, title=title if said else "Find anything"
    )


ROUTES = (declare("GET", "/search", search_page, who="user"),)
