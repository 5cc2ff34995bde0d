"""Whether the server is there: for `shipway up`, for scripts, for a watcher."""

from __future__ import annotations

from shipway import __version__
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site


def health(_site: Site, _call: Call) -> dict[str, str]:
    """That the server answers, and which version it is."""
    return {"state": "ready", "version": __version__}


ROUTES = (declare("GET", "/health", health, who="public"), declare("GET", "/api/v1/health", health, who="public"))
