"""What a run that did not get through left as it was, and what it did not."""

from __future__ import annotations

from collections.abc import Sequence

from shipway.state import settings
from shipway.state.settings import Setting
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


def stays_set(now: Journey) -> list[str]:
    """That what was set, with which a release was bad, comes again though the old values serve."""
    return [still_set(changed, environment) for environment, changed in now.blamed.items()]


def still_set(changed: Sequence[Setting], environment: str) -> str:
    """The same of what was set otherwise in one environment, which is something."""
    names, one = listed([each.name for each in changed]), len(changed) == 1
    comes = f"{names} {'comes' if one else 'come'} with the next deployment to {environment}"
    typed = listed([f"`{each}`" for each in settings.commands(changed, environment)])
    return f"what was set stays set, and {comes}; as before: {typed}"


def _done(now: Journey, environment: str) -> bool:
    return environment in now.deployments and now.deployments[environment].state == "done"
