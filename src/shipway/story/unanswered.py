"""That a question which came with a commit was not known in the environments before either, and did not stop it
there: in what all requests move to at once, no share is held for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from shipway.incidents.letter import listed
from shipway.signals.questions import results
from shipway.state import artifacts, facts
from shipway.state.database import Connection
from shipway.state.releases import Release
from shipway.story.cast import Cast, project_of


def before(cast: Cast, release: Release, asked: Collection[str]) -> str:
    """In a sentence with a space after it; empty where no unknown answer to one of `asked` is on record."""
    with cast.database.read() as conn:
        there = list(_unknown(conn, release, asked))
    if not there:
        return ""
    them = "it" if len(asked) == 1 else "them"
    known = f"In {listed(there)} nothing was known of {them} either"
    return f"{known}: all requests move there at once, so nothing is held. "


def _unknown(conn: Connection, release: Release, asked: Collection[str]) -> Iterator[str]:
    project = project_of(artifacts.of_release(conn, release))
    names = [each.name for each in project.environments]
    for name in names[: names.index(release.environment)]:
        app, commit = release.application, release.commit
        told = facts.after(conn, 0, application=app, environment=name, commit=commit, kinds=results.TOLD)
        newest = {one.data["probe"]: one.kind for one in told}
        if project.strategy_in(name) != "canary" and "probe.unknown" in {newest.get(one) for one in asked}:
            yield name
