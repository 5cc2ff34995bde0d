"""One shape of error for programs, one page for people, one sentence for git."""

from __future__ import annotations

import logging
import secrets

import jinja2
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import Scope

from shipway.errors import ShipwayError
from shipway.web.refusals import Broken

FAULT = 500  # what is nobody's mistake but Shipway's or its machine's: an owner looks into the log

log = logging.getLogger("shipway.web")

ACTORS = {"owner": "An owner can mend it.", "nobody": "Nobody has to act."}


class Failures:
    """Makes the answer that tells of an error, in the form that suits the address and the asker."""

    def __init__(self, templates: jinja2.Environment) -> None:
        self._templates = templates

    def answer(self, error: ShipwayError, scope: Scope, who: str = "") -> Response:
        """A page for people, with the navigation if `who` is signed in. A fault has its name in the log, too."""
        path = str(scope["path"])
        if error.status == FAULT:
            _note(error, scope)
        headers = _headers(error, path)
        if path.startswith("/git/"):
            return PlainTextResponse("".join(f"{line}\n" for line in _lines(error)), error.status, headers)
        if path.startswith("/api/") or not wants_page(scope):
            return JSONResponse({"error": error.as_dict()}, error.status, headers)
        return HTMLResponse(self._page(error, scope, path, who), error.status, headers)

    def _page(self, error: ShipwayError, scope: Scope, path: str, who: str) -> str:
        if error.status == 401:
            return self._templates.get_template("sign_in.html").render(next=path, refused="")
        page = self._templates.get_template("failure.html")
        again = error.status >= FAULT and scope["method"] == "GET"
        return page.render(error=error, who=who, here="", actor=ACTORS.get(error.actor, ""), again=again)


def _note(error: ShipwayError, scope: Scope) -> None:
    """Gives the request a name by which the log has it; of a mistake with all that nobody who asked may see."""
    error.request = secrets.token_hex(4)
    mistake = error.__cause__ if isinstance(error, Broken) else None
    log.error("%s: %s %s: %s", error.request, scope["method"], scope["path"], error.message, exc_info=mistake)


def wants_page(scope: Scope) -> bool:
    """Whether a browser asks for a page."""
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


def _headers(error: ShipwayError, path: str) -> dict[str, str]:
    if error.status != 401:
        return {"x-request-id": error.request} if error.request else {}
    scheme = "Basic" if path.startswith("/git/") else "Bearer"
    return {"www-authenticate": f'{scheme} realm="Shipway"'}


def _lines(error: ShipwayError) -> list[str]:
    named = f"Request {error.request} in the server's log." if error.request else ""
    return [line for line in (error.message, error.hint, named) if line]
