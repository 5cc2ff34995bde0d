"""The log of an environment: what its instances print, searched, and as it comes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from shipway.errors import UserError
from shipway.signals.logs.levels import LEVELS
from shipway.signals.logs.query import Query
from shipway.signals.logs.search import Key, key
from shipway.signals.logs.sources import sources
from shipway.web import log_query, lookups
from shipway.web import logs as application_logs
from shipway.web.ansi import Piece, pieces
from shipway.web.api.instance_logs import while_there
from shipway.web.call import QUOTED, Call
from shipway.web.log_query import Asked
from shipway.web.pages.environment import BASE
from shipway.web.pages.rendering import page
from shipway.web.refusals import Unreadable
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.words import clock, several

SHOWN = 200  # entries of a page
AROUND = 100  # entries before and after one that is pointed at
LONGEST = 4000  # characters of a text that are shown
OPEN = 12  # lines below an entry that are shown at once
FILTERS = ("search", "regex", "level", "release", "process", "instance", "since", "until")


@dataclass(frozen=True)
class Line:
    """An entry, drawn: its first line, what else is known, and the lines that belong to it."""

    entry: Mapping[str, Any]
    first: Sequence[Piece]
    fields: Sequence[Piece]
    below: Sequence[Piece]
    count: int
    address: str


async def log_page(site: Site, call: Call) -> Response:
    application, environment = call.place("application"), call.place("environment")
    names = await run_in_threadpool(_names, site, application, environment)
    given = {name: value for name in FILTERS if (value := call.query(name)) is not None}
    shown: dict[str, Any] = {"entries": [], "more": None, "begins": None, "reached": None, "follow": ""}
    problem: UserError | None = None
    around = call.query("around")
    try:
        asked = log_query.read(call, SHOWN)
        await run_in_threadpool(application_logs.check, site, application, environment, asked.query)
        shown = await while_there(call, _entries(site, application, environment, asked, around))
    except UserError as error:
        problem = error
    here = f"/applications/{application}/environments/{environment}/log"
    live = problem is None and around is None and not {"from", "until"} & call.request.query_params.keys()
    answer = await run_in_threadpool(
        page,
        site,
        call,
        "log.html",
        here="applications",
        application=application,
        environment=environment,
        **names,
        levels=LEVELS,
        given={name: given.get(name, "") for name in FILTERS},
        narrowed=bool(given),
        problem=problem,
        lines=[drawn(here, one) for one in shown["entries"]],
        around=around,
        older=_address(here, given, shown["more"]) if shown["more"] else None,
        open=OPEN,
        newest=_address(here, given),
        live=live,
        follow=shown["follow"],
        query=urlencode(given),
        begins=shown["begins"],
        reached=shown["reached"],
        last=shown["entries"][-1]["at"] if live and shown["entries"] and not given else None,
        title=_title(environment, given, shown, live, problem),
    )
    answer.status_code = 200 if problem is None else problem.status
    return answer


async def _entries(
    site: Site, application: str, environment: str, asked: Asked, around: str | None
) -> dict[str, Any]:
    """What is shown, the oldest first."""
    if around is None:
        found = await application_logs.page(site, application, environment, replace(asked, oldest_first=False))
        found["entries"].reverse()
        return found
    here = _place(around)
    asked = replace(asked, query=Query(), start=(here[0], f"{here[1]}~"), limit=AROUND, oldest_first=False)
    before = await application_logs.page(site, application, environment, asked)
    after = await application_logs.page(site, application, environment, replace(asked, oldest_first=True))
    return {**before, "entries": [*reversed(before["entries"]), *after["entries"]]}


def _place(said: str) -> Key:
    try:
        return key(said)
    except ValueError:
        raise Unreadable(f"`around` is {said[:QUOTED]!r}, and must be the position of a line.") from None


def _names(site: Site, application: str, environment: str) -> dict[str, Any]:
    """What one may choose from. Raises NotFound."""
    with site.database.read() as conn:
        lookups.environment(site, conn, application, environment)
    there = sources(site.places.logs(application, environment), application, environment)
    return {
        "releases": sorted({one.release for one in there if one.release}, reverse=True),
        "processes": sorted({one.process for one in there}),
    }


def drawn(here: str, entry: Mapping[str, Any]) -> Line:
    """An entry of the log that is shown at the address `here`."""
    first, *rest = str(entry["text"]).split("\n")
    fields = ""
    if entry["message"] != first:
        first, *more = str(entry["message"]).split("\n")
        fields = "  ".join(f"{name}={_value(value)}" for name, value in entry["fields"].items())
        rest = [*more, *filter(None, str(entry["stack"]).split("\n")), *rest]
    below = "\n".join(rest)
    address = f"{here}?{urlencode({'around': entry['position']})}#L{entry['position']}"
    return Line(entry, pieces(_cut(first)), pieces(_cut(fields)), pieces(_cut(below)), len(rest), address)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … {len(text) - LONGEST:,} more characters"


def _address(here: str, given: Mapping[str, str], start: str | None = None) -> str:
    query = urlencode({**given, **({"from": start} if start else {})})
    return f"{here}?{query}" if query else here


def _title(
    environment: str, given: Mapping[str, str], shown: Mapping[str, Any], live: bool, problem: UserError | None
) -> str:
    entries = shown["entries"]
    if problem is not None:
        return "That cannot be looked for"
    if not entries and shown["reached"] is not None:
        return f"No such line in {environment} since {clock(shown['reached'])}"
    if not entries:
        return f"No line in {environment} is like that" if given else f"Nothing was printed in {environment} yet"
    if given:
        more = "The newest " if shown["more"] else ""
        told = f"{more}{several(len(entries), 'line')} of {environment} like that"
        return told[:1].upper() + told[1:]
    if not live:
        return f"What {environment} printed at {clock(entries[len(entries) // 2]['at'])}"
    return f"{environment} printed its last line"


ROUTES = (declare("GET", f"{BASE}/log", log_page, who="user"),)
