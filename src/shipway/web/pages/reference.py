"""The reference of the API, made of what the server itself declares."""

from __future__ import annotations

from itertools import groupby

from starlette.responses import Response

from shipway.web.call import Call
from shipway.web.endpoints import API, WHO, Endpoint
from shipway.web.pages.rendering import page
from shipway.web.routes import declare
from shipway.web.site import Site

BESIDE = "beside the API"
PAGES = "pages"


def api_reference(site: Site, call: Call) -> Response:
    assert call.caller is not None
    found = [one for one in site.endpoints if one.group != PAGES and not one.instead]
    groups = {name: list(some) for name, some in groupby(sorted(found, key=_group), key=_group)}
    return page(
        site,
        call,
        "api.html",
        here="installation",
        owner=call.caller.owner,
        groups=groups,
        former={one.instead: one.path for one in site.endpoints if one.instead},
        pages=[one for one in site.endpoints if one.group == PAGES],
        words=WHO,
        address=site.address,
        title=f"{sum(one.path.startswith(API) for one in found)} calls, closed to whoever has no token",
    )


def _group(one: Endpoint) -> str:
    return one.group if one.path.startswith(API) else BESIDE


ROUTES = (declare("GET", "/reference/api", api_reference, who="user"),)
