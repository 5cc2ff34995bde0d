"""Messages: who was told what, and what could not be delivered yet."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from shipway.incidents import again
from shipway.incidents.outbox import LATE
from shipway.state import messages
from shipway.web import lookups, shapes, told
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.told import Asked, Told


def list_messages(site: Site, call: Call) -> dict[str, Any]:
    """The newest first, of all or of one `application`, `commit`, `person` or `state` (waiting, sent, nowhere).

    `next` is what to ask for as `before` to get those that follow; `late` are those that no channel took.
    """
    asked, limit = _of_a_known_commit(site, Asked.of(call)), call.number("limit", 50, most=500)
    with site.database.read() as conn:
        found = told.part(conn, asked, limit)
        late = told.told(conn, messages.undelivered(conn, time.time() - LATE))
    return {
        "messages": [_shape(one) for one in found.told],
        "next": found.next,
        "late": [_shape(one) for one in late],
    }


def send_again(site: Site, call: Call) -> dict[str, Any]:
    """Has a message tried now that no channel took yet (waiting), or that none led to (nowhere)."""
    return shapes.message(again.send_again(site.database, call.place("message"), call.who))


def _of_a_known_commit(site: Site, asked: Asked) -> Asked:
    """With the whole id of the commit. Raises NotFound where there is neither a message of it nor the commit."""
    if asked.application is None or asked.commit is None:
        return asked
    with site.database.read() as conn:
        lookups.application(conn, asked.application)
        known = messages.recent(conn, application=asked.application, commit=asked.commit, limit=1)
    return asked if known else replace(asked, commit=site.commits.resolve(asked.application, asked.commit))


def _shape(one: Told) -> dict[str, Any]:
    numbers = {"run_number": one.run, "release_number": one.release, "error_number": one.error}
    return {**shapes.message(one.message), **numbers}


ROUTES = (
    declare("GET", "/api/v1/messages", list_messages, who="user"),
    declare("POST", "/api/v1/messages/{message}/again", send_again, who="user"),
)
