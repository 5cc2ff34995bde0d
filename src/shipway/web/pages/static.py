"""The files pages are made of."""

from __future__ import annotations

from pathlib import PurePosixPath

from starlette.responses import Response

from shipway.errors import NotFound
from shipway.web.call import Call
from shipway.web.files import KINDS
from shipway.web.routes import declare
from shipway.web.site import Site


async def static(site: Site, call: Call) -> Response:
    """A file by its name; browsers may keep it for ever under the address that names its version."""
    name = call.place("name")
    content = site.files.contents.get(name)
    if content is None:
        raise NotFound("There is no such file.")
    current = call.place("version") == site.files.version
    keep = "public, max-age=31536000, immutable" if current else "no-cache"
    kind = KINDS[PurePosixPath(name).suffix]
    return Response(content, headers={"cache-control": keep, "content-type": kind})


ROUTES = (declare("GET", "/static/{version}/{name:path}", static, who="public"),)
