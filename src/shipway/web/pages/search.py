"""Finding anything by a few letters, where no script does it while one types."""

from __future__ import annotations

from starlette.responses import Response

from shipway.web.call import Call
from shipway.web.finding.found import LONGEST
from shipway.web.finding.search import MOST, search
from shipway.web.pages.rendering import page
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.words import counted


def search_page(site: Site, call: Call) -> Response:
    assert call.caller is not None
    said = (call.query("q") or "")[:LONGEST]
    with site.database.read() as conn:
        found = search(site, conn, said, MOST + 1, owner=call.caller.owner)
    title = _title(len(found)) if said else "Find anything"
    return page(site, call, "search.html", here="", said=said, found=found[:MOST], title=title)


def _title(count: int) -> str:
    if count > MOST:
        return f"The best {MOST} of more"
    return f"{counted(count).capitalize()} found" if count else "Nothing is called that"


ROUTES = (declare("GET", "/search", search_page, who="user"),)
