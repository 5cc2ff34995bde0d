"""The settings of an application: each with what it means, and where it is ruled."""

from __future__ import annotations

from itertools import groupby

from starlette.responses import RedirectResponse, Response

from shipway.config.described import Described
from shipway.story.acts import NoSuchBranch
from shipway.web import lookups, settings
from shipway.web.call import Call
from shipway.web.pages.rendering import page
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.words import sentences

PATH = "/applications/{application}/settings"


def settings_page(site: Site, call: Call) -> Response:
    return _drawn(site, call)


def change(site: Site, call: Call) -> Response:
    branch = call.form().get("default_branch", "").strip()
    try:
        site.story.set_default_branch(call.place("application"), branch, call.who)
    except NoSuchBranch as error:
        reply = _drawn(site, call, sentences(error.message, error.hint), branch)
        reply.status_code = error.status
        return reply
    return RedirectResponse(call.request.url.path, 303)


def _drawn(site: Site, call: Call, refused: str = "", given: str = "") -> Response:
    with site.database.read() as conn:
        application = lookups.application(conn, call.place("application"))
        ruled = settings.read(site, conn, application.name)
        names = lookups.environments(site, conn, application.name)
    return page(
        site,
        call,
        "settings.html",
        here="applications",
        application=application.name,
        about=application,
        names=names,
        ruled=ruled,
        parts={} if ruled is None else _parts(list(ruled.settings)),
        git_url=f"{site.address}/git/{application.name}.git",
        branches=settings.branches(site, application.name),
        refused=refused,
        given=given or application.default_branch,
        title=f"shipway.yml rules {application.name}" if ruled else f"Nothing rules {application.name} yet",
    )


def _parts(found: list[Described]) -> dict[str, list[Described]]:
    """The settings under the name of the part that they are of; those alone are of the application itself."""
    return {name: list(some) for name, some in groupby(sorted(found, key=_alone), key=_part)}


def _part(one: Described) -> str:
    return "application" if "." not in one.key and "[" not in one.key else one.key.split(".")[0].split("[")[0]


def _alone(one: Described) -> bool:
    return _part(one) != "application"


ROUTES = (declare("GET", PATH, settings_page, who="user"), declare("POST", PATH, change, who="user"))
