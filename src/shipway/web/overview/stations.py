"""The stops on the way of an application's newest commit: the commit, its run, and each environment."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shipway.state.deployments import Deployment
from shipway.state.stuck import Stuck
from shipway.web.journey import Journey
from shipway.web.overview import fates
from shipway.web.overview.places import Coming, Place
from shipway.web.words import lasting, length, phase


@dataclass(frozen=True)
class Station:
    """One stop on the way: `state` gives shape and colour, `reached` whether the way to it is behind us, `address`
    where a click leads."""

    name: str
    state: str
    about: str
    mono: bool = False
    reached: bool = True
    moving: bool = False
    address: str | None = None


def first_two(head: Journey, subject: str, *, quarantined: bool = False) -> tuple[Station, Station]:
    """The commit and its run."""
    run = head.run
    about = {
        "queued": "waits for its turn",
        "running": _busy(head),
        "passed": f"{'' if run.state == 'passed' else 'steps '}passed in {length(_tested(head))}",
        "blocked": "blocked",
        "failed": "failed" if not head.failed_steps else f"{head.failed_steps[0].name} failed",
    }.get(_pipeline_state(head), run.state)
    commit = Station(
        run.commit[:7],
        "quarantined" if quarantined else "passed",
        subject,
        mono=True,
        address=f"/applications/{run.application}/commits/{run.commit[:10]}",
    )
    address = f"/runs/{run.application}:{run.number}"
    return commit, Station(f"run {run.number}", _icon(_pipeline_state(head)), about, address=address)


def _pipeline_state(head: Journey) -> str:
    """How the steps fared, whatever became of the deployments."""
    if head.run.state in ("running", "failed") and (head.deployments or head.unneeded):
        return "passed"
    if head.blocked is not None:
        return "passed" if head.steps else "blocked"
    return head.run.state


def _busy(head: Journey) -> str:
    names = [step.name for step in head.steps.values() if step.state == "running"]
    names += [one.title for one in head.rehearsals if one.ended is None]
    return ", ".join(names) or "under way"


def _tested(head: Journey) -> float:
    ended = [step.ended for step in head.steps.values() if step.ended is not None]
    return max(ended) - head.run.created if ended else head.seconds or 0.0


def _icon(state: str) -> str:
    return state if state in ("queued", "running", "passed", "failed", "blocked") else "draining"


def at_place(head: Journey, place: Place, now: float, *, waits: bool, own: bool = True) -> Station:
    """An environment, with what serves there and whether the commit has come to it, or `waits` before it; one that
    is not its `own` serves and gets what others bring.
    """
    address = f"/applications/{head.run.application}/environments/{place.name}"
    if not own:
        return Station(place.name, "queued", _serves(place, now), reached=False, address=address)
    return replace(_at_place(head, place, now, waits=waits), address=address)


def _at_place(head: Journey, place: Place, now: float, *, waits: bool) -> Station:
    deployment, reached = head.deployments.get(place.name), fates.reached(head, place)
    if deployment is not None and not deployment.over:
        return _moving(head, place, phase(deployment.phase))
    if place.coming is not None:
        return Station(place.name, "serving", _beside(place, place.coming), reached=reached, moving=True)
    if place.stuck is not None:
        return Station(place.name, "blocked", _both(place.stuck), reached=reached)
    if deployment is not None and _is_undone(head, place, deployment):
        return Station(place.name, _undone(head, place), _serves(place, now))
    if place.release is None:
        return Station(place.name, "queued", "nothing yet", reached=reached)
    return _at_rest(place, now, reached=reached, waits=waits)


def _at_rest(place: Place, now: float, *, reached: bool, waits: bool) -> Station:
    """Where something serves and nothing moves."""
    if waits:
        return Station(place.name, "blocked", _serves(place, now), reached=False)
    if place.held(now) is not None:
        return Station(place.name, "frozen", _serves(place, now), reached=reached)
    if place.rolled_back and place.release is not None:
        return Station(place.name, "rolled", f"back on {place.release.commit[:7]}", reached=reached)
    if place.taken is not None:
        return Station(place.name, "draining", _serves(place, now), reached=reached)
    return Station(place.name, "serving", _serves(place, now), reached=reached)


def _beside(place: Place, coming: Coming) -> str:
    """What comes there by another run, with what each has of the requests."""
    if not coming.share or place.release is None:
        return phase(coming.deployment.phase)
    new, old = coming.release, place.release
    names = f"r{new.number}", f"r{old.number}"
    new_name, old_name = names if new.commit == old.commit else (new.commit[:7], old.commit[:7])
    return f"{new_name} {coming.share} %, {old_name} {100 - coming.share} %"


def _both(left: Stuck) -> str:
    """The two commits, with what each has of the requests."""
    frozen = f"{left.release.commit[:7]} {left.state}"
    if left.before is None or left.share == 100:
        return frozen
    return f"{frozen}, {left.before.commit[:7]} {100 - left.share} %"


def _is_undone(head: Journey, place: Place, deployment: Deployment) -> bool:
    """Another run may have brought it there since."""
    return deployment.state == "unknown" or (deployment.state != "done" and not fates.is_there(head, place))


def _undone(head: Journey, place: Place) -> str:
    if head.deployments[place.name].state == "unknown":
        return "unknown"
    return "rolled" if fates.taken_back(head) is not None and place.release is not None else "failed"


def _moving(head: Journey, place: Place, words: str) -> Station:
    tried = fates.tried(head)
    if tried is not None and tried.environment == place.name and place.release is not None:
        share, commit = tried.share, head.run.commit[:7]
        words = f"{commit} {share} %, {place.release.commit[:7]} {100 - share} %"
    return Station(place.name, "queued" if place.release is None else "serving", words, moving=True)


def _serves(place: Place, now: float) -> str:
    if place.release is None or place.serving is None:
        return "nothing serves"
    return f"{place.release.commit[:7]} for {lasting(place.serving.since, now)}"
