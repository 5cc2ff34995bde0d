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

HURT = ("failed", "unknown")


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
    moving = [row.name for row in found if row.state == "running"]
    hurt = [row.name for row in found if row.state in HURT]
    if len(found) == 1:
        return f"{found[0].name} {'is under way' if moving else 'needs you' if hurt else 'rests'}."
    every = f"{counted(len(found)).capitalize()} applications."
    parts = []
    if moving:
        parts.append(f"{counted(len(moving))} {'is' if len(moving) == 1 else 'are'} under way")
    if hurt:
        parts.append(f"{counted(len(hurt))} {'needs' if len(hurt) == 1 else 'need'} you")
    return f"{every} {', '.join(parts).capitalize()}." if parts else f"{every} Nothing is under way."


def _lead(found: Sequence[Row]) -> str:
    """The most pressing of what is behind the title."""
    failed = [row.name for row in found if row.state in HURT]
    if failed:
        serving = [row.name for row in found if row.name in failed and row.last.release is not None]
        still = f" What served before still serves in {listed(serving)}." if serving else ""
        return f"The newest commit of {listed(failed)} did not get through.{still}"
    moving = [f"{row.head.run.commit[:7]} of {row.name}" for row in found if row.state == "running" and row.head]
    if moving:
        return f"{listed(moving)} {'is' if len(moving) == 1 else 'are'} on the way."
    rolled = [row.name for row in found if row.state == "rolled"]
    if rolled:
        return f"{listed(rolled)} went back to an earlier release."
    if all(row.head is None for row in found):
        return "Nothing was pushed yet."
    return "Everything that was pushed is where it should be."


ROUTES = (declare("GET", "/", home, who="user"),)
