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
from shipway.web import access, names
from shipway.web.access import Caller
from shipway.web.checkup import Checkup
from shipway.web.commits import Commits
from shipway.web.endpoints import Endpoint
from shipway.web.feeds import Feeds
from shipway.web.files import Files
from shipway.web.log_feeds import LogFeeds
from shipway.web.log_searches import Searches
from shipway.web.news import News
from shipway.web.overview.hours import Hours
from shipway.web.overview.standings import Board
from shipway.web.pulse import Pulse


@dataclass(frozen=True)
class Site:
    """The record to read, the story to act through, and what pages are made of. `port` is the server's own."""

    database: Database
    places: Places
    story: Story
    port: int
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
        return f"http://127.0.0.1:{self.port}"

    @property
    def pages(self) -> str:
        """Where it shows its pages to browsers, without a slash at the end."""
        return f"http://{names.pages(self.port)}"

    def is_at_pages(self, request: Request) -> bool:
        """Whether the request came by the name of the pages, under which alone there are sessions."""
        return request.headers.get("host", "").lower() == names.pages(self.port)

    def caller(self, request: Request) -> Caller | None:
        """Who sent the request, or nobody."""
        counts = self.is_at_pages(request) and not self.is_in_the_open(request)
        return access.caller(self.database, self.cookie if counts else None, request)

    def is_in_the_open(self, request: Request) -> bool:
        """Whether it came from another machine without TLS, as far as a proxy on this one told."""
        client = request.client
        return client is not None and names.in_the_open(client.host, request.url.scheme)

    @property
    def cookie(self) -> str:
        """The name of the session's cookie. Browsers share cookies among ports: each server has its own name."""
        return f"shipway-{self.port}"
