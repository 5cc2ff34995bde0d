"""The first page: every application on one line, what needs a person first."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from shipway.state import applications
from shipway.web.call import Call
from shipway.web.pages import rows
from shipway.web.pages.picture import picture
from shipway.web.pages.places import serving_now
from shipway.web.pages.rendering import page
from shipway.web.pages.rows import Row
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.words import counted, listed


def home(site: Site, call: Call) -> Response:
    with site.database.read() as conn:
        serving = serving_now(conn)
        every = applications.every(conn)
        found = rows.in_order([rows.row(site, conn, one, serving.get(one.name, {})) for one in every])
    if not found:
        return page(site, call, "welcome.html", here="applications", address=site.address)
    return page(
        site,
        call,
        "home.html",
        here="applications",
        rows=found,
        picture=picture(found),
        title=_title(found),
        lead=_lead(found),
    )


def _title(found: Sequence[Row]) -> str:
    """What is so now, in a sentence or two."""
    moving = sum(row.state == "running" for row in found)
    hurt = sum(row.state in ("failed", "unknown") for row in found)
    parts = []
    if moving:
        parts.append(f"{counted(moving)} {'is' if moving == 1 else 'are'} under way")
    if hurt:
        parts.append(f"{counted(hurt)} {'needs' if hurt == 1 else 'need'} you")
    every = f"{counted(len(found)).capitalize()} application{'' if len(found) == 1 else 's'}."
    return f"{every} {', '.join(parts).capitalize()}." if parts else f"{every} Nothing is under way."


def _lead(found: Sequence[Row]) -> str:
    failed = [row.name for row in found if row.state in ("failed", "unknown")]
    if failed:
        serving = [row.name for row in found if row.name in failed and row.last.release is not None]
        still = f" What served before still serves in {listed(serving)}." if serving else ""
        return f"The newest commit of {listed(failed)} did not get through.{still}"
    rolled = [row.name for row in found if row.state == "rolled"]
    if rolled:
        return f"{listed(rolled)} went back to an earlier release."
    silent = [row.name for row in found if row.head is None]
    if len(silent) == len(found):
        return "Nothing was pushed yet."
    return "Everything that was pushed is where it should be."


ROUTES = (declare("GET", "/", home, who="user"),)
