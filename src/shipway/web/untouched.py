"""What a run that did not get through left as it was, and what it did not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shipway.incidents.letter import listed
from shipway.signals.verdict import FAILED
from shipway.state import settings
from shipway.state.facts import Fact
from shipway.state.settings import Setting
from shipway.web.journey import Journey
from shipway.web.purposes import is_configuration
from shipway.web.words import clock


def untouched(now: Journey) -> list[str]:
    """Sentences without their full stop; none where every environment was reached."""
    rest = [name for name in now.run.deliver if name not in now.unneeded and not _done(now, name)]
    if not rest:
        return []
    whole = [name for name in rest if name not in now.stuck and name not in now.half]
    tried = [name for name in whole if _was_tried(now, name)]
    before = [name for name in whole if name not in tried]
    said = [half_undone(name, left) for name, left in now.half.items()]
    said += [_back(now, name) for name in tried]
    said += [f"{listed(before)} {'was' if len(before) == 1 else 'were'} left as before"] if before else []
    ran = [name for name in rest if name in now.released]
    if ran:
        said.append(f"the release command had run in {listed(ran)}: what it did to the data there stays")
        said.append(f"`shipway data --env {ran[0]}` has the copy made before it")
    return said


def half_undone(environment: str, left: Mapping[str, int]) -> str:
    """What stands where undoing a deployment stopped half way, and what to do."""
    shares = [
        f"{number} has {'all' if share == 100 else f'{share} % of the'} requests" for number, share in left.items()
    ]
    return (
        f"{environment} was put back only in part: {listed(shares) if shares else 'no release has requests'}; "
        f"`shipway ps --env {environment}` shows what runs, and the next deployment there puts the rest right"
    )


def _was_tried(now: Journey, environment: str) -> bool:
    """Whether what came had a share of the requests there."""
    return any(fact.environment == environment and fact.data.get("share") for fact in now.trials)


def _back(now: Journey, environment: str) -> str:
    """What was tried is taken back, and how many requests it failed, as far as the judge has counted them."""
    if now.deployments[environment].state != "failed":
        return f"which release has the requests of {environment} is not known"
    return f"what served in {environment} before has all requests again{_lost(now, environment)}"


def _lost(now: Journey, environment: str) -> str:
    """How many requests it failed until when; what is sent while it has a larger share counts for nothing."""
    here = [fact for fact in now.trials if fact.environment == environment]
    worst = max(here, key=_failed, default=None)
    if worst is None or not (many := _failed(worst)):
        return ""
    requests = f"{many:,} request{'' if many == 1 else 's'} to the new one"
    if any(fact.data["share"] > worst.data["share"] for fact in here):
        return f"; at least {requests} failed: what came while its share was larger is not counted"
    return f"; {requests} had failed by {clock(worst.at)}"


def _failed(verdict: Fact) -> int:
    """Counted at all shares; one verdict after the other counts on."""
    counted = (one for one in verdict.data.get("findings") or () if one.get("what") == FAILED)
    return sum(int(one.get("new_count") or 0) for one in counted)


def stays_set(now: Journey) -> list[str]:
    """That what was set comes again though the old values serve: a release was bad with it, or never came."""
    said = [still_set(changed, environment) for environment, changed in now.blamed.items()]
    left = [name for name in now.run.deliver if not _done(now, name) and name not in now.blamed]
    if is_configuration(now.run) and now.run.state == "failed" and left:
        said.append(f"what was set stays set, and comes with the next deployment to {listed(left)}")
    return said


def still_set(changed: Sequence[Setting], environment: str) -> str:
    """The same of what was set otherwise in one environment, which is something."""
    names, one = listed([each.name for each in changed]), len(changed) == 1
    comes = f"{names} {'comes' if one else 'come'} with the next deployment to {environment}"
    typed = listed([f"`{each}`" for each in settings.commands(changed, environment)])
    return f"what was set stays set, and {comes}; as before: {typed}"


def _done(now: Journey, environment: str) -> bool:
    return environment in now.deployments and now.deployments[environment].state == "done"
