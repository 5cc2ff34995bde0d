"""The server's web side in one value: every address, with the guards around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shipway.config.places import Places
from shipway.hosts.logs.lines import Logs
from shipway.signals.errors.intake import Intake
from shipway.signals.otlp.intake import Otlp
from shipway.state.database import Database
from shipway.story.acts import Story
from shipway.web import events, git, health, metrics, reports, telemetry
from shipway.web.address import Address
from shipway.web.api import ROUTES as API
from shipway.web.checkup import Checkup
from shipway.web.commits import Commits
from shipway.web.doorman import Doorman
from shipway.web.failures import Failures
from shipway.web.feeds import Feeds
from shipway.web.files import Files
from shipway.web.headers import ALWAYS, SecurityHeaders
from shipway.web.log_feeds import LogFeeds
from shipway.web.log_searches import Searches
from shipway.web.names import Names
from shipway.web.news import News
from shipway.web.overview.hours import Hours
from shipway.web.overview.standings import Board
from shipway.web.pages import ROUTES as PAGES
from shipway.web.pages.rendering import templates
from shipway.web.pulse import Pulse
from shipway.web.refusals import Broken
from shipway.web.routes import Declared, by_path, described
from shipway.web.site import Site

DECLARED: tuple[Declared, ...] = (
    *health.ROUTES,
    *metrics.ROUTES,
    *git.ROUTES,
    *reports.ROUTES,
    *telemetry.ROUTES,
    *events.ROUTES,
    *API,
    *PAGES,
)


def create(
    database: Database, places: Places, story: Story, intake: Intake, *, names: Names, proxy_port: int
) -> Starlette:
    """The web application of a server that is called by `names` and whose applications answer on `proxy_port`.

    What they report of their errors goes to `intake`.
    """
    files = Files.of(Path(__file__).parent / "static")
    commits = Commits(places)
    site = Site(
        database,
        places,
        story,
        names,
        proxy_port,
        intake,
        Otlp(database, places, story.cast.machine.vault, story.cast.meters, intake),
        Pulse(database),
        files,
        commits,
        Board(places, commits, proxy_port),
        Hours(story.cast.collector),
        templates(files),
        Logs(),
        Feeds(),
        News(database),
        [described(one) for one in DECLARED],
        Searches(),
        LogFeeds(),
        Checkup(places),
    )
    failures = Failures(site.templates)
    addresses = by_path(DECLARED)
    app = Starlette(
        routes=[Route(path, Address(site, failures, these)) for path, these in addresses.items()],
        middleware=[Middleware(SecurityHeaders), Middleware(Doorman, names=names, failures=failures)],
        exception_handlers={Exception: _broken(failures)},
    )
    app.state.site = site
    app.router.redirect_slashes = False
    app.router.default = Address(site, failures, [])
    return app


def read_ahead(app: Starlette) -> None:
    """Reads what the first page shows, so that whoever looks first after a start does not wait for that."""
    site: Site = app.state.site
    site.templates.get_template("home.html")
    with site.database.read() as conn:
        site.board.standings(conn)


def _broken(failures: Failures) -> Any:
    """Tells of a fault outside every address. It is answered outside the middleware, so it brings the headers."""

    def answer(request: Request, error: Exception) -> Response:
        reply = failures.answer(Broken(error), request.scope)
        reply.headers.update(ALWAYS)
        return reply

    return answer
