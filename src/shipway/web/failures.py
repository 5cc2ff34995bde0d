"""One shape of error for programs, one page for people, one sentence for git."""

from __future__ import annotations

import jinja2
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import Scope

from shipway.errors import ShipwayError

ACTORS = {"owner": "An owner can mend it.", "nobody": "Nobody has to act."}


class Failures:
    """Makes the answer that tells of an error, in the form that suits the address and the asker."""

    def __init__(self, templates: jinja2.Environment) -> None:
        self._templates = templates

    def answer(self, error: ShipwayError, scope: Scope, who: str = "") -> Response:
        """A page for people, with the navigation if `who` is signed in."""
        path = str(scope["path"])
        headers = _headers(error, path)
        if path.startswith("/git/"):
            return PlainTextResponse("".join(f"{line}\n" for line in _lines(error)), error.status, headers)
        if path.startswith("/api/") or not wants_page(scope):
            return JSONResponse({"error": error.as_dict()}, error.status, headers)
        return HTMLResponse(self._page(error, path, who), error.status, headers)

    def _page(self, error: ShipwayError, path: str, who: str) -> str:
        if error.status == 401:
            return self._templates.get_template("sign_in.html").render(next=path, refused="")
        page = self._templates.get_template("failure.html")
        return page.render(error=error, who=who, here="", actor=ACTORS.get(error.actor, ""))


def wants_page(scope: Scope) -> bool:
    """Whether a browser asks for a page."""
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


def _headers(error: ShipwayError, path: str) -> dict[str, str]:
    if error.status != 401:
        return {}
    scheme = "Basic" if path.startswith("/git/") else "Bearer"
    return {"www-authenticate": f'{scheme} realm="Shipway"'}


def _lines(error: ShipwayError) -> list[str]:
    return [line for line in (error.message, error.hint) if line]
