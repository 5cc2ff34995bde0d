"""Messages: who was told what, and what could not be delivered yet."""

from __future__ import annotations

import time
from typing import Any

from shipway.incidents.outbox import LATE
from shipway.state import messages
from shipway.web import shapes
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site


def list_messages(site: Site, call: Call) -> dict[str, Any]:
    """The newest first, of everything or of one application or commit; `late` are those that no channel took."""
    with site.database.read() as conn:
        found = messages.recent(
            conn,
            application=call.query("application"),
            commit=call.query("commit"),
            limit=call.number("limit", 50, most=500),
        )
        late = messages.undelivered(conn, time.time() - LATE)
    return {
        "messages": [shapes.message(one) for one in found],
        "late": [shapes.message(one) for one in late],
    }


ROUTES = (declare("GET", "/api/v1/messages", list_messages, who="user"),)
