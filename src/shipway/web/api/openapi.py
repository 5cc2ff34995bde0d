"""The API itself as data."""

from __future__ import annotations

from typing import Any

from shipway.web import endpoints
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site


def describe(site: Site, _call: Call) -> dict[str, Any]:
    """This API as an OpenAPI document: every address with who may call it."""
    return endpoints.openapi(site.endpoints, site.address)


ROUTES = (declare("GET", "/api/v1/openapi.json", describe, who="user"),)
