"""Tokens: who may call. The secret is shown once, when it is made."""

from __future__ import annotations

from typing import Any

from shipway.errors import NotFound
from shipway.pushes import access
from shipway.web import access as sessions
from shipway.web import shapes
from shipway.web.call import Call
from shipway.web.refusals import Unreadable
from shipway.web.routes import declare
from shipway.web.site import Site


def list_tokens(site: Site, call: Call) -> dict[str, Any]:
    """`yours` is the one that asks."""
    assert call.caller is not None
    mine = call.caller.token
    return {"tokens": [{**shapes.token(one), "yours": one.id == mine} for one in access.every(site.database)]}


def make_token(site: Site, call: Call) -> dict[str, Any]:
    role = call.json().get("role", "user")
    if role not in ("owner", "user"):
        raise Unreadable("`role` is owner or user.")
    who = call.field("who")
    made = access.create(site.database, who, role=role)
    known = access.verify(site.database, made)
    return {"id": known and known.id, "who": who, "role": role, "token": made}


def revoke_token(site: Site, call: Call) -> dict[str, Any]:
    if not access.revoke(site.database, call.place("token"), call.who):
        raise NotFound("There is no such token, or it was revoked before.")
    return {"revoked": call.place("token")}


def make_link(site: Site, call: Call) -> dict[str, Any]:
    """A link that signs this person into the pages once, within an hour."""
    assert call.caller is not None
    code = sessions.one_time_code(site.database, call.caller)
    return {"url": f"{site.pages}/signin?code={code}", "seconds": sessions.CODE_LIFE}


ROUTES = (
    declare("GET", "/api/v1/tokens", list_tokens, who="owner"),
    declare("POST", "/api/v1/tokens", make_token, who="owner"),
    declare("DELETE", "/api/v1/tokens/{token}", revoke_token, who="owner"),
    declare("POST", "/api/v1/signin", make_link, who="user"),
)
