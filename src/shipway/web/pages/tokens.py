"""Tokens and sessions: who may come in, with what, since when, and how it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.responses import RedirectResponse, Response

from shipway.errors import NotFound
from shipway.pushes import access
from shipway.pushes.access import InvalidToken
from shipway.state.tokens import Token
from shipway.web.api.tokens import sessions_of
from shipway.web.call import Call
from shipway.web.pages.rendering import page
from shipway.web.pages.session import forget
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.words import counted


@dataclass(frozen=True)
class Line:
    """A token and what hangs on it: how many sessions, whether it is the one this page was asked for with."""

    token: Token
    sessions: int
    yours: bool


@dataclass(frozen=True)
class Asked:
    """What became of the form: the token that was made and is shown this once, or refusals by their field."""

    made: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)


def token_list(site: Site, call: Call) -> Response:
    return _drawn(site, call, Asked())


def create(site: Site, call: Call) -> Response:
    """Makes a token, and shows it in the only answer that ever holds it."""
    form = call.form()
    given = {name: form.get(name, "").strip() for name in ("who", "name")} | {"role": form.get("role", "user")}
    try:
        made = access.create(site.database, given["who"], role=given["role"], name=given["name"], by=call.who)
    except InvalidToken as error:
        reply = _drawn(site, call, Asked(refused={error.field: error.message}, given=given))
        reply.status_code = error.status
        return reply
    return _drawn(site, call, Asked(made=made, given=given))


def revoke(site: Site, call: Call) -> Response:
    if not access.revoke(site.database, call.place("token"), call.who):
        raise NotFound("There is no such token, or it was revoked before.")
    return RedirectResponse("/tokens", 303)


def session_list(site: Site, call: Call) -> Response:
    assert call.caller is not None
    found = sessions_of(site, call.caller)
    return page(
        site,
        call,
        "sessions.html",
        here="installation",
        owner=call.caller.owner,
        sessions=found,
        mine=call.caller.token,
        names={one.id: one.name for one in access.every(site.database)},
        title=_signed_in(sum(one.who == call.who for one in found)),
    )


def end(site: Site, call: Call) -> Response:
    """Ends a session; one's own is signing out."""
    assert call.caller is not None
    session = call.place("session")
    if session == call.caller.token:
        access.revoke(site.database, session, call.who)
        reply = RedirectResponse("/signin", 303)
        forget(site, call, reply)
        return reply
    if all(one.id != session for one in sessions_of(site, call.caller)):
        raise NotFound("There is no such session, or it is over.")
    access.revoke(site.database, session, call.who)
    return RedirectResponse("/sessions", 303)


def _drawn(site: Site, call: Call, asked: Asked) -> Response:
    assert call.caller is not None
    sessions = [one for one in access.every(site.database, "session") if one.live]
    from_it = Counter(one.parent for one in sessions)
    mine = next((one.parent for one in sessions if one.id == call.caller.token), call.caller.token)
    found = access.every(site.database)
    lines = [Line(one, from_it[one.id], one.id == mine) for one in reversed(found)]
    lines.sort(key=lambda line: not line.token.live)
    live = sum(one.live for one in found)
    return page(
        site,
        call,
        "tokens.html",
        here="installation",
        owner=True,
        lines=lines,
        asked=asked,
        title=f"{counted(live).capitalize()} {'token opens' if live == 1 else 'tokens open'} this installation",
    )


def _signed_in(times: int) -> str:
    if times == 0:
        return "You are signed in nowhere"  # a program asks, with a token
    return f"You are signed in {({1: 'once', 2: 'twice'}).get(times) or f'{counted(times)} times'}"


ROUTES = (
    declare("GET", "/tokens", token_list, who="owner"),
    declare("POST", "/tokens", create, who="owner"),
    declare("POST", "/tokens/{token}/revoke", revoke, who="owner"),
    declare("GET", "/sessions", session_list, who="user"),
    declare("POST", "/sessions/{session}/end", end, who="user"),
)
