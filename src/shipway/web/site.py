"""What every answer may use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jinja2
from starlette.requests import Request

from shipway.config.places import Places
from shipway.hosts.logs.lines import Logs
from shipway.signals.errors.intake import Intake
from shipway.signals.otlp.intake import Otlp
from shipway.state.database import Database
from shipway.story.acts import Story
from shipway.web import access
from shipway.web.access import Caller
from shipway.web.checkup import Checkup
from shipway.web.commits import Commits
from shipway.web.endpoints import Endpoint
from shipway.web.feeds import Feeds
from shipway.web.files import Files
from shipway.web.log_feeds import LogFeeds
from shipway.web.log_searches import Searches
from shipway.web.names import Names, Way
from shipway.web.news import News
from shipway.web.overview.hours import Hours
from shipway.web.overview.rates import Rates
from shipway.web.overview.standings import Board
from shipway.web.pulse import Pulse


@dataclass(frozen=True)
class Site:
    """The record to read, the story to act through, and what pages are made of."""

    database: Database
    places: Places
    story: Story
    names: Names
    proxy_port: int
    intake: Intake
    otlp: Otlp
    pulse: Pulse
    files: Files
    commits: Commits
    board: Board
    hours: Hours
    templates: jinja2.Environment
    logs: Logs
    feeds: Feeds
    news: News
    endpoints: Sequence[Endpoint]
    searches: Searches
    log_feeds: LogFeeds
    checkup: Checkup

    @property
    def address(self) -> str:
        """Where this server answers git and programs, without a slash at the end."""
        return f"http://127.0.0.1:{self.names.port}"

    @property
    def pages(self) -> str:
        """Where it shows its pages to browsers of this machine, without a slash at the end."""
        return self.names.pages

    @property
    def rates(self) -> Rates:
        """What applications answer at this moment: one reading of it, whatever page says it."""
        return Rates(self.story.cast.collector.lately())

    def way(self, request: Request) -> Way:
        """How the request came here."""
        return self.names.way(request.headers, None if request.client is None else request.client.host)

    def called(self, request: Request) -> str:
        """The address of the pages as whoever sent this request reaches them, without a slash at the end."""
        return str(self.names.public) if self.way(request) == "tls" else self.pages

    def caller(self, request: Request) -> Caller | None:
        """Who sent the request, or nobody."""
        return access.caller(self.database, self.cookie(request), request)

    def cookie(self, request: Request) -> str | None:
        """The name of the session's cookie where sessions count, which is by two names and never in the open.

        Browsers share cookies among ports: each server has its own name. They take one that begins with `__Host-`
        over TLS alone, and from nobody but this host.
        """
        name = f"shipway-{self.names.port}"
        return {"pages": name, "tls": f"__Host-{name}"}.get(self.way(request))
