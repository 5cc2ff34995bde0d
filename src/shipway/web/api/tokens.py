"""Tokens: who may call. The secret is shown once, when it is made."""

from __future__ import annotations

from typing import Any

from shipway.errors import NotFound
from shipway.pushes import access
from shipway.state.tokens import Token
from shipway.web import access as sessions
from shipway.web import shapes
from shipway.web.access import Caller
from shipway.web.call import Call, not_one_of
from shipway.web.refusals import Unreadable
from shipway.web.routes import declare
from shipway.web.site import Site


def list_tokens(site: Site, call: Call) -> dict[str, Any]:
    """Every token with whose it is and when it was used last, never itself. `yours` is the one that asks."""
    assert call.caller is not None
    mine = call.caller.token
    return {"tokens": [{**shapes.token(one), "yours": one.id == mine} for one in access.every(site.database)]}


def make_token(site: Site, call: Call) -> dict[str, Any]:
    """A token for `who`, shown this once. `role` is owner, user or metrics, `name` what it is for."""
    role, name = call.json().get("role", "user"), call.json().get("name", "")
    if role not in access.ROLES:
        raise not_one_of("role", role, access.ROLES)
    if not isinstance(name, str):
        raise Unreadable("`name` is a text.")
    who = call.field("who")
    made = access.create(site.database, who, role=role, name=name, by=call.who)
    known = access.verify(site.database, made)
    return {"id": known and known.id, "who": who, "role": role, "name": name, "token": made}


def revoke_token(site: Site, call: Call) -> dict[str, Any]:
    """Ends a token for good, and the sessions made from it with it."""
    if not access.revoke(site.database, call.place("token"), call.who):
        raise NotFound("There is no such token, or it was revoked before.")
    return {"revoked": call.place("token")}


def make_link(site: Site, call: Call) -> dict[str, Any]:
    """A link that signs this person into the pages once, within an hour."""
    assert call.caller is not None
    code = sessions.one_time_code(site.database, call.caller)
    return {"url": f"{site.called(call.request)}/signin?code={code}", "seconds": sessions.CODE_LIFE}


def list_sessions(site: Site, call: Call) -> dict[str, Any]:
    """Who is signed in with a browser: an owner sees everybody, others themselves. `yours` is the one asking."""
    assert call.caller is not None
    mine = call.caller.token
    return {"sessions": [{**shapes.token(one), "yours": one.id == mine} for one in sessions_of(site, call.caller)]}


def sessions_of(site: Site, caller: Caller) -> list[Token]:
    """The sessions that are not over and that this person may see, the newest first."""
    live = [one for one in access.every(site.database, "session") if one.live]
    return [one for one in reversed(live) if caller.owner or one.who == caller.who]


def end_session(site: Site, call: Call) -> dict[str, Any]:
    """Ends a session here, at once: of oneself, or as an owner of anybody."""
    assert call.caller is not None
    session = call.place("session")
    theirs = any(one.id == session for one in sessions_of(site, call.caller))
    if not theirs or not access.revoke(site.database, session, call.who):
        raise NotFound("There is no such session, or it is over.")
    return {"ended": session}


ROUTES = (
    declare("GET", "/api/v1/tokens", list_tokens, who="owner"),
    declare("POST", "/api/v1/tokens", make_token, who="owner"),
    declare("DELETE", "/api/v1/tokens/{token}", revoke_token, who="owner"),
    declare("GET", "/api/v1/sessions", list_sessions, who="user"),
    declare("DELETE", "/api/v1/sessions/{session}", end_session, who="user"),
    declare("POST", "/api/v1/signin", make_link, who="user"),
)
