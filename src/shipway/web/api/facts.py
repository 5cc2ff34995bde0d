"""Facts, a page of them at a time."""

from __future__ import annotations

from typing import Any

from shipway.errors import NotFound
from shipway.state import facts
from shipway.web import lookups, shapes
from shipway.web.call import Call
from shipway.web.refusals import Unreadable
from shipway.web.routes import declare
from shipway.web.site import Site


def list_facts(site: Site, call: Call) -> dict[str, Any]:
    """The facts after the id `after`, oldest first; `next` is what to ask for then.

    Of one `application`, `environment`, `run` (its id) or `commit` (with its `application`; by any name of it).
    """
    after, application = call.number("after", 0, most=2**62), call.query("application")
    commit, environment = call.query("commit"), call.query("environment")
    if commit is not None and application is None:
        raise Unreadable(
            "`commit` is that of an application, and `application` is missing.",
            hint="Ask with `?application=NAME&commit=COMMIT`.",
        )
    with site.database.read() as conn:
        if application is not None:
            lookups.application(conn, application)
            commit = None if commit is None else site.commits.resolve(application, commit)
        found = facts.after(
            conn,
            after,
            application=application,
            environment=environment,
            commit=commit,
            runs=None if call.query("run") is None else [str(call.query("run"))],
            limit=call.number("limit", 500, most=1000),
        )
        if application is not None and environment is not None and not found:
            lookups.environment(site, conn, application, environment)  # one of the past has facts, and is none now
    return {"facts": [shapes.fact(one) for one in found], "next": found[-1].id if found else after}


def show_fact(site: Site, call: Call) -> dict[str, Any]:
    """One fact by its id."""
    said = call.place("fact")
    with site.database.read() as conn:
        found = facts.find(conn, int(said)) if said.isascii() and said.isdecimal() and len(said) < 19 else None
    if found is None:
        raise NotFound(f"There is no fact {said!r}.", hint="`shipway facts` lists those of a commit.")
    return shapes.fact(found)


ROUTES = (
    declare("GET", "/api/v1/facts", list_facts, who="user"),
    declare("GET", "/api/v1/facts/{fact}", show_fact, who="user"),
)
