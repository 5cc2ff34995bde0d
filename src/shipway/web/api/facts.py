"""Facts, a page of them at a time."""

from __future__ import annotations

from typing import Any

from shipway.errors import NotFound
from shipway.state import facts
from shipway.web import shapes
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site


def list_facts(site: Site, call: Call) -> dict[str, Any]:
    """The facts after the id `after`, oldest first; `next` is what to ask for then."""
    after = call.number("after", 0, most=2**62)
    with site.database.read() as conn:
        found = facts.after(
            conn,
            after,
            application=call.query("application"),
            environment=call.query("environment"),
            runs=None if call.query("run") is None else [str(call.query("run"))],
            limit=call.number("limit", 500, most=1000),
        )
    return {"facts": [shapes.fact(one) for one in found], "next": found[-1].id if found else after}


def show_fact(site: Site, call: Call) -> dict[str, Any]:
    """One fact by its id."""
    said = call.place("fact")
    with site.database.read() as conn:
        found = facts.find(conn, int(said)) if said.isascii() and said.isdecimal() and len(said) < 19 else None
    if found is None:
        raise NotFound(f"There is no fact {said!r}.")
    return shapes.fact(found)


ROUTES = (
    declare("GET", "/api/v1/facts", list_facts, who="user"),
    declare("GET", "/api/v1/facts/{fact}", show_fact, who="user"),
)
