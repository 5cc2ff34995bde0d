"""What every answer may use."""

from __future__ import annotations

from dataclasses import dataclass

import jinja2

from shipway.config.places import Places
from shipway.state.database import Database
from shipway.story.acts import Story
from shipway.web.commits import Commits
from shipway.web.files import Files
from shipway.web.pulse import Pulse


@dataclass(frozen=True)
class Site:
    """The record to read, the story to act through, and what pages are made of. `port` is the server's own."""

    database: Database
    places: Places
    story: Story
    port: int
    proxy_port: int
    pulse: Pulse
    files: Files
    commits: Commits
    templates: jinja2.Environment

    @property
    def address(self) -> str:
        """Where this server answers, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def cookie(self) -> str:
        """The name of the session's cookie. Browsers share cookies among ports: each server has its own name."""
        return f"shipway-{self.port}"
