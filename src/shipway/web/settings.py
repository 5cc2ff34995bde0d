"""What rules an application: its shipway.yml line by line, and what this server keeps of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.config import described, yaml
from shipway.config.described import Described
from shipway.config.positions import Positions
from shipway.errors import ShipwayError
from shipway.project import FILE, Project
from shipway.pushes.git import Git
from shipway.state import applications, runs
from shipway.state.database import Connection
from shipway.story import order
from shipway.web.site import Site


@dataclass(frozen=True)
class Ruled:
    """The settings that count, as the default branch has them at `commit`; `written` if there is a shipway.yml."""

    commit: str
    written: bool
    settings: Sequence[Described]


def read(site: Site, conn: Connection, application: str) -> Ruled | None:
    """What the default branch says; nothing before a push of it could be read. Asks git."""
    project = order.default_project(conn, site.places, application)
    commit = _commit(site, conn, application)
    if project is None or commit is None:
        return None
    text = _text(site, application, commit)
    written, positions = ({}, Positions()) if text is None else yaml.load(text, FILE)
    about = described.Text(written, positions, project.model_dump(mode="json"))
    return Ruled(commit, text is not None, described.described(Project.schema(), about))


def branches(site: Site, application: str) -> list[str]:
    """The branches that were pushed."""
    refs = Git(site.places.repository(application)).refs()
    return sorted(ref.removeprefix("refs/heads/") for ref in refs if ref.startswith("refs/heads/"))


def _commit(site: Site, conn: Connection, application: str) -> str | None:
    branch = applications.get(conn, application).default_branch
    run = runs.newest_read(conn, application, branch)
    if run is not None:
        return run.commit
    return Git(site.places.repository(application)).resolve(f"refs/heads/{branch}")


def _text(site: Site, application: str, commit: str) -> bytes | None:
    """The file itself; none where the application was recognised by its files, or the commit is gone."""
    try:
        return Git(site.places.repository(application)).read(commit, FILE)
    except ShipwayError:
        return None
