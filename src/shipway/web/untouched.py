"""What a run that did not get through left as it was, and what it did not."""

from __future__ import annotations

from shipway.web.journey import Journey
from shipway.web.words import listed


def untouched(now: Journey) -> list[str]:
    """Sentences without their full stop; none where every environment was reached."""
    rest = [name for name in now.run.deliver if name not in now.unneeded and not _done(now, name)]
    if not rest:
        return []
    before = [name for name in rest if name not in now.stuck]
    said = [f"{listed(before)} {'was' if len(before) == 1 else 'were'} left as before"] if before else []
    ran = [name for name in rest if name in now.released]
    if ran:
        said.append(f"the release command had run in {listed(ran)}: what it did to the data there stays")
        said.append(f"`shipway data --env {ran[0]}` has the copy made before it")
    return said


def _done(now: Journey, environment: str) -> bool:
    return environment in now.deployments and now.deployments[environment].state == "done"
