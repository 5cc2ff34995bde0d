"""Signing in, by a token or by a link that is good once, and signing out (BARS S16, S27)."""

from __future__ import annotations

import re

from starlette.responses import HTMLResponse, RedirectResponse, Response

from shipway.pushes import access as tokens
from shipway.web import access
from shipway.web.call import Call
from shipway.web.refusals import InTheOpen
from shipway.web.routes import declare
from shipway.web.site import Site

_INSIDE = re.compile(r"/(?![/\\])[!-~]*")


def sign_in_page(site: Site, call: Call) -> Response:
    """With `code` signs in at once; without, asks for a token."""
    code = call.query("code")
    _check_way(site, call)
    if code is None:
        return _ask(site, call.query("next"))
    session = access.redeem(site.database, code)
    if session is None and call.caller is not None:
        return _go_on(site, call.query("next"))
    if session is None:
        return _ask(
            site,
            None,
            refused="That link was used before or is older than an hour. `shipway open --pages` makes another.",
        )
    return _enter(site, call, session, _go_on(site, call.query("next")))


def sign_in(site: Site, call: Call) -> Response:
    if site.way(call.request) == "programs":
        return RedirectResponse(f"{site.pages}/signin", 303)
    _check_way(site, call)
    form = call.form()
    session = access.begin_session(site.database, form.get("token", "").strip())
    if session is None:
        return _ask(
            site,
            form.get("next"),
            refused="No such token, or it was revoked, or is for metrics alone. "
            "`shipway token create NAME` makes one.",
        )
    return _enter(site, call, session, RedirectResponse(inside(form.get("next")), 303))


def _check_way(site: Site, call: Call) -> None:
    if site.way(call.request) == "open":
        raise InTheOpen()


def sign_out(site: Site, call: Call) -> Response:
    """Ends the session here, at once, and lets the browser forget it."""
    assert call.caller is not None
    tokens.revoke(site.database, call.caller.token, call.who)
    reply = RedirectResponse("/signin", 303)
    forget(site, call, reply)
    return reply


def forget(site: Site, call: Call, reply: Response) -> None:
    """Lets the browser forget the session that it has here."""
    cookie = site.cookie(call.request)
    if cookie is not None:
        reply.delete_cookie(cookie, secure=_secure(cookie), httponly=True, samesite="strict")


def inside(address: str | None) -> str:
    """`address` if it is one of this server's own, otherwise the first page."""
    return address if address is not None and _INSIDE.fullmatch(address) else "/"


def _ask(site: Site, to: str | None, refused: str = "") -> HTMLResponse:
    page = site.templates.get_template("sign_in.html").render(next=inside(to), refused=refused)
    return HTMLResponse(page, 403 if refused else 200)


def _go_on(site: Site, to: str | None) -> Response:
    """A page of ours that leads on by itself. Of a link that was followed from another site (a chat, a mail) a
    browser takes every redirect for that site's doing, and would not show the session it was just given."""
    return HTMLResponse(site.templates.get_template("signed_in.html").render(to=inside(to)))


def _enter(site: Site, call: Call, session: str, reply: Response) -> Response:
    """A new session id each time. The cookie has no end of its own: the server knows when the session is over."""
    cookie = site.cookie(call.request)
    assert cookie is not None, "sessions are made where they count"
    reply.set_cookie(cookie, session, secure=_secure(cookie), httponly=True, samesite="strict", path="/")
    return reply


def _secure(cookie: str) -> bool:
    return cookie.startswith("__Host-")


ROUTES = (
    declare("GET", "/signin", sign_in_page, who="public"),
    declare("POST", "/signin", sign_in, who="public"),
    declare("POST", "/signout", sign_out, who="user"),
)
